// SPDX-License-Identifier: Apache-2.0
// Robots at the kiosk, each with the senses and hands that one person has. Keypad and scanner are the locker's own devices (FIFOs that carry
// what the kernel tells of them), the ears hear only what the page really played, the finger touches what it sees.
import assert from 'node:assert/strict';
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { LANGUAGES } from '../../controller/kiosk/speech.mjs';
import { PATIENCE_MS, ROOT, Stage, run, until } from '../stage/stage.mjs';
import { check, open } from './browser.mjs';

export const catalogue = (language) => JSON.parse(readFileSync(path.join(ROOT, `controller/kiosk/${language}.json`), 'utf8'));
// What is heard of a text up to its first number or door; the same, within an expression.
export const heard = (t, key) => (t[`say.${key}`] ?? t[key]).split(/\{\w+\}/)[0].trim();
const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
export const words = (t, key) => quoted(heard(t, key));
// A whole text with the door that it names: what stands between doors is said only where it has words.
const HAS_WORDS = /[\p{L}\p{N}]/u;
const withDoor = (t, key) => new RegExp((t[`say.${key}`] ?? t[key]).split(/(\{door\})/).filter((part) => HAS_WORDS.test(part))
  .map((part) => (part === '{door}' ? '([A-Z]) (\\d+)' : quoted(part.trim()))).join(' '));

// Numbers of the kernel's keys (input-event-codes.h).
const KEY = { ok: 28, clear: 14, help: 59, language: 60, show: 61, repeat: 62, A: 30, B: 48, C: 46, D: 32, E: 18, F: 33, Enter: 28 };
'1234567890'.split('').forEach((digit, i) => (KEY[digit] = i + 2));

// What the kernel tells when a key goes down, up, and that this is all.
function pressed(code) {
  const bytes = Buffer.alloc(4 * 24);
  [[1, code, 1], [0, 0, 0], [1, code, 0], [0, 0, 0]].forEach(([type, what, value], i) => {
    bytes.writeUInt16LE(type, i * 24 + 16);
    bytes.writeUInt16LE(what, i * 24 + 18);
    bytes.writeInt32LE(value, i * 24 + 20);
  });
  return bytes;
}

// A stage whose locker has a keypad and a scanner.
export class KeyedStage extends Stage {
  writeLockerConf(extra = '') {
    this.devices = { keypad: path.join(this.dir, 'run/keypad'), scanner: path.join(this.dir, 'run/scanner') };
    super.writeLockerConf(`keypad = "${this.devices.keypad}"\nscanner = "${this.devices.scanner}"\n${extra}`);
  }

  async startLocker() {
    if (!this.fds) {
      await run('mkfifo', [this.devices.keypad, this.devices.scanner]);
      this.fds = Object.fromEntries(Object.entries(this.devices).map(([name, at]) => [name, openSync(at, constants.O_RDWR | constants.O_NONBLOCK)]));
    }
    return super.startLocker();
  }

  async stop() {
    for (const fd of Object.values(this.fds ?? {})) closeSync(fd);
    await super.stop();
  }

  // Keys of the keypad: digits, or names of keys.
  keypad(...keys) {
    for (const key of keys.flatMap((k) => (k in KEY ? [k] : [...k]))) writeSync(this.fds.keypad, pressed(KEY[key]));
  }

  // One paper before the scanner.
  scanner(text) {
    for (const c of text) writeSync(this.fds.scanner, pressed(KEY[c]));
    writeSync(this.fds.scanner, pressed(KEY.Enter));
  }
}

// The key cards beside the scanner: "MK1", a version byte and the number of the key.
export const KEY_NAMES = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'ok', 'clear', 'help', 'language', 'show', 'repeat'];
export const card = (key) => `4D4B31${KEY_NAMES.indexOf(key).toString(16).toUpperCase().padStart(2, '0')}`;

// Speech is faster than life here, so that listening does not take its time; ticks and tones are not.
const RATE = 4;

// Listens, and sees nothing: the page is switched to black before anything happens.
export class Ears {
  // language of what is heard is the locker's until somebody chooses.
  static async listening(stage, { rate = RATE } = {}) {
    const ears = new Ears();
    ears.page = await open(stage, 'kiosk', {});
    await ears.page.context().addInitScript(() => {
      globalThis.transcript = [];
      for (const what of ['said', 'heard', 'quiet']) addEventListener(what, (e) => globalThis.transcript.push({ what, ...e.detail }));
      addEventListener('DOMContentLoaded', () => (document.documentElement.style.display = 'none'));
    });
    await ears.page.goto(`${stage.kioskUrl}/?rate=${rate}`);
    await ears.page.waitForFunction(() => document.body.dataset.screen);
    ears.mark = 0;
    return ears;
  }

