// SPDX-License-Identifier: Apache-2.0
// The page at the door: shows and says what GET /screen tells, posts keys (POST /key) and scans (POST /scan). It decides nothing and keeps
// nothing. Everything on it can be done by touch, by the keys of a keyboard or keypad, and with the screen off: see speech.mjs and player.mjs.
//
// The address may hold ?rate=1.3 (speech faster or slower than it was made, 0.5 to 4) and ?scan (a field to type a scan, for trying out).
import { LANGUAGES, STUCK, clipsOf, groupSizes, lines, leadsToDoor, moreKey, news, place, secondsKey, speech, values } from './speech.mjs';
import { PICTURES, picture } from './picture.mjs';
import { Player } from './player.mjs';

const RETRY_MS = 1000; // between two tries to reach the daemon
const WAIT_MS = 30000; // longest answer: the daemon answers within 20 s
const PRESSED_MS = 160; // how long a key looks pressed
const TICK_MS = { opening: 700, open: 700, close: 400, 'staff-load-open': 900, 'staff-inspect-open': 900, 'staff-test-open': 900 };
const WARN_S = 20; // the bar of the time is full at this many seconds
const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', 'clear', '0', 'ok', 'show'];
const TYPED = ['start', 'staff-menu']; // digits begin here though none is there yet
const NO_MAP = ['remote']; // a door is named, but nobody goes there yet
// The way of a patient, as four pictures.
const WAY = ['code', 'door', 'take', 'close'];
const AT = { start: 1, code: 1, birthday: 1, checking: 1, refused: 1, wait: 1, opening: 2, jam: 2, next: 2, remote: 2, open: 3, close: 4, done: 5 };

const options = new URLSearchParams(location.search);
const el = (id) => document.getElementById(id);
const texts = {}; // catalogues, by language
const pad = {};
let etag = '';
let last = null; // the screen that is shown
let t = {}; // its catalogue
let choosing = 0; // the language that a button of the first screen asked for

const player = new Player({ rate: Math.min(4, Math.max(0.5, Number(options.get('rate')) || 1)), onChange: () => hint() });

// ---------------------------------------------------------------- small parts

function make(tag, { text, ...more } = {}, ...children) {
  const node = Object.assign(document.createElement(tag), more);
  if (text !== undefined) node.textContent = text;
  node.append(...children.filter(Boolean));
  return node;
}

function text(id, value) {
  const node = el(id);
  const now = value ?? '';
  if (node.textContent !== now) node.textContent = now;
  node.hidden = !now;
}

// Replaces what is in a node only when it is something else, so that no button is lost under a finger.
function fill(id, of, ...children) {
  const node = el(id);
  const now = JSON.stringify(of);
  if (node.dataset.of === now) return;
  node.dataset.of = now;
  node.replaceChildren(...children.flat().filter(Boolean));
}

// "{door}" in a text becomes the member of that name; digits to call or tell stand apart, and from left to right in every language.
const plain = (key, v) => (t[key] ?? '').replace(/\{(\w+)\}/g, (_, name) => v[name] ?? '');
function marked(key, v) {
  return (t[key] ?? '').split(/\{(\w+)\}/).map((part, i) => (i % 2 ? make('bdi', { text: String(v[part] ?? ''), dir: 'ltr' }) : part));
}

const KEY_LABEL = { ok: 'button.ok', clear: 'button.clear', help: 'button.help', repeat: 'button.repeat', language: 'button.language' };
// A key as it looks on the keypad beside the screen.
const cap = (key) => make('span', { className: `cap cap-${key}`, text: t[KEY_LABEL[key]] ?? key });

function drawn(name) {
  if (name?.startsWith('key:')) return cap(name.slice(4));
  return name ? picture(name) : undefined;
}

// ---------------------------------------------------------------- the parts of the screen

