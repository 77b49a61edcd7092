// SPDX-License-Identifier: Apache-2.0
// Speech is made once for each text, follows the text when it changes, and a recorded voice wins unless it says something else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { speak } from '../../controller/kiosk/speak.mjs';
import { LANGUAGES } from '../../controller/kiosk/speech.mjs';

let dir;
before(() => (dir = mkdtempSync(path.join(tmpdir(), 'medlocker-speak-'))));
after(() => rmSync(dir, { recursive: true, force: true }));

const at = (...parts) => path.join(dir, ...parts);
// Numbers and letters are clips of every catalogue: given as words here, so that a test makes few sounds.
const SILENT = Object.fromEntries([...Array.from({ length: 100 }, (_, n) => `n.${n}`), ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((k) => [k.length === 1 ? `l.${k}` : k, 'een']));
const nl = (more) => ({ nl: { ...SILENT, 'open.title': 'Deur {door} is open.', 'open.1': 'Pak uw zak.', ...more } });
const make = (catalogues) => speak({ catalogues, out: at('out'), store: at('store'), recordings: at('recordings') });
const clip = (name) => at('out', 'nl', `${name}.opus`);
const bytes = (name) => readFileSync(clip(name));

test('every clip is made, as Opus, mono, with its text in the list', async () => {
  const { clips, made } = await make(nl());
  const list = JSON.parse(readFileSync(at('out', 'nl.json')));
  assert.deepEqual([list['open.title-0'], list['open.title-1'], list['open.1']], ['Deur', 'is open.', 'Pak uw zak.']);
  assert.equal(clips, Object.keys(list).length);
  assert.ok(made <= 6, `${made} sounds for 5 texts`); // "een" is spoken once, not 126 times
  const file = bytes('open.1');
  assert.equal(file.subarray(0, 4).toString(), 'OggS');
  const head = file.indexOf('OpusHead');
  assert.ok(head > 0);
  assert.equal(file[head + 9], 1, 'channels');
  assert.ok(statSync(clip('open.1')).size < 12000);
});

test('what was made is not made again', async () => {
  const before = bytes('open.1');
  assert.equal((await make(nl())).made, 0);
  assert.deepEqual(bytes('open.1'), before);
});

test('the same text gives the same bytes', async () => {
  const before = bytes('open.1');
  rmSync(at('store'), { recursive: true });
  assert.ok((await make(nl())).made > 0);
  assert.deepEqual(bytes('open.1'), before);
});

test('a changed text is made again, and only that', async () => {
  const before = bytes('open.1');
  assert.equal((await make(nl({ 'open.1': 'Neem uw zak mee.' }))).made, 1);
  assert.notDeepEqual(bytes('open.1'), before);
  assert.equal(JSON.parse(readFileSync(at('out', 'nl.json')))['open.1'], 'Neem uw zak mee.');
});

test('a clip that nobody says any more is gone', async () => {
  await make(nl({ 'open.2': 'Sluit de deur.' }));
  assert.ok(existsSync(clip('open.2')));
  await make(nl());
  assert.ok(!existsSync(clip('open.2')));
  assert.deepEqual(readdirSync(at('out', 'nl')).filter((f) => !f.endsWith('.opus')), []);
});

test('a recording wins over the machine', async () => {
  mkdirSync(at('recordings', 'nl'), { recursive: true });
  copyFileSync(clip('n.7'), at('recordings', 'nl', 'open.1.opus'));
  writeFileSync(at('recordings', 'nl', 'open.1.txt'), 'Pak uw zak.\n');
  await make(nl());
  assert.deepEqual(bytes('open.1'), bytes('n.7'));
});

test('a recording of other words is refused by name', async () => {
  await assert.rejects(make(nl({ 'open.1': 'Neem uw zak.' })), /recording nl\/open\.1\.opus: says "Pak uw zak\.", but the text is now "Neem uw zak\."/);
  rmSync(at('recordings', 'nl', 'open.1.txt'));
  await assert.rejects(make(nl()), /open\.1\.txt .* is missing/);
});

test('a recording of a clip that is not said is refused by name', async () => {
  copyFileSync(clip('n.7'), at('recordings', 'nl', 'lost.opus'));
  await assert.rejects(make(nl()), /nl\/lost\.opus: no clip has this name/);
});

// Peak and mean power while something is said, in dB below full scale, of what a player makes of the file.
function loudness(file) {
  const wav = execFileSync('opusdec', ['--quiet', '--force-wav', file, '-']);
  const samples = new Int16Array(wav.buffer.slice(wav.byteOffset + 44, wav.byteOffset + wav.length - (wav.length % 2)));
  const windows = Array.from({ length: Math.floor(samples.length / 960) }, (_, i) => samples.subarray(i * 960, (i + 1) * 960)); // 20 ms
  const powers = windows.map((w) => w.reduce((sum, s) => sum + s * s, 0) / w.length).filter((p) => p > 200 ** 2);
  const db = (value) => 20 * Math.log10(value / 32768);
  return { peak: db(samples.reduce((most, s) => Math.max(most, Math.abs(s)), 0)), mean: db(Math.sqrt(powers.reduce((sum, p) => sum + p, 0) / powers.length)) };
}

test('every clip of every language is as loud as the others, and none is cut off', async () => {
  const KEYS = ['open.title', 'open.1', 'start.title', 'refused.title', 'say.telephone', 'notice.typo', 'say.cleared'];
  const catalogues = Object.fromEntries(LANGUAGES.map((l) => {
    const t = JSON.parse(readFileSync(new URL(`../../controller/kiosk/${l}.json`, import.meta.url)));
    return [l, { ...SILENT, ...Object.fromEntries(KEYS.filter((key) => t[key]).map((key) => [key, t[key]])), 'n.3': '3', 'n.40': '40', 'l.A': 'A', 'l.S': 'S' }];
  }));
  rmSync(at('recordings'), { recursive: true, force: true });
  await make(catalogues);
  const wrong = [];
  for (const language of LANGUAGES)
    for (const name of ['open.title-0', 'open.1', 'start.title', 'refused.title', 'telephone-0', 'notice.typo', 'cleared', 'n.3', 'n.40', 'l.A', 'l.S']) {
      const file = at('out', language, `${name}.opus`);
      if (!existsSync(file)) continue; // a sentence that begins with its door
      const { peak, mean } = loudness(file);
      if (peak > -1 || mean < -26 || mean > -19) wrong.push(`${language} ${name}: peak ${peak.toFixed(1)}, mean ${mean.toFixed(1)} dBFS`);
    }
  assert.deepEqual(wrong, []);
});

test('a text of which nothing can be heard is told by name', async () => {
  // A voice that is silent: head and a second of zeros.
  mkdirSync(at('bin'));
  writeFileSync(at('bin', 'espeak-ng'), `#!/bin/sh\ncat >/dev/null\nexec head -c 44144 /dev/zero\n`, { mode: 0o755 });
  const { PATH } = process.env;
  process.env.PATH = `${at('bin')}:${PATH}`;
  await assert.rejects(make(nl({ 'open.1': 'Neem de zak.', 'open.2': 'Doe de deur dicht.' })), /nl open\.1 "Neem de zak\.": nothing can be heard/);
  process.env.PATH = PATH;
});
