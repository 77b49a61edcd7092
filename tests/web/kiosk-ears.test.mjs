// SPDX-License-Identifier: Apache-2.0
// What somebody hears who sees nothing, in detail; the flows of such people are in kiosk-flows.test.mjs. The screen is off, there are ears and the
// keypad with its felt keys; only what was really played counts.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { LANGUAGES } from '../../controller/kiosk/speech.mjs';
import { ROOT, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { close, TEST_MS } from './browser.mjs';
import { Ears, KeyedStage, catalogue, heard, words } from './robot.mjs';

const nl = catalogue('nl');
let stage;
let people = 0;

before(async () => {
  stage = new KeyedStage({ seed: 12 });
  await stage.start();
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

// Bags of one new person, in the locker.
const bags = (count = 1, fields = {}) => story.loadedBags(stage, `Luisteraar ${String.fromCharCode(65 + people++)}`, count, fields);
const take = (door) => story.takeAndShut(stage, door);

// Comes to the locker, and asks it what it says.
async function arrive() {
  const ears = await Ears.listening(stage);
  stage.keypad('repeat');
  await ears.hear(heard(nl, 'start.1'));
  return ears;
}

// Hears which door is open, and where: gives the door as it was said, and from which side it ticks.
async function followToDoor(ears, t = nl) {
  const text = await ears.hear(new RegExp(`${words(t, 'open.title')} [A-Z] \\d+ .*${words(t, 'open.2')}`));
  const [, letter, number] = new RegExp(`${words(t, 'open.title')} ([A-Z]) (\\d+)`).exec(text);
  const tick = await ears.sound('tick');
  await ears.forget();
  return { door: letter + number, text, side: tick.pan };
}

async function leave(ears) {
  stage.keypad('clear', 'clear');
  await ears.close();
}

test('the clips are there', () => {
  assert.ok(existsSync(path.join(ROOT, 'build/share/kiosk/speech/nl/open.title-0.opus')));
});

test('screen off: a bag', { timeout: TEST_MS }, async () => {
  const [bag] = await bags();
  const ears = await arrive();
  await ears.quiet();
  stage.keypad(bag.code.slice(0, 1));
  await ears.hear(heard(nl, 'code.title'));
  stage.keypad(bag.code.slice(1, 3));
  await ears.hear(nl['group.3']);
  stage.keypad(bag.code.slice(3, 6));
  await ears.hear(nl['group.6']);
  stage.keypad(bag.code.slice(6));
  const { door, text, side } = await followToDoor(ears);
  assert.equal(door, bag.door);
  assert.match(text, /rij.*(links|rechts)/, 'the place in words');
  const column = Number(bag.door.slice(1));
  assert.ok(Math.abs(side - (((column - 1) / 7) * 2 - 1)) < 0.01, `door ${door} ticks from ${side}`);
  await take(door);
  await ears.hear(heard(nl, 'done.title'));
  await leave(ears);
  await story.untilState(stage, bag.id, 'collected');
});

test('screen off: every clip of a sentence is decoded, played to its end, and lasts as long as words do', { timeout: TEST_MS }, async () => {
  const ears = await Ears.listening(stage, { rate: 1 });
  const from = Date.now();
  stage.keypad('repeat');
  await ears.quiet();
  const spoken = Date.now() - from;
  const clips = (await ears.all()).filter((e) => e.what === 'said');
  assert.ok(clips.length >= 3 && clips.every((c) => c.seconds > 0.2 && c.seconds < 15), JSON.stringify(clips));
  const sum = clips.reduce((all, c) => all + c.seconds, 0) * 1000;
  assert.ok(spoken >= sum * 0.95 && spoken < sum * 2 + 3000, `${sum} ms of sound in ${spoken} ms`);
  await ears.close();
});

test('screen off: digits are not said, unless the person wants them said', { timeout: TEST_MS }, async () => {
  const ears = await arrive();
  await ears.quiet();
  await ears.forget();
  stage.keypad('1', '2', '3');
  await ears.hear(nl['group.3']);
  stage.keypad('show');
  const warned = await ears.hear(heard(nl, 'show'));
  stage.keypad('4');
  assert.doesNotMatch(warned + (await ears.hear(/\b4\b/)), /\b[123]\b/);
  stage.keypad('clear');
  await ears.hear(nl['say.cleared']);
  stage.keypad('clear');
  await ears.close();
});

test('screen off: a sensitive bag asks for the day of birth; a typing mistake and a wrong day are told', { timeout: TEST_MS }, async () => {
  const [bag] = await bags(1, { class: 'sensitive' });
  const ears = await arrive();
  const wrong = bag.code.slice(0, 9) + ((Number(bag.code[9]) + 1) % 10);
  stage.keypad(wrong);
  await ears.hear(heard(nl, 'notice.typo'));
  stage.keypad(bag.code);
  await ears.hear(heard(nl, 'refused.1'));
  stage.keypad('ok');
  await ears.hear(heard(nl, 'code.title'));
  stage.keypad(bag.code);
  await ears.hear(heard(nl, 'birthday.1'));
  stage.keypad('3102');
  await ears.hear(heard(nl, 'notice.date'));
  stage.keypad('14');
  await ears.hear(nl['group.2']);
  stage.keypad('03');
  const { door } = await followToDoor(ears);
  assert.equal(door, bag.door);
  await take(door);
  await ears.hear(heard(nl, 'done.title'));
  await leave(ears);
});

test('screen off: each language says in its own words how to choose it, and the next screen speaks it', { timeout: TEST_MS }, async () => {
  const ears = await arrive();
  stage.keypad('language');
  for (const language of LANGUAGES) {
    await ears.hear(heard(catalogue(language), 'languages.hint'));
    if (language !== LANGUAGES.at(-1)) stage.keypad('language');
  }
  stage.keypad('ok');
  await ears.hear(heard(catalogue('uk'), 'start.title'));
  const last = (await ears.page.evaluate(() => globalThis.transcript)).filter((e) => e.what === 'said').pop();
  assert.ok(last.language === 'uk' && last.seconds > 0, JSON.stringify(last));
  await leave(ears);
});

test('a browser that allows no sound before a touch says so once', { timeout: TEST_MS }, async () => {
  const ears = await Ears.listening(stage);
  await ears.page.addInitScript(() => {
    // What Chromium does without the flag of the kiosk: the context waits for a hand.
    const state = Object.getOwnPropertyDescriptor(BaseAudioContext.prototype, 'state');
    const resume = AudioContext.prototype.resume;
    let touched = false;
    Object.defineProperty(BaseAudioContext.prototype, 'state', { get() { return touched ? state.get.call(this) : 'suspended'; } });
    AudioContext.prototype.resume = function () { return touched ? resume.call(this) : new Promise(() => {}); };
    addEventListener('pointerdown', () => { touched = true; setTimeout(() => globalThis.dispatchEvent(new Event('touched'))); }, true);
  });
  await ears.page.reload();
  await ears.page.evaluate(() => (document.documentElement.style.display = ''));
  await until('the hint', async () => (await ears.page.innerText('#sound-hint')) === nl['hint.sound']);
  await ears.close();
});
