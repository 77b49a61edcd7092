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

test('a screen says at most three things', () => {
  for (const key of Object.keys(nl)) assert.ok(!/\.[4-9]$/.test(key) || key.startsWith('nth.'), key);
});
