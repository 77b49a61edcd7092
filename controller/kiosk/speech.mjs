// SPDX-License-Identifier: Apache-2.0
// What the kiosk says, as a list of clips: the build makes one sound file for each clip, the page plays them one after the other. Pure: a catalogue
// and a screen in, names out; the page, the build and the tests share it.
//
// A text is cut at its placeholders: "Deur {door} is open" is the clips "open.title-0", the door's name, "open.title-1". What stands for a
// placeholder is said from the common clips: n.0 to n.99 (numbers), l.A to l.Z (letters); a telephone number and a reference digit by digit.
// The key "say.<key>" of a catalogue replaces "<key>" for the ear; "say.<key>" without "<key>" is only said. A line whose placeholder has no
// value (a door that is not known) is left out.

export const LANGUAGES = ['nl', 'en', 'tr', 'ar', 'pl', 'uk']; // the order of enum language: the digits of the screen "languages"

// Screens on which somebody may be stuck: they show the telephone number and the reference, whatever their words are.
export const STUCK = ['refused', 'wait', 'ask', 'doors', 'jam', 'help', 'reported', 'out-of-service'];
const CONTACT = ['telephone', 'reference'];

// Only looked at: nobody says a button, a colour, or the names of the languages.
const SILENT = /^(direction$|(button|tone|scan|entry|hint)\.)|\.key\.|^more\.button$|^languages\.\d$/;
const LINES = [1, 2, 3, 4];
const HAS_WORDS = /[\p{L}\p{N}]/u;
const PLACEHOLDER = /\{(\w+)\}/;

// ---------------------------------------------------------------- values of a screen

// Long waits are told in minutes.
const IN_MINUTES = 100;
export function values(s) {
  return { ...s, minutes: Math.ceil((s.seconds ?? 0) / 60) };
}

// The key of the waiting time on this screen, or ''.
export function secondsKey(t, s) {
  if (!s.seconds) return '';
  for (const key of s.seconds >= IN_MINUTES ? [`${s.screen}.minutes`, `${s.screen}.seconds`] : [`${s.screen}.seconds`]) if (t[key]) return key;
  return '';
}

// The lines below the heading, as keys: those whose values are known.
export function lines(t, s) {
  const v = values(s);
  // Each language names itself there; what is said is how to choose.
  const keys = s.screen === 'languages' ? ['languages.hint'] : LINES.map((n) => `${s.screen}.${n}`);
  return keys.filter((key) => said(t, key) && [...said(t, key).matchAll(/\{(\w+)\}/g)].every(([, name]) => v[name] !== '' && v[name] !== undefined));
}

const isOfStaff = (s) => s.screen.startsWith('staff-');

// How to get more time on this screen, as a key: where OK goes on, opens or sends something, it is REPEAT.
const OK_ACTS = ['refused', 'jam', 'next', 'remote'];
export const moreKey = (s) => (OK_ACTS.includes(s.screen) || isOfStaff(s) ? 'more.repeat' : 'more.text');

// Row and column in words ("onderste rij, tweede van links"), as keys of the catalogue with their number; [] without a place.
export function place(s) {
  if (!s.row || !s.rows) return [];
  const parts = [];
  if (s.rows > 1) parts.push(s.row === 1 ? { key: 'row.top' } : s.row === s.rows ? { key: 'row.bottom' } : { key: 'row.middle', n: s.row });
  const fromRight = s.columns - s.column + 1;
  const left = s.column <= fromRight;
  const n = left ? s.column : fromRight;
  if (s.columns > 1) parts.push(n === 1 ? { key: left ? 'column.left' : 'column.right' } : { key: left ? 'column.from_left' : 'column.from_right', n });
  return parts;
}

// Does this screen lead to a door?
export function leadsToDoor(t, s) {
  return Boolean(s.door) && ['title', ...LINES].some((part) => (t[`${s.screen}.${part}`] ?? '').includes('{door}'));
}

// The numbers of digits at which a code is read: 3-3-4, a birthday 2-2.
export function groupSizes(s) {
  if (s.entry_cap === 10) return [3, 3, 4];
  if (s.entry_cap === 4 && s.screen === 'birthday') return [2, 2];
  if (s.screen === 'staff-pin') return [4, s.entry_cap - 4]; // most have four
  return [s.entry_cap];
}

// ---------------------------------------------------------------- clips

const split = (text) => text.split(/(\{\w+\})/).filter((part) => PLACEHOLDER.test(part) || HAS_WORDS.test(part));
const said = (t, key) => t[`say.${key}`] ?? t[key];

// The parts of a text: { clip, text } or { value: name }.
function parts(t, key) {
  const text = said(t, key);
  if (!text) return [];
  const list = split(text);
  const several = list.length > 1;
  let n = 0;
  return list.map((part) => {
    const name = PLACEHOLDER.exec(part)?.[1];
    return name ? { value: name } : { clip: several ? `${key}-${n++}` : key, text: part.trim() };
  });
}

