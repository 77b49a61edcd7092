// SPDX-License-Identifier: Apache-2.0
// Somebody who sees nothing: the screen is off, there are ears and the keypad with its felt keys. Whatever the locker asks must be heard, and
// only what was really played counts. The person knows the own code, the day of birth, and what the keys are.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { close } from './browser.mjs';
import { Ears, KeyedStage } from './robot.mjs';

const catalogue = (language) => JSON.parse(readFileSync(path.join(ROOT, `controller/kiosk/${language}.json`), 'utf8'));
const heard = (t, key) => (t[`say.${key}`] ?? t[key]).split(/\{\w+\}/)[0].trim(); // up to the first number or door
const words = (t, key) => heard(t, key).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'); // the same, within an expression
const nl = catalogue('nl');
let stage;
let people = 0;

before(async () => {
  stage = new KeyedStage({ seed: 12 });
  await stage.start();
}, { timeout: 60000 });
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
  stage.keypad('ok');
  await ears.close();
}

test('the clips are there', () => {
  assert.ok(existsSync(path.join(ROOT, 'build/share/kiosk/speech/nl/open.title-0.opus')));
});

test('screen off: a bag', { timeout: 90000 }, async () => {
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

test('screen off: every clip of a sentence is decoded, played to its end, and lasts as long as words do', { timeout: 60000 }, async () => {
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

test('screen off: digits are not said, unless the person wants them said', { timeout: 60000 }, async () => {
  const ears = await arrive();
  await ears.quiet();
  await ears.forget();
  stage.keypad('1', '2', '3');
  await ears.hear(nl['group.3']);
  stage.keypad('show');
  const warned = await ears.hear(heard(nl, 'show'));
  assert.doesNotMatch(warned, /\b[123]\b/);
  stage.keypad('4');
  await ears.hear(/\b4\b/);
  stage.keypad('clear');
  await ears.hear(nl['say.cleared']);
  stage.keypad('clear');
  await ears.close();
});

test('screen off: a sensitive bag asks for the day of birth; a typing mistake and a wrong day are told', { timeout: 90000 }, async () => {
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

test('screen off: two bags', { timeout: 90000 }, async () => {
  const [one, two] = await bags(2);
  const ears = await arrive();
  stage.keypad(one.code);
  assert.equal((await followToDoor(ears)).door, one.door);
  await take(one.door);
  const text = await ears.hear(new RegExp(`${words(nl, 'next.title')} [A-Z] \\d+.*${words(nl, 'next.1')}`));
  assert.ok(text.includes(`${heard(nl, 'bag.count')} 2`), text);
  stage.keypad('ok');
  assert.equal((await followToDoor(ears)).door, two.door);
  await take(two.door);
  await ears.hear(heard(nl, 'done.title'));
  await leave(ears);
  await story.untilState(stage, two.id, 'collected');
});

test('screen off: the door is empty, and the pharmacy hears of it', { timeout: 90000 }, async () => {
  const [bag] = await bags();
  const ears = await arrive();
  stage.keypad(bag.code);
  const { door } = await followToDoor(ears);
  await ears.hear(heard(nl, 'open.3')); // "Is er iets mis? Druk op Hulp."
  stage.keypad('help');
  await ears.hear(heard(nl, 'report.1'));
  stage.keypad('1');
  await story.shut(stage, door);
  const text = await ears.hear(new RegExp(`${words(nl, 'reported.title')}.*${words(nl, 'reference')} \\d`));
  assert.ok(text.includes('0 8 0 0 1 2 3 4'), text);
  await leave(ears);
  await story.allClosed(stage);
});

test('screen off: help says whom to call and what to tell', { timeout: 60000 }, async () => {
  const ears = await arrive();
  stage.keypad('help');
  const text = await ears.hear(new RegExp(`${words(nl, 'telephone')} 0 8 0 0 1 2 3 4 .*${words(nl, 'reference')} \\d`));
  assert.ok(text.includes(heard(nl, 'help.title')), text);
  await ears.quiet();
  stage.keypad('repeat');
  await ears.hear(heard(nl, 'telephone'));
  await leave(ears);
});

test('screen off: the pharmacy offers to open, and the person says no, then yes', { timeout: 90000 }, async () => {
  const [bag] = await bags();
  await story.untilState(stage, bag.id, 'ready');
  const ears = await arrive();
  for (const key of ['clear', 'ok']) {
    await stage.ok('POST', `/api/orders/${bag.id}/open`, { reason: 'the paper is lost' });
    const text = await ears.hear(new RegExp(`${words(nl, 'remote.title')} [A-Z] \\d+.*${words(nl, 'remote.2')}`));
    assert.ok(text.includes(heard(nl, 'remote.1')), text);
    stage.keypad(key);
    if (key === 'clear') await until('the no to be known', async () => (await stage.ok('GET', `/api/orders/${bag.id}/open`)).state === 'refused');
  }
  const { door } = await followToDoor(ears);
  assert.equal(door, bag.door);
  await take(door);
  await ears.hear(heard(nl, 'done.title'));
  await leave(ears);
});

test('screen off: the time is nearly up, which is heard, and one key gives more', { timeout: 90000 }, async () => {
  const ears = await arrive();
  stage.keypad('1');
  await ears.hear(heard(nl, 'code.title'));
  await ears.sound('warn', 50000);
  await ears.hear(heard(nl, 'more.text'));
  stage.keypad('ok');
  await ears.hear(heard(nl, 'notice.extended'));
  stage.keypad('clear', 'clear');
  await ears.close();
});

test('screen off: each language says in its own words how to choose it, and the visit goes on in it', { timeout: 90000 }, async () => {
  const [bag] = await bags();
  const ears = await arrive();
  stage.keypad('language');
  for (const language of ['nl', 'en', 'tr', 'ar']) {
    const t = catalogue(language);
    await ears.hear(heard(t, 'languages.hint'));
    if (language !== 'ar') stage.keypad('language');
  }
  stage.keypad('ok');
  const ar = catalogue('ar');
  stage.keypad(bag.code);
  const { door } = await followToDoor(ears, ar);
  assert.equal(door, bag.door);
  await take(door);
  await ears.hear(heard(ar, 'done.title'));
  const last = (await ears.page.evaluate(() => globalThis.transcript)).filter((e) => e.what === 'said').pop();
  assert.ok(last.language === 'ar' && last.seconds > 0, JSON.stringify(last));
  await leave(ears);
});

test('a browser that allows no sound before a touch says so once', { timeout: 60000 }, async () => {
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