function showMessage(s, v) {
  const pictures = PICTURES[s.screen] ?? [];
  text('notice', s.notice && s.notice !== 'none' ? plain(`notice.${s.notice}`, v) : '');
  fill('picture', pictures[0], drawn(pictures[0]));
  text('title', plain(`${s.screen}.title`, v));
  text('place', leadsToDoor(t, s) ? place(s).map(({ key, n }) => plain(key, { n: t[`nth.${n}`] ?? n })).join(s.language === 'ar' ? '، ' : ', ') : '');
  text('bag', s.bags ? plain('bag.count', v) : s.screen === 'jam' && s.steps ? plain('step', { ...v, n: s.step }) : '');
  // A line about a key that is a button of this screen is that button.
  const drawing = (key) => pictures[s.screen === 'languages' ? 1 : Number(key.split('.').pop())];
  const keys = lines(t, s).filter((key) => !drawing(key)?.startsWith('key:') || !t[`${s.screen}.key.${drawing(key).slice(4)}`]);
  fill('lines', [s.language, ...keys.map((key) => plain(key, v))], ...keys.map((key) =>
    make('li', {}, make('span', { className: 'pic' }, drawn(drawing(key))), make('span', {}, ...marked(key, v)))));
  el('lines').hidden = keys.length === 0;
  const seconds = secondsKey(t, s);
  text('seconds', seconds ? plain(seconds, v) : '');
}

function showContact(s, v) {
  const stuck = STUCK.includes(s.screen);
  el('contact').hidden = !(stuck && (s.telephone || s.reference));
  for (const name of ['telephone', 'reference']) {
    el(name).hidden = !(stuck && s[name]);
    fill(name, [s.language, s[name]], ...marked(name, v));
  }
}

// One big button for each key that means something on this screen alone.
function choicesOf(s) {
  if (s.screen === 'languages') return LANGUAGES.map((l, i) => [String(i + 1), t[`languages.${i + 1}`], l]);
  return ['1', '2', '3', 'ok', 'clear', 'help'].filter((key) => t[`${s.screen}.key.${key}`]).map((key) => [key, plain(`${s.screen}.key.${key}`, values(s))]);
}

function showChoices(s) {
  const choices = choicesOf(s);
  fill('choices', [s.screen, s.language, choices], ...choices.map(([key, label, language]) => {
    const b = make('button', { type: 'button' }, cap(key), make('span', { text: label, ...(language && { lang: language, dir: 'auto' }) }));
    b.dataset.key = key;
    if (language) b.setAttribute('aria-pressed', String(language === s.language));
    return b;
  }));
  el('choices').hidden = choices.length === 0;
  // Who cannot read the first screen finds the own language on it.
  const others = s.screen === 'start';
  fill('languages', [others, s.language], ...(others ? LANGUAGES : []).map((l, i) => {
    const b = make('button', { type: 'button', text: t[`languages.${i + 1}`] ?? l, lang: l });
    b.dataset.choose = String(i + 1);
    b.setAttribute('aria-pressed', String(l === s.language));
    return b;
  }));
  el('languages').hidden = !others;
}

// Typed digits as patients see codes: 3-3-4, or day and month: 2-2. Dots, unless the person wants to see them.
function showEntry(s, v) {
  const typing = s.entry_cap > 0 || TYPED.includes(s.screen);
  el('entry').hidden = !typing;
  el('pad').hidden = !typing;
  let at = 0;
  const slots = (s.entry_cap ? groupSizes(s) : []).map((size) =>
    make('span', { className: 'group' }, ...Array.from({ length: size }, () => {
      const digit = at < s.entry_len ? (s.digits ? s.digits[at] : '●') : '';
      return make('span', { className: at++ < s.entry_len ? 'slot full' : 'slot', text: digit });
    })));
  fill('digits', [s.entry_cap, s.entry_len, s.digits, s.screen], ...slots);
  el('digits').hidden = slots.length === 0;
  el('digits').setAttribute('aria-label', s.entry_cap ? plain('entry.count', v) : '');
  for (const key of ['ok', 'clear']) pad[key].textContent = t[`button.${key}`] ?? key;
  const show = t[s.show ? 'button.hide' : 'button.show'] ?? '';
  if (pad.show.title !== show) pad.show.replaceChildren(drawn(s.show ? 'hide' : 'look'), make('span', { text: show }));
  pad.show.title = show;
  pad.show.hidden = s.entry_cap === 0;
  el('scan').hidden = !options.has('scan');
  text('scan-label', t['scan.label']);
}