  // All that was heard since the last thing that was waited for.
  async all() {
    return this.page.evaluate((from) => globalThis.transcript.slice(from), this.mark);
  }

  // Waits until this was said (text or expression); gives all that was said up to there and forgets it. What came after it, however long
  // nobody looked, is for the next time.
  async hear(what) {
    const fits = (text) => (what instanceof RegExp ? what.test(text) : text.includes(what));
    let text;
    await until(`to hear ${what}`, async () => {
      text = '';
      for (const [i, e] of (await this.all()).entries()) {
        if (e.what !== 'said') continue;
        text += text ? ` ${e.text}` : e.text;
        if (!fits(text)) continue;
        this.mark += i + 1;
        return true;
      }
      return false;
    }, undefined, 30).catch((e) => {
      throw new Error(`${e.message}; heard: ${text}`);
    });
    return text;
  }

  async forget() {
    this.mark = await this.page.evaluate(() => globalThis.transcript.length);
  }

  // Waits for a sound that is no speech; gives it.
  async sound(name, timeout = PATIENCE_MS) {
    let found;
    await until(`the sound ${name}`, async () => (found = (await this.all()).find((e) => e.what === 'heard' && e.sound === name)), timeout, 30);
    return found;
  }

  // Waits until nothing more is said.
  async quiet() {
    await until('quiet', async () => (await this.all()).some((e) => e.what === 'quiet'), undefined, 30);
  }

  async close() {
    await this.page.context().close();
  }
}

// Touches the screen, and reads it.
export class Finger {
  static async at(stage, options = {}) {
    const finger = new Finger();
    finger.page = await open(stage, 'kiosk', { touch: true, ...options });
    await finger.sees('start');
    return finger;
  }

  async tap(...keys) {
    for (const key of keys) await this.page.tap(`[data-key="${key}"]:visible >> nth=0`);
  }

  async type(digits) {
    for (const digit of digits) await this.page.tap(`#pad [data-key="${digit}"]`);
  }

  // Waits until the page shows one of these screens; gives its id, heading and door.
  async sees(...ids) {
    await this.page.waitForFunction((wanted) => wanted.includes(document.body.dataset.screen), ids).catch(async (e) => {
      throw new Error(`${e.message}; it shows ${await this.page.evaluate(() => `${document.body.dataset.screen}: ${document.body.innerText}`)}`);
    });
    return this.page.evaluate(() => ({
      id: document.body.dataset.screen, title: document.querySelector('#title').textContent, place: document.querySelector('#place').textContent,
      notice: document.querySelector('#notice').textContent, door: document.querySelector('#map .here')?.textContent, language: document.documentElement.lang,
      direction: document.documentElement.dir,
    }));
  }

  async text(selector = 'body') {
    return this.page.innerText(selector);
  }

  async close() {
    await this.page.context().close();
  }
}

// ---------------------------------------------------------------- whole people

const LOCKERS_OWN = 'nl'; // what the locker speaks before anybody chooses

// Somebody with one way to use the kiosk: fingers on the screen, the keys of the keypad, papers and cards, or ears and keypad with the screen off.
// The papers that people hold before the scanner are the same in each way; all keys are those of the way.
export const WAYS = ['touch', 'keypad', 'scanner', 'ears'];
const HANDS = {
  touch: (p) => (key) => p.eyes.tap(key),
  keypad: (p) => (key) => p.stage.keypad(key),
  scanner: (p) => (key) => p.stage.scanner(card(key)),
  ears: (p) => (key) => p.stage.keypad(key),
};

export class Person {
  // pictures: name under which build/web keeps each screen that is met by touch.
  static async comes(stage, way, language, { pictures } = {}) {
    const p = Object.assign(new Person(), { stage, way, language, pictures, t: catalogue(language), seen: new Set() });
    if (way === 'ears') p.ears = await Ears.listening(stage);
    else p.eyes = await Finger.at(stage, { touch: way === 'touch' });
    p.press = HANDS[way](p);
    return p;
  }

  async close() {
    await (this.ears ?? this.eyes).close();
  }

