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
const RECIPE = 1; // raise when the sound of the same text changes
const JOBS = 2;
const VOICES = { nl: 'nl', en: 'en-gb', tr: 'tr', ar: 'ar', pl: 'pl', uk: 'uk' };
const WORDS_PER_MINUTE = '140';
const WORD_GAP = '1'; // in 10 ms
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

// espeak-ng writes a header of 44 bytes with a length that is not known yet; its samples are 16 bit, mono.
function tidied(wav, ms) {
  const rate = wav.readUInt32LE(24);
  const samples = wav.subarray(44, wav.length - (wav.length % 2));
  let from = 0;
  let to = samples.length;
  while (from < to && Math.abs(samples.readInt16LE(from)) < LOUD) from += 2;
  while (to > from && Math.abs(samples.readInt16LE(to - 2)) < LOUD) to -= 2;
  if (from === to) throw new Error('nothing can be heard');
  const silence = (n) => Buffer.alloc(Math.round((rate * n) / 1000) * 2);
  const body = Buffer.concat([silence(LEAD_MS), samples.subarray(from, to), silence(ms)]);
  const header = Buffer.from(wav.subarray(0, 44));
  header.writeUInt32LE(36 + body.length, 4);
  header.writeUInt32LE(body.length, 40);
  return Buffer.concat([header, body]);
}

// The number of the stream comes from the hash, so that the same text gives the same bytes.
const encode = (wav, file, hash) =>
  run('opusenc', ['--quiet', '--bitrate', KBITS, '--speech', '--comp', '5', '--downmix-mono', '--padding', '0', '--serial', String(parseInt(hash.slice(0, 7), 16)), '-', file], wav);

const spoken = (language, text) => (SPOKEN[language] ?? []).reduce((t, [from, to]) => t.replace(from, to), text);

async function make({ language, clip, text, recording, hash }, file) {
  const part = `${file}.${process.pid}`;
  if (recording?.endsWith('.opus')) {
    copyFileSync(recording, part);
  } else if (recording) {
    await encode(readFileSync(recording), part, hash);
  } else {
    const args = ['-v', VOICES[language], '-s', WORDS_PER_MINUTE, '-g', WORD_GAP, '-b', '1', '--stdin', '--stdout'];
    const wav = await run('espeak-ng', args, spoken(language, text));
    await encode(tidied(wav, pauseMs(clip, text)), part, hash);
  }
  renameSync(part, file);
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
      : sha(RECIPE, VOICES[language], WORDS_PER_MINUTE, WORD_GAP, KBITS, pauseMs(clip, text), spoken(language, text));
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

// catalogues: {language: catalogue}; say: told how far it is. Gives how many clips there are and how many had to be made.
export async function speak({ catalogues, out, store, recordings = path.join(HERE, 'recordings'), say = () => {} }) {
  mkdirSync(store, { recursive: true });
  const all = Object.entries(catalogues).flatMap(([language, catalogue]) => wanted({ language, catalogue, recordings }));
  const missing = [...new Map(all.filter(({ hash }) => !existsSync(path.join(store, `${hash}.opus`))).map((one) => [one.hash, one])).values()];
  let next = 0;
  const worker = async () => {
    while (next < missing.length) {
      const one = missing[next++];
      await make(one, path.join(store, `${one.hash}.opus`)).catch((e) => {
        next = missing.length;
        throw new Error(`${one.language} ${one.clip} "${one.text}": ${e.message}`);
      });
      say(next, missing.length);
    }
  };
  await Promise.all(Array.from({ length: JOBS }, worker));
  for (const language of Object.keys(catalogues)) publish(out, language, all.filter((one) => one.language === language), store);
  return { clips: all.length, made: missing.length };
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [out, store] = process.argv.slice(2);
  const catalogues = Object.fromEntries(LANGUAGES.map((l) => [l, JSON.parse(readFileSync(path.join(HERE, `${l}.json`), 'utf8'))]));
  const started = Date.now();
  const say = (n, of) => {
    if (process.stdout.isTTY) process.stdout.write(`\r  SPEECH ${n} of ${of}${n === of ? '\n' : ''}`);
    else if (n === 1 || n === of || n % 250 === 0) console.log(`  SPEECH ${n} of ${of}`);
  };
  try {
    const { clips, made } = await speak({ catalogues, out, store, say });
    if (made) console.log(`  SPEECH ${made} of ${clips} clips made in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  } catch (e) {
    console.error(e.message);
    process.exit(1);
  }
}