function showMap(s) {
  const on = Boolean(s.doors?.length && s.door && s.row) && leadsToDoor(t, s) && !NO_MAP.includes(s.screen);
  el('map').hidden = !on;
  if (!on) return fill('map', 'none');
  el('map').style.setProperty('--columns', s.columns);
  el('map').classList.toggle('many', s.columns > 6);
  fill('map', [s.door, s.doors.length], ...s.doors.map((d) => {
    const cell = make('div', { text: d.name, className: d.name === s.door ? 'here' : '' });
    cell.style.gridRow = d.row;
    cell.style.gridColumn = d.column;
    return cell;
  }));
}

function showTime(s, v) {
  el('time').hidden = !s.more;
  text('left', s.more ? plain(moreKey(s), v) : '');
  text('more', t['more.button']);
  // Where OK means something else, REPEAT gives the time.
  el('more').dataset.key = moreKey(s) === 'more.text' ? 'ok' : 'repeat';
  el('bar').firstElementChild.style.inlineSize = `${Math.min(100, (100 * s.seconds) / WARN_S)}%`;
}

function showSteps(s) {
  const at = AT[s.screen] ?? 0;
  fill('steps', at, ...(at ? WAY : []).map((name, i) => make('li', { className: i + 1 < at ? 'past' : i + 1 === at ? 'now' : '' }, drawn(i + 1 < at ? 'check' : name))));
}

function showAlways(s) {
  for (const [id, name] of [['repeat', 'speaker'], ['language', 'globe'], ['help', 'help']])
    fill(id, t[`button.${id}`], drawn(name), make('span', { text: t[`button.${id}`] ?? id }));
  text('site', s.site);
}

function hint() {
  text('sound-hint', last?.speech && !player.allowed ? t['hint.sound'] : '');
}

async function catalogue(language) {
  texts[language] ??= await (await fetch(`${language}.json`)).json();
  return texts[language];
}

async function show(s) {
  t = await catalogue(s.language);
  const v = values(s);
  document.documentElement.lang = s.language;
  document.documentElement.dir = t.direction ?? 'ltr';
  document.title = plain(`${s.screen}.title`, v);
  Object.assign(document.body.dataset, { screen: s.screen, tone: t[`tone.${s.screen}`] ?? 'calm', typing: String(s.entry_cap > 0 || TYPED.includes(s.screen)) });
  showAlways(s);
  showSteps(s);
  showMessage(s, v);
  showContact(s, v);
  showChoices(s);
  showEntry(s, v);
  showMap(s);
  showTime(s, v);
}

// ---------------------------------------------------------------- sound

const side = (s) => (s.columns > 1 && s.column ? ((s.column - 1) / (s.columns - 1)) * 2 - 1 : 0);
let ownKeyAt = -Infinity; // when a key of this page was pressed: its tone was played at once

function sound(s, before) {
  const clips = news(t, s, before ?? undefined);
  const ready = s.speech ? [] : clipsOf(t);
  if (clips !== undefined) player.say(s.language, clips, s.speech ? clipsOf(t) : ready, !s.speech);
  const own = s.sound === 'key' && performance.now() - ownKeyAt < 1000;
  if (before && s.sounds > before.sounds && !own) player.tone(s.sound, s.sound === 'open' ? side(s) : 0);
  player.tick(TICK_MS[s.screen] ?? 0, side(s));
  player.buzz(Boolean(s.buzzer));
}

// ---------------------------------------------------------------- what the daemon tells

// Shown while the daemon is away, rather than an old screen.
const away = () => ({ ...(last ?? { language: 'nl', sounds: 0, said: 0 }), screen: 'out-of-service', notice: 'none', door: '', row: 0, entry_len: 0,
  entry_cap: 0, digits: '', show: false, seconds: 0, more: false, bag: 0, bags: 0, step: 0, steps: 0, reference: 0, buzzer: false });

async function take(s) {
  const before = last;
  await show(s);
  last = s;
  sound(s, before);
  hint();
  if (!before || before.language !== s.language) player.keep(s.language, s.speech ? speech(t, away()) : []);
  if (choosing && s.screen === 'languages') press(String(choosing));
  if (s.screen !== 'start') choosing = 0;
}

