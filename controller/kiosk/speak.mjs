// SPDX-License-Identifier: Apache-2.0
// Makes the speech of the kiosk: one sound file for each clip that speech.mjs finds in the catalogues, by espeak-ng and opusenc, or from a recorded
// voice. Run by `make assets`:  node controller/kiosk/speak.mjs OUT STORE
//   OUT/<language>.json         {clip: text}
//   OUT/<language>/<clip>.opus  mono, 24 kbit/s
//   STORE/<hash>.opus           everything ever made, by what it was made of: a text is spoken once, then linked
// Recordings: recordings/<language>/<clip>.wav or .opus with <clip>.txt, the words that were spoken; recordings/README.md says how.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LANGUAGES, clipsOf } from './speech.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const RECIPE = 2; // raise when the sound of the same text changes
const JOBS = 2;
const AT_ONCE = 40; // texts for one run of espeak-ng: starting it takes longer than speaking
const VOICES = { nl: 'nl', en: 'en-gb', tr: 'tr', ar: 'ar', pl: 'pl', uk: 'uk' };
const WORDS_PER_MINUTE = '140';
const WORD_GAP = '1'; // in 10 ms
const AMPLITUDE = '60'; // of 100: louder ones are cut off by espeak-ng itself
const KBITS = '24';
// What these voices would read as something else.
const SPOKEN = { nl: [[/\bOK\b/g, 'oké']], tr: [[/\bOK\b/g, 'okey']], ar: [[/\bOK\b/g, 'أوكي']], pl: [[/\bOK\b/g, 'okej']], uk: [[/\bOK\b/g, 'окей']] };

// ---------------------------------------------------------------- sound

// Silence after a clip: the breath of a full stop; digits one by one; less inside of a sentence.
const pauseMs = (clip, text) => (/[.?!؟]$/.test(text) ? 350 : /^(n|l)\./.test(clip) ? 120 : /,$/.test(text) ? 200 : 90);
const LOUD = 200; // of 32767: less is silence
const LEAD_MS = 15;

