// SPDX-License-Identifier: Apache-2.0
// The rules of the texts find what they are there to find, and nothing in the texts as they are.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT, kiosk, known, mentioned } from './catalogues.mjs';
import { complete, hubWords, kioskWords, lacking, messages, sameKeys, sentences, transcripts, twice, untranslated, words } from './rules.mjs';

const controller = known();
const nl = () => JSON.parse(kiosk()[0].text);
const KNOWN = { ids: ['x'], notices: ['n'], members: ['door'], onlySaid: ['cleared'], ofPatients: ['n'], languages: ['nl'] };
const FINE = { direction: 'ltr', 'x.title': 'Kijk.', 'x.1': 'Druk op OK.', 'notice.n': 'Goed.' };
const finds = (list, pattern) => assert.match(list.join('\n'), pattern);

test('the texts as they are pass', () => execFileSync(process.execPath, [path.join(ROOT, 'tests/words/lint.mjs')], { stdio: 'pipe' }));

test('the tables of the controller are read', () => {
  assert.ok(controller.ids.length > 30 && controller.ids.includes('staff-load-open'));
  assert.ok(controller.notices.length > 30 && controller.notices.includes('wrong-door'));
  for (const name of ['door', 'seconds', 'entry_len', 'bag', 'bags', 'reference', 'telephone']) assert.ok(controller.members.includes(name), name);
  assert.deepEqual(controller.languages, ['nl', 'en', 'tr', 'ar', 'pl', 'uk']);
});

test('a key that one language lacks or has alone is found', () => {
  assert.deepEqual(sameKeys({ a: 'x' }, { a: 'y', b: 'z' }), ['b: is missing']);
  assert.deepEqual(sameKeys({ a: 'x', b: 'z' }, { a: 'y' }), ['b: no other language has it']);
  assert.deepEqual(twice('{\n  "a": "1",\n  "b": "2",\n  "a": "3"\n}'), ['a: is there twice']);
});

test('an empty text, other placeholders, a broken placeholder and lost spaces are found', () => {
  finds(sameKeys({ a: ' ' }, { a: 'y' }), /empty/);
  finds(sameKeys({ a: '{door}' }, { a: '{bag}' }), /\{door\} where the other language has \{bag\}/);
  finds(sameKeys({ a: '{door' }, { a: 'y' }), /brace/);
  finds(sameKeys({ a: 'y ' }, { a: 'y' }), /spaces/);
});

test('a screen or notice without words is found, and words without a screen', () => {
  assert.deepEqual(complete(FINE, KNOWN), []);
  finds(complete({ ...FINE, 'x.title': '' }, KNOWN), /x.title: the screen has no title/);
  finds(complete(FINE, { ...KNOWN, notices: ['n', 'm'] }), /notice.m/);
  finds(complete({ ...FINE, 'y.1': 'Nee.' }, KNOWN), /there is no screen y/);
  finds(complete({ ...FINE, 'x.1': 'Deur {dor}.' }, KNOWN), /no screen has a \{dor\}/);
  finds(complete({ ...FINE, direction: 'up' }, KNOWN), /direction/);
  finds(complete({ ...FINE, 'say.x.2': 'Hoor.' }, KNOWN), /nobody says it/);
});

test('a key that a page or a program names must have a text', () => {
  assert.deepEqual(lacking(['page.a', 'page.b', 'page.nav.', 'page.c.'], { 'page.a': 'x', 'page.nav.board': 'y' }), [
    'page.b: is shown, but has no text', 'page.c.: is shown, but has no text',
  ]);
  const names = mentioned();
  assert.ok(names.hub.includes('page.login.name') && names.hub.includes('page.nav.') && names.hub.length > 100);
  assert.ok(names.prints.length > 10 && names.kiosk.length > 5);
});

test('a text that was never translated is found, a name or a key is not', () => {
  assert.deepEqual(untranslated({ 'x.1': 'Close the door.', 'x.2': 'OK', 'x.3': '{door}', 'tone.x': 'good', 'languages.2': 'English' },
    { 'x.1': 'Close the door.', 'x.2': 'OK', 'x.3': '{door}', 'tone.x': 'good', 'languages.2': 'English' }), ['x.1: "Close the door." is still English']);
});

test('sentences and words are counted as a reader does', () => {
  assert.deepEqual(sentences('Druk op OK. Dan gaat de deur open!'), ['Druk op OK', 'Dan gaat de deur open']);
  assert.equal(words('Sluit eerst deur {door}'), 4);
});

test('what is hard to read is found', () => {
  const dutch = (text) => kioskWords({ ...FINE, 'x.1': text }, 'nl', KNOWN);
  assert.deepEqual(dutch('Druk op OK.'), []);
  finds(dutch('Retourneer de zak.'), /terugbrengen/);
  finds(dutch('Uw medicatie ligt klaar.'), /medicijnen/);
  finds(dutch('Bel indien nodig.'), /say als/);
  finds(dutch('Uw code wordt nu gecontroleerd.'), /who does it/);
  finds(dutch('Het is 5 % te laat.'), /percentages/);
  finds(dutch('Druk op jouw scherm.'), /u, uw/);
  finds(dutch('Sluit de DEUR.'), /capitals/);
  finds(dutch('Neem uw persoonlijkheidsdocument mee.'), /long word/);
  finds(dutch('Een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien.'), /16 words/);
  finds(dutch('U krijgt een bericht.'), /nobody sends it/);
  finds(dutch('Pak de tas.'), /say zak/);
  finds(kioskWords({ ...FINE, 'x.1': 'Your code was not accepted.' }, 'en', KNOWN), /who does it/);
  finds(kioskWords({ ...FINE, 'x.4': 'Druk op Wis.' }, 'nl', KNOWN), /more than three lines/);
});

test('the mean of a screen is looked at besides each sentence', () => {
  const long = 'Een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien.';
  finds(kioskWords({ 'x.title': long, 'x.1': long }, 'nl', { ...KNOWN, notices: [] }), /on average/);
});

test('papers of patients are held to the rules of the kiosk, pages of staff are not', () => {
  finds(hubWords({ 'slip.keep': 'Bewaar uw medicatie.' }, 'nl'), /medicijnen/);
  assert.deepEqual(hubWords({ 'page.x': 'Annuleer, en bevestig daarna de verificatie.' }, 'nl'), []);
});

test('a screen that says four things is found', () => {
  const s = { screen: 'open', notice: 'none', language: 'nl', door: 'A3', row: 1, rows: 2, column: 1, columns: 2, telephone: '1', said: 0 };
  assert.deepEqual(messages(nl(), s), ['open.1', 'open.2', 'open.3']);
  finds(transcripts({ ...nl(), 'open.4': 'En nog iets.' }, 'nl', controller), /open: says 4 things/);
});

test('a screen without a way on that does not say whom to call is found', () => {
  finds(transcripts({ ...nl(), telephone: '', 'say.telephone': '' }, 'nl', controller), /does not say whom to call/);
});