const digits = (text) => [...String(text)].filter((c) => c >= '0' && c <= '9').map((c) => `n.${c}`);

function number(value) {
  return value <= 99 ? [`n.${Number(value)}`] : digits(value);
}

// "A12": letter, number.
function doorName(name) {
  return [...String(name).toUpperCase().matchAll(/[A-Z]|[0-9]+/g)].flatMap(([part]) => (/[A-Z]/.test(part) ? [`l.${part}`] : number(part)));
}

function valueClips(t, name, v) {
  const value = v[name];
  if (value === undefined || value === '') return [];
  if (name === 'door') return doorName(value);
  if (CONTACT.includes(name)) return digits(value);
  if (name === 'n') return t[`nth.${value}`] ? [`nth.${value}`] : number(value);
  return Number.isInteger(Number(value)) ? number(value) : [];
}

function clips(t, key, v) {
  return parts(t, key).flatMap((part) => (part.clip ? [part.clip] : valueClips(t, part.value, v)));
}

// {clip: text} of everything that a catalogue can be made to say.
export function clipsOf(t) {
  const out = {};
  const keys = new Set(Object.keys(t).flatMap((key) => (key.startsWith('say.') ? [key.slice(4)] : SILENT.test(key) ? [] : [key])));
  for (const key of keys) for (const part of parts(t, key)) if (part.clip) out[part.clip] = part.text;
  for (let n = 0; n <= 99; n++) out[`n.${n}`] ??= String(n);
  for (let c = 65; c <= 90; c++) out[`l.${String.fromCharCode(c)}`] ??= String.fromCharCode(c);
  return out;
}

// ---------------------------------------------------------------- what is said

const notice = (s) => (s.notice && s.notice !== 'none' ? [`notice.${s.notice}`] : []);
const contact = (s) => (STUCK.includes(s.screen) ? CONTACT.filter((name) => s[name]) : []);

// All that this screen says: a notice, the heading with the door and its place, what to do, whom to call.
export function speech(t, s) {
  const v = values(s);
  const seconds = secondsKey(t, s);
  return [
    ...[...notice(s), `${s.screen}.title`].flatMap((key) => clips(t, key, v)),
    ...(leadsToDoor(t, s) ? place(s).flatMap(({ key, n }) => clips(t, key, { n })) : []),
    ...(s.bags > 0 ? clips(t, 'bag.count', v) : []),
    ...[...lines(t, s), ...(seconds ? [seconds] : []), ...contact(s), ...(s.more ? [moreKey(s)] : [])].flatMap((key) => clips(t, key, v)),
  ];
}

// Typed digits are told by their count where a group ends; by themselves only while the person has them shown.
function typed(t, s, before) {
  if (s.entry_len < before.entry_len) return clips(t, 'cleared', values(s)); // hides the digits too
  if (s.show !== before.show) return clips(t, s.show ? 'show' : 'hide', values(s));
  if (s.entry_len === before.entry_len) return [];
  const added = s.show && s.digits ? digits(s.digits.slice(before.entry_len)) : [];
  let at = 0;
  const end = groupSizes(s).map((size) => (at += size)).findLast((n) => n > before.entry_len && n <= s.entry_len);
  return [...added, ...(end && !added.length ? clips(t, `group.${end}`, values(s)) : [])];
}

const SAME = ['screen', 'language', 'door', 'bag', 'step'];

// What is new on this screen since the one before; undefined: nothing, whatever is being said may go on. An empty list: be silent. A locker where
// nobody stands says nothing: the first screen speaks only when a key asks it to, to tell what went wrong, or that staff has been signed out.
export function news(t, s, before) {
  if (!before) return undefined;
  if (s.said > before.said) return speech(t, s);
  if (SAME.some((name) => s[name] !== before[name])) {
    if (s.entry_len > 1 && before.screen === 'start') return typed(t, s, { ...s, entry_len: 0 }); // who types that fast knows what to type
    if (s.screen !== 'start' || (s.language !== before.language && before.screen === 'start')) return speech(t, s);
    if (before.screen === 'languages' || (s.notice && s.notice !== 'none')) return speech(t, s);
    return isOfStaff(before) ? clips(t, 'left', values(s)) : [];
  }
  const fresh = [];
  if (s.notice !== before.notice) fresh.push(...notice(s).flatMap((key) => clips(t, key, values(s))));
  if (s.entry_cap) fresh.push(...typed(t, s, before));
  if (s.more && !before.more) fresh.push(...clips(t, moreKey(s), values(s)));
  return fresh.length || s.entry_len !== before.entry_len ? fresh : undefined;
}
