// SPDX-License-Identifier: Apache-2.0
// The kiosk's catalogues: the same keys in every language, a text for every screen and notice that the controller can show.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const read = (file) => readFileSync(path.join(root, file), 'utf8');
const nl = JSON.parse(read('controller/kiosk/nl.json'));
const en = JSON.parse(read('controller/kiosk/en.json'));
const names = (prefix) => [...read('controller/screen.c').matchAll(new RegExp(`\\[${prefix}_\\w+\\] = "([a-z-]+)"`, 'g'))].map((m) => m[1]);

test('both languages have the same keys', () => assert.deepEqual(Object.keys(en), Object.keys(nl)));

test('every screen has a title', () => {
  const screens = names('SCREEN').filter((n) => nl[`${n}.title`] || !['none', 'nl', 'en'].includes(n));
  for (const n of [...read('controller/screen.c').matchAll(/\[SCREEN_(?!NOTICE|SOUND)\w+\] = "([a-z-]+)"/g)].map((m) => m[1]))
    if (!['nl', 'en'].includes(n)) assert.ok(nl[`${n}.title`], `no title for screen ${n}`);
  assert.ok(screens.length > 20);
});

test('every notice has a text', () => {
  for (const n of names('SCREEN_NOTICE')) if (n !== 'none') assert.ok(nl[`notice.${n}`], `no text for notice ${n}`);
});

test('sentences are short', () => {
  for (const catalogue of [nl, en])
    for (const [key, text] of Object.entries(catalogue))
      for (const sentence of text.split(/[.?!]/))
        assert.ok(sentence.trim().split(/\s+/).length <= 12, `${key}: ${sentence.trim()}`);
});

// One word for one thing, at the door, on paper and on the pages of staff. Each line: what is not said, and what is said for it.
const SAID = [
  [/\bbadge/i, 'pas'], [/\b(brief|brieven|slip)\b/i, 'papier'], [/\b(locker|automaat|kastje)/i, 'kluis'], [/\b(tas|tasje|pakket|zakje)\b/i, 'zak'],
  [/\b(luik|deurtje|vakje|klep)\b/i, 'deur of vak'], [/\b(elektronica|printplaat|relais)\b/i, 'besturing'], [/\b(etiket|sticker)/i, 'label'],
  [/\b(geneesmiddel|medicatie)/i, 'medicijn'], [/\b(afhaal|toegangs|ophaal)code/i, 'code'], [/\b(order|opdrachtnummer)\b/i, 'bestelling'], [/\bpin\b/i, 'pincode'],
  [/\bgeboortemaand\b/i, 'geboortedag: eerst de dag, dan de maand'], [/\b(derhalve|indien|reeds|middels|dient|gelieve|alsmede|teneinde)\b/i, 'a word of every day'],
];

test('the same thing has the same word in every Dutch text', () => {
  for (const file of ['controller/kiosk/nl.json', 'backend/web/nl.json'])
    for (const [key, text] of Object.entries(JSON.parse(read(file))))
      for (const [word, instead] of SAID) assert.ok(!word.test(text), `${file}: ${key}: "${text}": say ${instead}`);
});

// The system sends nothing to patients: no text may promise it.
test('no text promises a message to the patient', () => {
  for (const file of ['controller/kiosk/nl.json', 'controller/kiosk/en.json', 'backend/web/nl.json', 'backend/web/en.json'])
    for (const [key, text] of Object.entries(JSON.parse(read(file))))
      assert.ok(!/krijgt? (een )?(bericht|sms|mail)|\b(sms|e-?mail|whatsapp)\b|will be told|(get|receive)s? a message|will (call|text|mail) (you|the patient)/i.test(text), `${file}: ${key}: ${text}`);
});

test('the pages and prints of the hub have the same keys in every language', () => {
  assert.deepEqual(Object.keys(JSON.parse(read('backend/web/en.json'))), Object.keys(JSON.parse(read('backend/web/nl.json'))));
});

test('slips have the same words in every language', () => {
  const keys = (code) => Object.keys(JSON.parse(read(`backend/web/slip.${code}.json`)));
  for (const code of ['en', 'tr', 'ar', 'pl', 'uk']) assert.deepEqual(keys(code), keys('nl'), code);
});

test('the help code on slips is the help key of the locker', () => {
  const list = read('controller/event.h').match(/enum event_key \{([^}]*)\}/)[1].replace(/\/\*.*?\*\//gs, '');
  const number = Number(read('backend/slip.h').match(/#define SLIP_KEY_HELP (\d+)/)[1]);
  assert.equal(list.split(',')[number].trim(), 'EVENT_KEY_HELP');
});