function run(program, args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out = [];
    let err = '';
    child.stdout.on('data', (d) => out.push(d));
    child.stderr.on('data', (d) => (err += d));
    child.on('error', (e) => reject(new Error(e.code === 'ENOENT' ? `${program} is not installed: run make deps` : `${program}: ${e.message}`)));
    child.on('close', (code) => (code === 0 ? resolve(Buffer.concat(out)) : reject(new Error(`${program}: ${err.trim() || `exit ${code}`}`))));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

// espeak-ng gives 16 bit mono with a header of 44 bytes, whose length is not known yet.
const HEADER = 44;
const BREAK_MS = 1500; // between two texts; no text has half of it inside
const FULL_SCALE = 32768;
const dbfs = (db) => FULL_SCALE * 10 ** (db / 20);

// The texts apart: where nothing but zeros was said for long.
function apart(samples, rate) {
  const found = [];
  const long = (rate * BREAK_MS) / 1000 / 2;
  let from = -1;
  let zeros = 0;
  samples.forEach((s, i) => {
    zeros = s === 0 ? zeros + 1 : 0;
    if (s !== 0 && from < 0) from = i;
    if (from >= 0 && (zeros >= long || i + 1 === samples.length)) {
      found.push(samples.subarray(from, i + 1 - zeros));
      from = -1;
    }
  });
  return found;
}

// As loud as every other clip: the same mean power while something is said, unless the peak would come too near to full scale (Opus adds a
// little). Nothing is compressed; EBU R 128 has no value for a clip of half a second.
const MEAN_DBFS = -21;
const PEAK_DBFS = -3;
const WINDOW_MS = 20;
function level(samples, rate) {
  const size = Math.round((rate * WINDOW_MS) / 1000);
  let peak = 0;
  let power = 0;
  let count = 0;
  for (let i = 0; i < samples.length; i += size) {
    const window = samples.subarray(i, i + size);
    const sum = window.reduce((all, s) => all + s * s, 0);
    peak = window.reduce((most, s) => Math.max(most, Math.abs(s)), peak);
    if (Math.sqrt(sum / window.length) < LOUD) continue;
    power += sum;
    count += window.length;
  }
  const gain = Math.min(dbfs(MEAN_DBFS) / Math.sqrt(power / Math.max(1, count)), dbfs(PEAK_DBFS) / peak);
  return samples.map((s) => Math.round(s * gain));
}

// From the first to the last sound, with a breath behind it, as a WAV file.
function tidied(header, samples, ms) {
  const rate = header.readUInt32LE(24);
  let from = 0;
  let to = samples.length;
  while (from < to && Math.abs(samples[from]) < LOUD) from++;
  while (to > from && Math.abs(samples[to - 1]) < LOUD) to--;
  if (from === to) throw new Error('nothing can be heard');
  const lead = Math.round((rate * LEAD_MS) / 1000);
  const body = new Int16Array(lead + to - from + Math.round((rate * ms) / 1000));
  body.set(samples.subarray(from, to), lead);
  const head = Buffer.from(header);
  head.writeUInt32LE(36 + body.byteLength, 4);
  head.writeUInt32LE(body.byteLength, 40);
  return Buffer.concat([head, Buffer.from(body.buffer)]);
}

const XML = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const sentence = (text) => `<p>${text.replace(/[&<>]/g, (c) => XML[c])}</p><break time="${BREAK_MS}ms"/>`;

// What espeak-ng makes of these texts of one language: a WAV file for each.
async function say(language, list) {
  const args = ['-m', '-v', VOICES[language], '-s', WORDS_PER_MINUTE, '-g', WORD_GAP, '-a', AMPLITUDE, '-b', '1', '--stdin', '--stdout'];
  const wav = await run('espeak-ng', args, list.map(({ text }) => sentence(spoken(language, text))).join('\n'));
  const header = wav.subarray(0, HEADER);
  const rate = header.readUInt32LE(24);
  const samples = new Int16Array(wav.buffer.slice(wav.byteOffset + HEADER, wav.byteOffset + wav.length - (wav.length % 2)));
  const found = apart(samples, rate);
  if (found.length === list.length) return found.map((part, i) => tidied(header, level(part, rate), pauseMs(list[i].clip, list[i].text)));
  if (list.length === 1) throw new Error(`${language} ${list[0].clip} "${list[0].text}": ${found.length ? 'has too long a pause' : 'nothing can be heard'}`);
  const half = list.length >> 1;
  return [...(await say(language, list.slice(0, half))), ...(await say(language, list.slice(half)))];
}

const ENCODED = ['--quiet', '--bitrate', KBITS, '--speech', '--comp', '5', '--downmix-mono', '--padding', '0'];
const serialOf = (hash) => String(parseInt(hash.slice(0, 7), 16)); // of the stream: a random one would give other bytes each time
const encode = (wav, file, hash) => run('opusenc', [...ENCODED, '--serial', serialOf(hash), '-', file], wav);

const spoken = (language, text) => (SPOKEN[language] ?? []).reduce((t, [from, to]) => t.replace(from, to), text);

// Texts of one language. One shell starts the encoder for all of them: starting it from here costs more than encoding. Hashes need no quoting.
async function make(list, store, written) {
  const wavs = await say(list[0].language, list);
  const part = (hash) => path.join(store, `${hash}.${process.pid}`);
  for (const [i, { hash }] of list.entries()) writeFileSync(`${part(hash)}.wav`, wavs[i]);
  const script = 'cd "$0" && while read -r serial name; do opusenc "$@" --serial "$serial" "$name.wav" "$name" && rm "$name.wav" || exit 1; done';
  const todo = list.map(({ hash }) => `${serialOf(hash)} ${hash}.${process.pid}\n`).join('');
  await run('sh', ['-c', script, store, ...ENCODED], todo);
  for (const { hash } of list) renameSync(part(hash), path.join(store, `${hash}.opus`));
  written(list.length);
}

async function take({ language, clip, recording, hash }, store, written) {
  const file = path.join(store, `${hash}.opus`);
  const part = `${file}.${process.pid}`;
  if (recording.endsWith('.opus')) copyFileSync(recording, part);
  else await encode(readFileSync(recording), part, hash).catch((e) => Promise.reject(new Error(`${language} ${clip}: ${e.message}`)));
  renameSync(part, file);
  written(1);
}

// ---------------------------------------------------------------- recordings

// {clip: file}. Throws with every recording that does not say what the screen says now.
function recorded(folder, language, clips) {
  const dir = path.join(folder, language);
  const wrong = [];
  const found = {};
  for (const name of existsSync(dir) ? readdirSync(dir).sort() : []) {
    const [, clip, ext] = /^(.+)\.(wav|opus)$/.exec(name) ?? [];
    if (!clip) continue;
    const words = path.join(dir, `${clip}.txt`);
    const said = existsSync(words) ? readFileSync(words, 'utf8').trim() : undefined;
    if (!(clip in clips)) wrong.push(`${language}/${name}: no clip has this name`);
    else if (said === undefined) wrong.push(`${language}/${name}: ${clip}.txt with the words that were spoken is missing`);
    else if (said !== clips[clip]) wrong.push(`${language}/${name}: says "${said}", but the text is now "${clips[clip]}": record it again or remove it`);
    else if (found[clip]) wrong.push(`${language}/${name}: there is ${path.basename(found[clip])} too`);
    else found[clip] = path.join(dir, name);
  }
  if (wrong.length) throw new Error(wrong.map((w) => `recording ${w}`).join('\n'));
  return found;
}

// ---------------------------------------------------------------- all of it

const sha = (...parts) => createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32);
const sameFile = (a, b) => existsSync(b) && statSync(a).ino === statSync(b).ino;

