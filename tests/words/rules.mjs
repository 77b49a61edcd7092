// SPDX-License-Identifier: Apache-2.0
// What is asked of the texts that people read and hear, as pure functions: a catalogue in, findings out ("file: key: why"). docs/words.md gives
// the reasons and the sources of the limits.
import { STUCK, speech } from '../../controller/kiosk/speech.mjs';

// Per screen of a patient: the title (unless it names the door), each line, the waiting time, and whom to call.
export const MESSAGES_MAX = 3;
// Where one chooses, the heading is the question and the choices are its answers.
export const CHOICES = ['report', 'languages'];
export const WORDS_MAX = 15; // per sentence
export const WORDS_MEAN_MAX = 12; // over the sentences of one screen
export const STAFF_WORDS_MAX = 24;
export const LETTERS_MAX = 16; // of one Dutch word on a screen of patients

const PLACEHOLDER = /\{(\w+)\}/g;
export const placeholders = (text) => [...text.matchAll(PLACEHOLDER)].map((m) => m[1]).sort();
export const sentences = (text) => text.split(/[.?!:;؟]+(?:\s|$)/).map((s) => s.trim()).filter((s) => /[\p{L}\p{N}]/u.test(s));
export const words = (sentence) => sentence.split(/\s+/).filter((w) => /[\p{L}\p{N}{]/u.test(w)).length;
const isScreenOfStaff = (id) => id.startsWith('staff-');

// ---------------------------------------------------------------- keys: these stop the build

// JSON.parse keeps the last of two members with one name.
export function twice(text) {
  const seen = new Set();
  return [...text.matchAll(/^\s*"([^"\\]+)"\s*:/gm)].map((m) => m[1]).filter((key) => seen.size === seen.add(key).size).map((key) => `${key}: is there twice`);
}

// name: of the file; base: the catalogue that is the measure. keep: keys whose values are of the language itself.
export function sameKeys(t, base) {
  const out = [];
  for (const key of Object.keys(base)) if (!(key in t)) out.push(`${key}: is missing`);
  for (const [key, text] of Object.entries(t)) {
    if (!(key in base)) out.push(`${key}: no other language has it`);
    else if (typeof text !== 'string' || !text.trim()) out.push(`${key}: is empty`);
    else if (`${placeholders(text)}` !== `${placeholders(base[key])}`) out.push(`${key}: {${placeholders(text)}} where the other language has {${placeholders(base[key])}}`);
    else if (/[{}]/.test(text.replace(PLACEHOLDER, ''))) out.push(`${key}: a brace that belongs to no placeholder`);
    else if (text !== text.trim() || /\s\s/.test(text)) out.push(`${key}: spaces that nobody wants`);
  }
  return out;
}

// known: {ids, notices, members} of the controller.
export function complete(t, known) {
  const out = [];
  for (const id of known.ids) {
    if (!t[`${id}.title`]) out.push(`${id}.title: the screen has no title`);
    if (!t[`${id}.1`] && !t[`${id}.seconds`]) out.push(`${id}.1: the screen does not say what to do`);
  }
  for (const notice of known.notices) if (notice !== 'none' && !t[`notice.${notice}`]) out.push(`notice.${notice}: the notice has no text`);
  for (const key of Object.keys(t)) {
    const [, first] = /^(?:say\.)?([a-z-]+)\.(?:title|\d|seconds|minutes)$/.exec(key) ?? [];
    if (first && !['group', 'nth'].includes(first) && !known.ids.includes(first)) out.push(`${key}: there is no screen ${first}`);
    if (key.startsWith('notice.') && !known.notices.includes(key.slice(7))) out.push(`${key}: there is no such notice`);
    if (key.startsWith('tone.') && !['good', 'attention', 'trouble'].includes(t[key])) out.push(`${key}: good, attention or trouble`);
    for (const name of placeholders(t[key])) if (!known.members.includes(name)) out.push(`${key}: no screen has a {${name}}`);
    if (key.startsWith('say.') && !(key.slice(4) in t) && !known.onlySaid.includes(key.slice(4))) out.push(`${key}: nobody says it`);
  }
  if (!['ltr', 'rtl'].includes(t.direction)) out.push('direction: ltr or rtl');
  return out;
}

// Texts of another language that were never translated. Dutch and English share words ("Scan"); the others do not share one of three letters.
export function untranslated(t, english) {
  const own = (key) => !/^(tone\.|direction$|languages\.\d$|language\.)/.test(key);
  return Object.entries(t).filter(([key, text]) => own(key) && text === english[key] && /\p{Ll}{3}/u.test(text.replace(PLACEHOLDER, ''))).map(([key, text]) => `${key}: "${text}" is still English`);
}

// Keys that a page or a program names, and no catalogue has. One that ends with a dot is the beginning of several.
export function lacking(keys, ...catalogues) {
  const known = catalogues.flatMap((t) => Object.keys(t)).map((key) => key.replace(/^say\./, ''));
  const fits = (key) => (key.endsWith('.') ? known.some((k) => k.startsWith(key)) : known.includes(key));
  return [...new Set(keys)].filter((key) => !fits(key)).map((key) => `${key}: is shown, but has no text`);
}

// ---------------------------------------------------------------- words

// [what is not written, what is written for it]
const DIFFICULT = {
  nl: [
    [/\bindien\b/i, 'als'], [/\bretour\w*/i, 'terugbrengen'], [/\b(authenticatie|identificatie|verificatie)\w*/i, 'wie u bent'],
    [/\b(geneesmiddel\w*|medicatie\w*|medicament\w*)/i, 'medicijnen'], [/\b(derhalve|reeds|middels|dient|dienen|gelieve|alsmede|teneinde|conform|aldus)\b/i, 'een gewoon woord'],
    [/\b(momenteel|thans|heden)\b/i, 'nu'], [/\b(deponeer|deponeren)\b/i, 'leggen'], [/\b(invoeren|intoetsen|(voer|toets)\b.*\bin)\b/i, 'typ'], [/\b(selecteer|selecteren)\b/i, 'kies'],
    [/\b(bevestig|bevestigen|activeer|activeren)\b/i, 'druk op OK'], [/\b(annuleer|annuleren)\b/i, 'stop'], [/\b(raadpleeg|raadplegen)\b/i, 'kijk in'], [/\b(ongeldig\w*|incorrect|onjuist\w*)/i, 'niet goed'],
    [/\b(locatie|positie)\b/i, 'plaats'], [/\b(contact opnemen|neem contact)\b/i, 'bel'], [/\b(aanvang\w*|aanvangen)\b/i, 'begin'], [/\b(beschikbaar|gereed)\b/i, 'klaar'], [/\b(verzoeken|verzocht)\b/i, 'vragen'],
    [/\b(compartiment|lade)\b/i, 'vak'], [/\b(ten behoeve van|met betrekking tot|in verband met|door middel van)\b/i, 'voor, over, door, met'], [/\b(o\.a\.|bijv\.|d\.m\.v\.|i\.v\.m\.|m\.b\.t\.|evt\.|z\.s\.m\.|t\.a\.v\.)/i, 'hele woorden'],
    [/\b(je|jij|jou|jouw)\b/i, 'u, uw'],
  ],
  en: [
    [/\b(medications?|medicaments?)\b/i, 'medicine'], [/\b(authenticat|verif|identif)\w+/i, 'check'], [/\b(retrieve|obtain)\b/i, 'collect, take'], [/\b(insert|deposit)\b/i, 'put in'], [/\b(utili[sz]e)\b/i, 'use'],
    [/\b(prior to|subsequently|thereafter)\b/i, 'before, then'], [/\b(terminate|abort|cancel)\b/i, 'stop'], [/\b(invalid|incorrect|erroneous)\b/i, 'not right'], [/\b(compartment)\b/i, 'door'], [/\b(proceed)\b/i, 'go on'],
    [/\b(select)\b/i, 'choose'], [/\b(confirm|activate)\b/i, 'press OK'], [/\b(assistance)\b/i, 'help'], [/\b(contact)\b/i, 'call'], [/\b(enter|input)\b/i, 'type'], [/\b(approximately)\b/i, 'about'], [/\b(e\.g\.|i\.e\.|etc\.)/i, 'whole words'],
  ],
};
// One word for one thing, at the door, on paper and on the pages of staff.
const ONE_WORD = {
  nl: [
    [/\bbadge/i, 'pas'], [/\bverzorger/i, 'mantelzorger'], [/\b(brief|brieven|slip)\b/i, 'papier'], [/\b(locker|automaat|kastje)/i, 'kluis'], [/\b(tas|tasje|pakket|zakje)\b/i, 'zak'],
    [/\b(luik|deurtje|vakje|klep)\b/i, 'deur of vak'], [/\b(elektronica|printplaat|relais)\b/i, 'besturing'], [/\b(etiket|sticker)/i, 'label'],
    [/\b(geneesmiddel|medicatie)/i, 'medicijn'], [/\b(afhaal|toegangs|ophaal)code/i, 'code'], [/\b(order|opdrachtnummer)\b/i, 'bestelling'], [/\bpin\b/i, 'pincode'],
    [/\bgeboortemaand\b/i, 'geboortedag: eerst de dag, dan de maand'], [/\b(derhalve|indien|reeds|middels|dient|gelieve|alsmede|teneinde)\b/i, 'a word of every day'],
  ],
  en: [],
};
// The system sends nothing to patients: no text may promise it.
const PROMISE = /krijgt? (een )?(bericht|sms|mail)|\b(sms|e-?mail|whatsapp)\b|will be told|(get|receive)s? a message|will (call|text|mail) (you|the patient)/i;
const PASSIVE = {
  nl: /\b(wordt|worden|werd|werden)\b(?=.*\b(\w*ge\w+(d|t|en)|ver\w+(d|t|en)|be\w+(d|t|en))\b)|\b(is|zijn)\b.*\bgeworden\b/i,
  en: /\b(is|are|was|were|be|been|being)\s+(not\s+|already\s+)?(\w+ed|taken|given|told|sent|shown|made|put|found|known|done to|seen|written|typed)\b/i,
};
const PERCENT = /%|\bprocent\b|\bpercent(age)?\b/i;
const SHOUTED = /\b\p{Lu}{3,}\b/u; // OK and PIN are names of keys and numbers
const ABBREVIATED = new Set(['PIN', 'PIN-код']);

const oneWord = (key, text, language) => ONE_WORD[language].filter(([word]) => word.test(text)).map(([, instead]) => `${key}: "${text}": say ${instead}`);

function plain(key, text, language) {
  const out = DIFFICULT[language].filter(([word]) => word.test(text)).map(([, instead]) => `${key}: "${text}": say ${instead}`);
  if (sentences(text).some((s) => PASSIVE[language].test(s))) out.push(`${key}: "${text}": say who does it`);
  if (PERCENT.test(text)) out.push(`${key}: "${text}": no percentages`);
  if (SHOUTED.test(text) && !ABBREVIATED.has(SHOUTED.exec(text)[0])) out.push(`${key}: "${text}": capitals are harder to read`);
  const long = language === 'nl' && text.split(/[^\p{L}]+/u).find((w) => w.length > LETTERS_MAX);
  if (long) out.push(`${key}: "${long}" is a long word`);
  return out;
}

function lengths(key, text, max) {
  const long = sentences(text).find((s) => words(s) > max);
  return long ? [`${key}: "${long}": ${words(long)} words, at most ${max}`] : [];
}

const textsOf = (t, id) => Object.entries(t).filter(([key]) => new RegExp(`^(say\\.)?${id}\\.(title|\\d|seconds|minutes)$`).test(key));
export const mean = (t, id) => {
  const all = textsOf(t, id).filter(([key]) => !key.startsWith('say.')).flatMap(([, text]) => sentences(text));
  return all.reduce((sum, s) => sum + words(s), 0) / Math.max(1, all.length);
};

// The Dutch and English texts of the kiosk.
export function kioskWords(t, language, known) {
  const out = [];
  for (const [key, text] of Object.entries(t)) {
    if (key.startsWith('tone.') || key === 'direction' || /^languages\.\d$/.test(key)) continue;
    const [, id] = /^(?:say\.)?([a-z-]+)\./.exec(key) ?? [];
    const staff = isScreenOfStaff(id ?? '') || (id === 'notice' && !known.ofPatients.includes(key.replace(/^(say\.)?notice\./, '')));
    out.push(...oneWord(key, text, language), ...lengths(key, text, WORDS_MAX));
    if (!staff) out.push(...plain(key, text, language));
    if (PROMISE.test(text)) out.push(`${key}: "${text}": nobody sends it`);
  }
  for (const id of known.ids) {
    const m = mean(t, id);
    if (m > WORDS_MEAN_MAX) out.push(`${id}: ${m.toFixed(1)} words in a sentence on average, at most ${WORDS_MEAN_MAX}`);
    if (Object.keys(t).some((key) => new RegExp(`^${id}\\.[4-9]$`).test(key)) && !CHOICES.includes(id)) out.push(`${id}: more than three lines`);
  }
  return out;
}

// Staff read these at a desk; what patients get on paper ("slip.", "card.", "trail.") as at the kiosk.
export function hubWords(t, language) {
  const out = [];
  for (const [key, text] of Object.entries(t)) {
    const paper = /^(slip|card|trail)\./.test(key);
    out.push(...oneWord(key, text, language), ...lengths(key, text, paper ? WORDS_MAX : STAFF_WORDS_MAX));
    if (paper) out.push(...plain(key, text, language));
    if (PROMISE.test(text)) out.push(`${key}: "${text}": nobody sends it`);
  }
  return out;
}

// ---------------------------------------------------------------- how much a screen says

// The texts that a list of clips comes from: "open.title-0" is "open.title".
const keysOf = (clips) => [...new Set(clips.map((clip) => clip.replace(/-\d+$/, '')))];
const IS_VALUE = /^(n\.\d+|l\.[A-Z])$/;
const IS_PLACE = /^(row|column|nth)\./;

// The messages of a screen as it is heard: the door (a title that names it, its place, which bag) is not counted, nor is the notice, which
// answers the last key and is said once; the telephone and the reference are one.
export function messages(t, s) {
  const door = (key) => IS_PLACE.test(key) || key === 'bag.count' || (key === `${s.screen}.title` && (t[key] ?? '').includes('{door}'));
  const keys = keysOf(speech(t, s)).filter((key) => !IS_VALUE.test(key) && !door(key) && !key.startsWith('notice.') && !key.startsWith('more.'));
  const counted = keys.map((key) => (key === 'reference' || key === 'telephone' ? 'call' : key));
  const choice = CHOICES.includes(s.screen);
  return [...new Set(choice ? counted.map((key) => (new RegExp(`^${s.screen}\\.(\\d|hint)$`).test(key) ? 'choices' : key)) : counted)];
}

const DOOR = { door: 'A3', number: 3, row: 4, rows: 4, column: 2, columns: 5 };
export function transcripts(t, language, known) {
  const out = [];
  for (const id of known.ids.filter((n) => !isScreenOfStaff(n)))
    for (const more of [{}, DOOR, { ...DOOR, seconds: 12, more: true, bag: 1, bags: 2, reference: 4711 }, { seconds: 250 }]) {
      const s = { screen: id, notice: 'none', language, door: '', seconds: 0, more: false, bag: 0, bags: 0, reference: 0, telephone: '0800 1234', said: 0, ...more };
      const list = messages(t, s);
      if (list.length > MESSAGES_MAX) out.push(`${id}: says ${list.length} things (${list.join(', ')}), at most ${MESSAGES_MAX}`);
      if (STUCK.includes(id) && !list.includes('call')) out.push(`${id}: does not say whom to call`);
    }
  return [...new Set(out)];
}