  async key(...names) {
    for (const name of names) await this.press(name);
  }

  async types(digits) {
    await this.key(...digits);
  }

  paper(token) {
    this.stage.scanner(token);
  }

  // Waits until the kiosk is at this screen; gives the door that it names.
  async meets(id) {
    if (this.ears) {
      const fits = withDoor(this.t, `${id}.title`);
      const [, letter = '', number = ''] = fits.exec(await this.ears.hear(fits));
      return letter + number;
    }
    const { door = '' } = await this.eyes.sees(id);
    assert.equal(await this.eyes.page.evaluate(() => document.documentElement.lang), this.language);
    if (this.pictures && this.way === 'touch' && !this.seen.has(id)) await check(this.eyes.page, `${this.pictures}-${id}`);
    this.seen.add(id);
    return door;
  }

  // Waits until these words are there: a key of the catalogue, up to its first number or door.
  async told(key) {
    if (this.ears) await this.ears.hear(heard(this.t, key));
    else await until(`the words of ${key}`, async () => (await this.eyes.text()).includes(this.t[key].split('{')[0].trim()), undefined, 30);
  }

  // The number to call, and what to tell there.
  async canCall() {
    if (this.ears) {
      await this.ears.hear(new RegExp(`${words(this.t, 'telephone')} 0 8 0 0 1 2 3 4 ${words(this.t, 'reference')} \\d`));
      return;
    }
    assert.match(await this.eyes.text('#telephone'), /0800 1234/);
    assert.match(await this.eyes.text('#reference'), /\d/);
  }

  // Which try of how many at a door that does not open; the ears hear each as the whole screen, after that of the first.
  async counted(step, steps) {
    if (this.ears) {
      if (step > 1) await this.meets('jam');
      return;
    }
    const wanted = this.t.step.replace('{n}', step).replace('{steps}', steps);
    await until(wanted, async () => (await this.eyes.page.innerText('body')).includes(wanted));
  }

  // A digit on a screen that wants none: there is none to touch, and whoever has keys hears and reads that it does nothing.
  async typesInVain(digit) {
    if (this.way === 'touch') {
      assert.equal(await this.eyes.page.isVisible(`[data-key="${digit}"]`), false);
      return;
    }
    await this.key(digit);
    await this.ears?.sound('refused');
    await this.told('notice.no-digit');
  }

  // The bag that comes now, of how many.
  async counts(bag, bags) {
    if (this.ears) await this.ears.hear(new RegExp(`${words(this.t, 'bag.count')} ${bag} .*${bags}`));
    else assert.equal(await this.eyes.text('#bag'), this.t['bag.count'].replace('{bag}', bag).replace('{bags}', bags));
  }

  // Back at the first screen, which speaks only when it is asked.
  async home() {
    if (this.ears) {
      await this.key('clear', 'clear', 'repeat');
      await this.ears.hear(heard(catalogue(LOCKERS_OWN), 'start.title'));
      return;
    }
    await until('the first screen', async () => {
      const { id } = await this.eyes.sees('start', 'done', 'reported', 'help', 'ask', 'refused', 'code');
      if (id === 'start') return true;
      await this.key(id === 'code' ? 'clear' : 'ok'); // an OK for thanks that were over just then begins a code
      await this.eyes.page.waitForFunction((before) => document.body.dataset.screen !== before, id);
      return false;
    }, undefined, 100);
  }

  // Back at the first screen, in the own language.
  async isBack() {
    if (!this.ears) await this.meets('start');
    else {
      await this.key('repeat');
      await this.told('start.title');
    }
  }

  // Makes the kiosk speak the own language.
  async choosesLanguage() {
    await this.home();
    if (this.language === LOCKERS_OWN) return;
    await this.key('language');
    if (this.ears) await this.ears.hear(heard(catalogue(LOCKERS_OWN), 'languages.hint'));
    else await this.eyes.sees('languages');
    await this.key(String(LANGUAGES.indexOf(this.language) + 1));
    if (this.ears) await this.told('start.title');
    else await this.meets('start');
  }

  // What was typed is nowhere in the page.
  async leavesNoTrace(...secrets) {
    const html = await (this.ears ?? this.eyes).page.content();
    for (const secret of secrets) assert.ok(!html.includes(secret), 'the page still holds what was typed');
    assert.equal(await (this.ears ?? this.eyes).page.evaluate(() => document.querySelector('#digits').textContent), '');
  }
}
