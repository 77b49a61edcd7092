// SPDX-License-Identifier: Apache-2.0
// What the kiosk says: every text becomes clips that the build makes, in every language, for every screen of the controller.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LANGUAGES, STUCK, clipsOf, news, speech } from '../../controller/kiosk/speech.mjs';

const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const read = (file) => readFileSync(path.join(root, file), 'utf8');
const catalogues = Object.fromEntries(LANGUAGES.map((l) => [l, JSON.parse(read(`controller/kiosk/${l}.json`))]));
const nl = catalogues.nl;
const ids = [...read('controller/screen.c').matchAll(/\[SCREEN_(?!NOTICE|SOUND)\w+\] = "([a-z-]+)"/g)].map((m) => m[1]);
const notices = [...read('controller/screen.c').matchAll(/\[SCREEN_NOTICE_\w+\] = "([a-z-]+)"/g)].map((m) => m[1]);

// The daemon refuses a catalogue with a key twice: JSON.parse would not see it.
test('no catalogue has a key twice', () => {
  for (const l of LANGUAGES) {
    const keys = [...read(`controller/kiosk/${l}.json`).matchAll(/^\s*"([^"]+)": /gm)].map((m) => m[1]);
    assert.deepEqual(keys.filter((k, i) => keys.indexOf(k) !== i), [], l);
  }
});

const screen = (more = {}) => ({
  screen: 'start', notice: 'none', language: 'nl', door: '', number: 0, row: 0, rows: 0, column: 0, columns: 0, step: 0, steps: 0, entry_len: 0,
  entry_cap: 0, show: false, digits: '', seconds: 0, more: false, bag: 0, bags: 0, reference: 0, telephone: '010-1234567', site: '', said: 0, ...more,
});
const DOOR = { door: 'A12', row: 4, rows: 4, column: 2, columns: 5 };
// As somebody hears it.
const heard = (list, t = nl) => list.map((clip) => clipsOf(t)[clip] ?? `?${clip}?`).join(' ');

test('the languages are those of the controller, in its order', () => {
  assert.deepEqual(LANGUAGES, [...read('common/language.c').matchAll(/\[LANGUAGE_\w+\] = "([a-z]{2})"/g)].map((m) => m[1]));
});

test('every screen and notice in every language is said with clips that exist and have words', () => {
  assert.ok(ids.length > 30 && notices.length > 30);
  for (const [language, t] of Object.entries(catalogues)) {
    const all = clipsOf(t);
    for (const id of ids)
      for (const notice of notices)
        for (const more of [DOOR, { seconds: 250 }, { seconds: 12, more: true, bag: 1, bags: 2, reference: 305 }]) {
          const list = speech(t, screen({ screen: id, notice, language, ...more }));
          assert.ok(list.length > 0, `${language} ${id}`);
          for (const clip of list) assert.match(all[clip] ?? '', /[\p{L}\p{N}]/u, `${language} ${id} ${notice}: ${clip}`);
        }
  }
});

test('no clip holds a placeholder, and its name is fit for a file', () => {
  for (const t of Object.values(catalogues))
    for (const [clip, text] of Object.entries(clipsOf(t))) {
      assert.match(clip, /^[A-Za-z0-9._-]{1,60}$/);
      assert.doesNotMatch(text, /[{}]/, clip);
    }
});

test('an open door is said first, with its place', () => {
  assert.equal(
    heard(speech(nl, screen({ screen: 'open', ...DOOR }))),
    `Uw deur is open. Het is deur A 12 onderste rij tweede van links Pak uw zak uit het vak. Sluit de deur. ${nl['open.3']}`,
  );
});

test('one row or one column needs no words', () => {
  const t = { 'open.title': 'Deur {door}', 'row.top': 'rij', 'column.left': 'links' };
  assert.deepEqual(speech(t, screen({ screen: 'open', door: '7', row: 1, rows: 1, column: 1, columns: 1 })), ['open.title-0', 'n.7']);
});

test('telephone and reference are said digit by digit', () => {
  const text = heard(speech(nl, screen({ screen: 'ask', reference: 305 })));
  assert.ok(text.includes('0 1 0 1 2 3 4 5 6 7'), text);
  assert.ok(text.includes('3 0 5'), text);
});

test('where somebody may be stuck, the telephone is always said', () => {
  for (const id of STUCK) assert.ok(speech(nl, screen({ screen: id })).join(' ').endsWith('telephone-0 n.0 n.1 n.0 n.1 n.2 n.3 n.4 n.5 n.6 n.7'), id);
});