async function listen() {
  try {
    const r = await fetch(etag ? `screen?after=${encodeURIComponent(etag)}` : 'screen', { cache: 'no-store', signal: AbortSignal.timeout(WAIT_MS) });
    if (r.status === 200) {
      const s = await r.json();
      await take(s);
      etag = (r.headers.get('etag') ?? '').replaceAll('"', '');
    } else if (r.status !== 304) throw new Error(`${r.status}`);
    document.body.classList.remove('lost');
  } catch {
    etag = '';
    if (!document.body.classList.contains('lost')) await take(away()).catch(() => {});
    document.body.classList.add('lost');
    await new Promise((r) => setTimeout(r, RETRY_MS));
  }
}

// ---------------------------------------------------------------- keys and scans

// One request after the other: digits must arrive in the order in which they were typed. When the daemon is away, listen() says so.
let queue = Promise.resolve();
function post(path, body) {
  queue = queue
    .then(() => fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(WAIT_MS) }))
    .catch(() => {});
}
const press = (key) => post('key', { key });

// Heard and seen before anything is sent.
function feel(key) {
  ownKeyAt = performance.now();
  player.touched();
  player.tone('key');
  for (const b of document.querySelectorAll(`[data-key="${key}"]`)) {
    b.classList.add('pressed');
    setTimeout(() => b.classList.remove('pressed'), PRESSED_MS);
  }
}

for (const key of KEYS) {
  pad[key] = make('button', { type: 'button', text: key });
  pad[key].dataset.key = key;
  el('pad').append(pad[key]);
}
document.addEventListener('pointerdown', (e) => {
  const key = e.target.closest?.('[data-key]')?.dataset.key;
  player.touched();
  if (key) feel(key);
});
// A touched button does not keep the focus: Enter after it is OK, not that button again.
document.addEventListener('mousedown', (e) => e.target.closest?.('button') && e.preventDefault());
document.addEventListener('click', (e) => {
  const b = e.target.closest?.('[data-key], [data-choose]');
  if (b?.dataset.choose) {
    choosing = Number(b.dataset.choose);
    press('language');
  } else if (b) {
    if (e.detail === 0) feel(b.dataset.key); // by the keyboard
    press(b.dataset.key);
  }
});

// The keys of a keypad, as the daemon takes them from its own; Tab is the browser's. A scanner of the keyboard type types a long hex text at
// once and then Enter; a person types digit by digit. So keys are sent a moment later, when it is clear which of the two it was.
const NAMED = { Enter: 'ok', '#': 'ok', Backspace: 'clear', Escape: 'clear', Delete: 'clear', '.': 'clear', F1: 'help', Help: 'help', '/': 'help', '*': 'help',
  F2: 'language', '+': 'language', F3: 'show', F4: 'repeat', '-': 'repeat' };
const GAP_MS = 40;
const SCAN_GAP_MS = 500; // once a letter came, it is a scanner, which may be slow
const SCAN = /^4D[0-9A-F]{6,}$/i; // what all papers and cards begin with; nobody types it
const isLetter = (key) => /^[A-Fa-f]$/.test(key);
let burst = [];
let burstTimer = 0;
function flush() {
  clearTimeout(burstTimer);
  const hex = burst.filter((key) => key.length === 1).join('');
  if (SCAN.test(hex)) post('scan', { text: hex.toUpperCase() });
  else if (!burst.some(isLetter)) burst.forEach(press);
  burst = [];
}
document.addEventListener('keydown', (e) => {
  if (e.target === el('scan-text') || e.ctrlKey || e.altKey || e.metaKey || e.repeat) return;
  if ((e.key === 'Enter' || e.key === ' ') && e.target.tagName === 'BUTTON' && !burst.length) return; // a click of that button
  const key = NAMED[e.key] ?? (/^[0-9A-Fa-f]$/.test(e.key) ? e.key : null);
  if (!key) return;
  e.preventDefault();
  if (!burst.length && !isLetter(key)) feel(key);
  burst.push(key);
  clearTimeout(burstTimer);
  const scanned = burst.some(isLetter);
  if (scanned && key === 'ok') flush();
  else burstTimer = setTimeout(flush, scanned ? SCAN_GAP_MS : GAP_MS);
});
el('scan').addEventListener('submit', (e) => {
  e.preventDefault();
  const value = el('scan-text').value.trim();
  el('scan-text').value = '';
  if (value) post('scan', { text: value });
});
document.addEventListener('contextmenu', (e) => e.preventDefault()); // a long touch

for (;;) await listen();
