// SPDX-License-Identifier: Apache-2.0
// What single keys, cards and parts of the page do at the kiosk, besides the flows of people (kiosk-flows.test.mjs). The locker, its hub and its
// doors are the real programs; each person has one kind of hands (tests/web/robot.mjs) and never asks the daemon.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { LANGUAGES } from '../../controller/kiosk/speech.mjs';
import { freePort, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { check, close, TEST_MS } from './browser.mjs';
import { Finger, KEY_NAMES, KeyedStage, card, catalogue } from './robot.mjs';

let stage;
let people = 0;

before(async () => {
  stage = new KeyedStage({ seed: 11 });
  stage.kioskPort = await freePort(); // it is started again there: no other program may get it in between
  await stage.start();
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

// Bags of one new person, in the locker.
const bags = (count = 1, fields = {}) => story.loadedBags(stage, `Persoon ${String.fromCharCode(65 + people++)}`, count, fields);
const take = (door) => story.takeAndShut(stage, door);

async function home(finger) {
  await until('the first screen', async () => {
    if ((await finger.sees('start', 'code', 'done', 'help', 'reported', 'refused', 'next', 'ask', 'languages', 'wait', 'report')).id === 'start') return true;
    stage.keypad('clear');
    return false;
  }, undefined, 300);
}

// ---------------------------------------------------------------- by touch
test('by touch: the digits are dots, until the person wants to see them', { timeout: TEST_MS }, async () => {
  const finger = await Finger.at(stage);
  await finger.type('1234');
  await finger.sees('code');
  const shown = (text) => finger.page.waitForFunction((digits) => document.querySelector('#digits').textContent === digits, text);
  await shown('●●●●');
  await finger.tap('show');
  await shown('1234');
  await check(finger.page, 'kiosk-flow-shown');
  await finger.tap('show');
  await shown('●●●●');
  await finger.tap('clear');
  await shown('');
  await finger.tap('clear');
  await finger.sees('start');
  await finger.close();
});

test('by touch: the own language stands on the first screen, whatever that speaks', { timeout: TEST_MS }, async () => {
  const finger = await Finger.at(stage);
  for (const language of ['ar', 'uk', 'nl']) {
    await finger.page.tap(`#languages [data-choose="${LANGUAGES.indexOf(language) + 1}"]`);
    await finger.page.waitForFunction(([l, dir]) => document.body.dataset.screen === 'start' && document.documentElement.lang === l && document.documentElement.dir === dir, [language, catalogue(language).direction]);
  }
  await finger.close();
});

// ---------------------------------------------------------------- the keypad alone
// Eyes on the screen, hands on the keypad beside it.
async function keypadPerson() {
  const finger = await Finger.at(stage);
  await home(finger);
  return finger;
}

test('keypad only: a bag, a look at the digits, a mistake that is taken back', { timeout: TEST_MS }, async () => {
  const [bag] = await bags();
  const eyes = await keypadPerson();
  stage.keypad('99', 'show');
  await eyes.page.waitForFunction(() => document.querySelector('#digits').textContent === '99');
  stage.keypad('clear');
  await eyes.page.waitForFunction(() => document.querySelector('#digits').textContent === '');
  stage.keypad(bag.code);
  await eyes.sees('open');
  await take(bag.door);
  await eyes.sees('done');
  stage.keypad('ok');
  await eyes.sees('start');
  await eyes.close();
});

test('keypad only: day of birth, and another language in the middle', { timeout: TEST_MS }, async () => {
  const [bag] = await bags(1, { class: 'sensitive' });
  const eyes = await keypadPerson();
  stage.keypad('language');
  await eyes.sees('languages');
  await check(eyes.page, 'kiosk-flow-languages');
  stage.keypad('3');
  await until('Turkish', async () => (await eyes.sees('start')).language === 'tr');
  stage.keypad(bag.code);
  await eyes.sees('refused');
  stage.keypad('ok');
  await eyes.sees('code');
  stage.keypad(bag.code);
  await eyes.sees('birthday');
  stage.keypad('language', 'language', 'ok'); // shows them, steps to the next, takes it
  await until('Arabic', async () => (await eyes.sees('birthday')).language === 'ar');
  stage.keypad('1403');
  assert.equal((await eyes.sees('open')).direction, 'rtl');
  await take(bag.door);
  await eyes.sees('done');
  stage.keypad('ok');
  await eyes.sees('start');
  await eyes.close();
});

test('keypad only: two bags, of which the second is left for later', { timeout: TEST_MS }, async () => {
  const [one, two] = await bags(2);
  const eyes = await keypadPerson();
  stage.keypad(one.code);
  await eyes.sees('open');
  await take(one.door);
  await eyes.sees('next');
  stage.keypad('clear');
  await eyes.sees('start', 'done');
  await home(eyes);
  stage.keypad(two.code);
  await eyes.sees('open');
  await take(two.door);
  await eyes.sees('done');
  stage.keypad('ok');
  await eyes.close();
});

// ---------------------------------------------------------------- papers and cards alone
test('scanner only: the cards of the hub are the keys', async () => {
  const printed = [...(await stage.ok('GET', '/api/key-card')).matchAll(/data-token="([0-9A-F]+)"/g)].map((m) => m[1]);
  for (const key of KEY_NAMES) assert.ok(printed.includes(card(key)), `no card for ${key}`);
});

// ---------------------------------------------------------------- the page itself
test('a keyboard in the browser does what the keypad does, and a scanner in it what the scanner does', { timeout: TEST_MS }, async () => {
  const [bag] = await bags();
  const eyes = await Finger.at(stage);
  await home(eyes);
  const keys = eyes.page.keyboard;
  await keys.press('F1');
  await eyes.sees('help');
  await keys.press('Enter');
  await eyes.sees('start');
  // As fast as a scanner types.
  await eyes.page.evaluate((scan) => {
    for (const key of [...scan, 'Enter']) document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  }, bag.token);
  await eyes.sees('open');
  await take(bag.door);
  await eyes.sees('done');
  await keys.press('Enter');
  await eyes.sees('start');
  await eyes.close();
});

// In how many ms is measured by make bench; here, that nothing at all is waited for.
test('a key is seen pressed and heard by the touch itself, before anything is sent', { timeout: TEST_MS }, async () => {
  const eyes = await Finger.at(stage);
  await home(eyes);
  await eyes.page.waitForFunction(() => document.querySelector('#sound-hint').hidden); // sound has begun
  await eyes.page.evaluate(() => {
    const ask = globalThis.fetch;
    let felt = [];
    globalThis.feltAtSending = [];
    globalThis.fetch = (where, ...more) => (where === 'key' && globalThis.feltAtSending.push(felt), ask(where, ...more));
    addEventListener('pointerdown', () => (felt = []), true); // the first to be told of a touch
    addEventListener('heard', (e) => felt.push(e.detail.sound));
    addEventListener('pointerdown', (e) => felt.push(e.target.classList.contains('pressed') ? 'seen' : 'not seen')); // the last
  });
  for (const typed of ['●', '●●', '●●●']) {
    await eyes.tap('5');
    await eyes.page.waitForFunction((digits) => document.querySelector('#digits').textContent === digits, typed);
  }
  assert.deepEqual(await eyes.page.evaluate(() => globalThis.feltAtSending), Array(3).fill(['key', 'seen']));
  stage.keypad('clear', 'clear');
  await eyes.sees('start');
  await eyes.close();
});

test('the page says that the locker is away, and comes back by itself', { timeout: TEST_MS }, async () => {
  const eyes = await Finger.at(stage);
  await home(eyes);
  await stage.locker.stop();
  await eyes.sees('out-of-service');
  assert.match(await eyes.text('#telephone'), /0800 1234/);
  await stage.startLocker();
  await eyes.sees('start');
  await eyes.close();
});