test('a text for the ear replaces the one for the eye', () => {
  const t = { 'x.title': 'zie {door}', 'say.x.title': 'hoor' };
  assert.deepEqual(speech(t, screen({ screen: 'x' })), ['x.title']);
  assert.equal(clipsOf(t)['x.title'], 'hoor');
});

test('a line about a door that is not known is left out', () => {
  assert.ok(heard(speech(nl, screen({ screen: 'doors', ...DOOR }))).includes('A 12'));
  assert.ok(!heard(speech(nl, screen({ screen: 'doors' }))).includes('Sluit eerst'));
});

test('how to choose a language is said in that language', () => {
  for (const [language, t] of Object.entries(catalogues)) assert.deepEqual(speech(t, screen({ screen: 'languages', language })), ['languages.title', 'languages.hint']);
});

test('long waits are said in minutes', () => {
  assert.ok(heard(speech(nl, screen({ screen: 'wait', seconds: 250 }))).includes('nog 5 minuten'));
  assert.ok(heard(speech(nl, screen({ screen: 'wait', seconds: 45 }))).includes('nog 45 seconden'));
});

const code = (entry_len, more = {}) => screen({ screen: 'code', entry_cap: 10, entry_len, ...more });

test('typed digits are told by their count at the end of a group only', () => {
  for (const [from, to, text] of [[0, 1, ''], [1, 2, ''], [2, 3, '3 cijfers'], [3, 4, ''], [5, 6, '6 cijfers'], [2, 5, '3 cijfers'], [1, 7, '6 cijfers'], [6, 0, 'Gewist.']])
    assert.equal(heard(news(nl, code(to), code(from))), text, `${from} to ${to}`);
});

test('who types fast hears the digits counted, not what to type', () => {
  assert.equal(heard(news(nl, code(3), screen())), '3 cijfers');
  assert.deepEqual(news(nl, code(1), screen()), speech(nl, code(1)));
});

test('typed digits are never said unless they are shown', () => {
  assert.equal(heard(news(nl, code(4, { digits: '1234' }), code(3, { digits: '123' }))), '');
  assert.equal(heard(news(nl, code(4, { show: true, digits: '1234' }), code(3, { show: true, digits: '123' }))), '4');
  assert.equal(heard(news(nl, code(3, { show: true, digits: '123' }), code(3))), nl['say.show']);
  assert.equal(heard(news(nl, code(0), code(3, { show: true, digits: '123' }))), nl['say.cleared']);
});

test('a birthday is told after day and month', () => {
  const birthday = (entry_len) => screen({ screen: 'birthday', entry_cap: 4, entry_len });
  assert.equal(heard(news(nl, birthday(2), birthday(1))), '2 cijfers');
});

test('a second that passes says nothing and interrupts nothing', () => {
  assert.equal(news(nl, screen({ screen: 'wait', seconds: 11 }), screen({ screen: 'wait', seconds: 12 })), undefined);
});

test('the end of the time is told once', () => {
  const more = (seconds) => screen({ screen: 'jam', seconds, more: true });
  assert.equal(heard(news(nl, more(20), screen({ screen: 'jam' }))), nl['say.more.repeat']);
  assert.equal(news(nl, more(19), more(20)), undefined);
});

test('a locker where nobody stands is silent, until the key for it is pressed', () => {
  assert.equal(news(nl, screen(), undefined), undefined);
  assert.deepEqual(news(nl, screen(), screen({ screen: 'done' })), []);
  assert.deepEqual(news(nl, screen({ said: 1 }), screen()), speech(nl, screen()));
  assert.ok(heard(news(nl, screen({ notice: 'bad-scan' }), screen({ screen: 'code' }))).startsWith(nl['notice.bad-scan']));
});

test('another language is heard at once, also on the first screen', () => {
  const tr = catalogues.tr;
  assert.deepEqual(news(tr, screen({ language: 'tr' }), screen()), speech(tr, screen({ language: 'tr' })));
  assert.deepEqual(news(tr, screen({ screen: 'languages', language: 'tr' }), screen({ screen: 'languages' })), speech(tr, screen({ screen: 'languages' })));
});

test('the next bag and its door are said', () => {
  const text = heard(speech(nl, screen({ screen: 'next', bag: 2, bags: 3, ...DOOR })));
  assert.ok(text.includes('Zak 2 van 3') && text.includes('deur A 12'), text);
});