function place(from, to) {
  if (sameFile(from, to)) return;
  rmSync(to, { force: true });
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to); // the store is on another disk
  }
}

function wanted({ language, catalogue, recordings }) {
  const clips = clipsOf(catalogue);
  const voices = recorded(recordings, language, clips);
  return Object.entries(clips).map(([clip, text]) => {
    const recording = voices[clip];
    const hash = recording
      ? sha(RECIPE, path.extname(recording), readFileSync(recording).toString('base64'))
      : sha(RECIPE, VOICES[language], WORDS_PER_MINUTE, WORD_GAP, AMPLITUDE, MEAN_DBFS, PEAK_DBFS, KBITS, pauseMs(clip, text), spoken(language, text));
    return { language, clip, text, recording, hash };
  });
}

function publish(out, language, list, store) {
  const dir = path.join(out, language);
  mkdirSync(dir, { recursive: true });
  const names = new Set(list.map(({ clip }) => `${clip}.opus`));
  for (const old of readdirSync(dir)) if (!names.has(old)) rmSync(path.join(dir, old));
  for (const { clip, hash } of list) place(path.join(store, `${hash}.opus`), path.join(dir, `${clip}.opus`));
  const file = path.join(out, `${language}.json`);
  const text = `${JSON.stringify(Object.fromEntries(list.map(({ clip, text: t }) => [clip, t])), null, 1)}\n`;
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
}

// catalogues: {language: catalogue}; tell: told how far it is. Gives how many clips there are and how many had to be made.
export async function speak({ catalogues, out, store, recordings = path.join(HERE, 'recordings'), tell = () => {} }) {
  mkdirSync(store, { recursive: true });
  const all = Object.entries(catalogues).flatMap(([language, catalogue]) => wanted({ language, catalogue, recordings }));
  const missing = [...new Map(all.filter(({ hash }) => !existsSync(path.join(store, `${hash}.opus`))).map((one) => [one.hash, one])).values()];
  let done = 0;
  const written = (n) => tell((done += n), missing.length);
  const work = missing.filter(({ recording }) => recording).map((one) => () => take(one, store, written));
  for (const language of Object.keys(catalogues)) {
    const list = missing.filter((one) => one.language === language && !one.recording);
    for (let i = 0; i < list.length; i += AT_ONCE) work.push(() => make(list.slice(i, i + AT_ONCE), store, written));
  }
  const worker = async () => {
    for (let job = work.shift(); job; job = work.shift()) await job();
  };
  await Promise.all(Array.from({ length: JOBS }, worker)).finally(() => work.splice(0));
  for (const language of Object.keys(catalogues)) publish(out, language, all.filter((one) => one.language === language), store);
  return { clips: all.length, made: missing.length };
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [out, store] = process.argv.slice(2);
  const catalogues = Object.fromEntries(LANGUAGES.map((l) => [l, JSON.parse(readFileSync(path.join(HERE, `${l}.json`), 'utf8'))]));
  const started = Date.now();
  const tell = (n, of) => {
    if (process.stdout.isTTY) process.stdout.write(`\r  SPEECH ${n} of ${of}${n === of ? '\n' : ''}`);
    else if (n === of || Math.floor(n / 250) > Math.floor((n - AT_ONCE) / 250)) console.log(`  SPEECH ${n} of ${of}`);
  };
  try {
    const { clips, made } = await speak({ catalogues, out, store, tell });
    if (made) console.log(`  SPEECH ${made} of ${clips} clips made in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  } catch (e) {
    console.error(e.message);
    process.exit(1);
  }
}
