// SPDX-License-Identifier: Apache-2.0
// What people wait for: the whole system with its pages in Chromium. A finger, the keypad, a code, a page; and the loading of 50 bags.
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { Stage, run, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { close, launch, open, weigh, SCRIPT_LIMIT } from '../web/browser.mjs';
import { figures, median, percentile, program } from './measure.mjs';

const KEYS = 200; // digits, of each way to press them
const BAGS = 50;
const ROUND = 17; // bags in the cabinet at a time, of its 24 doors
const SIZES = ['S', 'S', 'M', 'S', 'M', 'L'];
const STARTS = 7; // of each page, each with an empty cache
const KEY_MS = 50; // at most from a key to the first sign that it was felt, in 99 of 100
const DIGIT_MS = 100; // at most from a finger, whose key has looked pressed by then, to its digit: still at once
const DOOR_MS = 250; // at most from the last digit to the words
const REST_MS = 100; // at most of it besides Argon2id
const INTERACTIVE_MS = 1000; // longer than this, and a thought is interrupted
// What a trained person needs with the hands, in seconds: assumed, not measured. See docs/bench.md.
const HANDS_S = { scanBag: 3, lookInside: 2, putAndClose: 4, scanLabel: 2 };

// ---------------------------------------------------------------- what a page shows, and when

// Notes every change of what can be read, with the time of the frame that draws it, and every press of a finger.
function watch() {
  globalThis.seen = [];
  globalThis.pressed = 0;
  const text = (id) => document.getElementById(id)?.textContent ?? '';
  const state = () => ({
    screen: document.body.dataset.screen, title: text('title'), digits: text('digits'), keys: [...document.querySelectorAll('#pad .pressed')].map((b) => b.dataset.key),
  });
  let last = JSON.stringify(state());
  new MutationObserver(() => {
    const now = state();
    if (JSON.stringify(now) === last) return;
    last = JSON.stringify(now);
    requestAnimationFrame(() => globalThis.seen.push({ ...now, at: performance.timeOrigin + performance.now() }));
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  addEventListener('pointerdown', (e) => (globalThis.pressed = performance.timeOrigin + e.timeStamp), true);
}

const nowMs = () => performance.timeOrigin + performance.now();
const count = (page) => page.evaluate(() => globalThis.seen.length);

// The first change after the n-th for which fit holds.
async function change(page, n, fit) {
  for (let from = n; ; ) {
    await page.waitForFunction((known) => globalThis.seen.length > known, from, { timeout: 10000 });
    const list = await page.evaluate((known) => globalThis.seen.slice(known), from);
    const found = list.find(fit);
    if (found) return found;
    from += list.length;
  }
}

const touch = (page, key) => page.locator(`#pad [data-key="${key}"]`).tap({ noWaitAfter: true });
const pressedAt = (page) => page.evaluate(() => globalThis.pressed);

async function kioskPage(stage) {
  const page = await open(stage, 'kiosk', { touch: true });
  await page.waitForSelector('#pad [data-key="1"]', { state: 'visible' });
  await page.evaluate(watch);
  return page;
}

// ---------------------------------------------------------------- keys

// Linux key codes of the number row, as a USB keypad sends them.
const CODES = Object.fromEntries('1234567890'.split('').map((digit, i) => [digit, i + 2]));
CODES.clear = 14;

function keypadPress(fd, key) {
  const events = [[1, CODES[key], 1], [0, 0, 0], [1, CODES[key], 0], [0, 0, 0]];
  const bytes = Buffer.alloc(24 * events.length);
  events.forEach(([type, code, value], i) => {
    bytes.writeUInt16LE(type, 24 * i + 16);
    bytes.writeUInt16LE(code, 24 * i + 18);
    bytes.writeInt32LE(value, 24 * i + 20);
  });
  writeSync(fd, bytes);
}

// Types nine digits again and again, never a whole code; gives of each digit the milliseconds until the key looks pressed (if it is on the
// screen) and until the digit is there.
async function digits(page, press, startOf) {
  const ms = { key: [], digit: [] };
  const typed = async (key) => {
    const n = await count(page);
    const before = await page.evaluate(() => document.getElementById('digits').textContent);
    const start = await press(key);
    const digit = await change(page, n, (s) => s.digits !== before);
    const from = await startOf(start);
    const pressed = (await page.evaluate((known) => globalThis.seen.slice(known), n)).find((s) => s.keys.includes(key));
    return { key: pressed && pressed.at - from, digit: digit.at - from };
  };
  while (ms.digit.length < KEYS) {
    for (const digit of '135792468') {
      const one = await typed(digit);
      for (const name of Object.keys(ms)) if (one[name] !== undefined) ms[name].push(one[name]);
    }
    await typed('clear');
  }
  return ms;
}

async function measureKeys(table, stage, page, keypad) {
  const add = (name, ms, limit) => {
    table.add(`${name}_p50`, median(ms), 'ms', { limitName: `of ${ms.length} digits` });
    table.add(`${name}_p99`, percentile(ms, 99), 'ms', { limit, limitName: 'ms', aim: ['<=', 1] });
  };
  const finger = await digits(page, (key) => touch(page, key), () => pressedAt(page));
  add('touch_to_feedback', finger.key, KEY_MS);
  add('touch_to_digit', finger.digit, DIGIT_MS);
  await stage.waitScreen('start', 'code');
  const fd = await until('the locker to read the keypad', () => {
    try {
      return openSync(keypad, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      return undefined;
    }
  });
  const press = async (key) => {
    const start = nowMs();
    keypadPress(fd, key);
    return start;
  };
  add('keypad_to_digit', (await digits(page, press, (start) => start)).digit, KEY_MS);
  closeSync(fd);
}

// ---------------------------------------------------------------- bags

const pack = async (stage, n) => story.pack(stage, (await story.order(stage, { reference: `people-${n}`, patient: `P. Voorbeeld ${n}`, size: SIZES[n % SIZES.length] })).id);

// One bag as a member of staff loads it; gives the milliseconds that the person waits for the machine.
async function load(stage, page, bag) {
  const wait = async (act, fit) => {
    const n = await count(page);
    const start = nowMs();
    await act();
    return (await change(page, n, fit)).at - start;
  };
  let ms = await wait(() => stage.scan(bag.voucher), (s) => s.screen === 'staff-load-open');
  const { door } = await stage.screen();
  await stage.cabinet(`put ${door} BAG`);
  // While a hand puts the bag in, the lock comes to rest; nobody waits for that.
  await until(`the lock of ${door} to rest`, async () => !(await stage.cabinet(`door ${door}`)).energised, 5000, 20);
  ms += await wait(() => stage.cabinet(`close ${door}`), (s) => s.screen === 'staff-load-label');
  ms += await wait(() => stage.scan(story.doorLabel(stage, door)), (s) => s.screen === 'staff-menu');
  return ms;
}

// Types the code with a finger; gives the milliseconds from its last digit to the words that name the door.
async function collect(stage, page, bag) {
  await story.allClosed(stage);
  if ((await stage.screen()).screen !== 'start') await stage.key('ok');
  await stage.waitScreen('start');
  for (const digit of bag.code.slice(0, -1)) await touch(page, digit);
  await until('nine digits', async () => (await stage.screen()).entry_len === 9);
  const n = await count(page);
  await touch(page, bag.code.at(-1));
  const start = await pressedAt(page);
  const { door } = await stage.waitScreen('open', 'close');
  const { at } = await change(page, n, (s) => s.title.includes(door));
  await story.takeAndClose(stage, door);
  return at - start;
}

async function measureBags(table, stage, page) {
  const waited = [];
  const words = [];
  const argon = []; // the same check alone, after each code, so that both see the same machine
  for (let done = 0; done < BAGS; ) {
    const bags = [];
    for (; bags.length < ROUND && done < BAGS; done++) bags.push(await pack(stage, done));
    await story.allClosed(stage);
    await story.staffEnter(stage);
    await page.waitForFunction(() => document.body.dataset.screen === 'staff-menu');
    for (const bag of bags) waited.push(await load(stage, page, bag));
    await story.staffLeave(stage);
    for (const bag of bags) {
      words.push(await collect(stage, page, bag));
      argon.push((await figures(program('bench_costs'), ['argon2id'])).argon2id.value);
    }
  }
  table.add('code_to_door_words_p50', median(words), 'ms', { limitName: `of ${words.length} codes` });
  table.add('code_to_door_words_argon2id', median(argon), 'ms', { limitName: `of the above (p99 ${percentile(argon, 99).toFixed(0)} ms)` });
  table.add('code_to_door_words_rest_p50', median(words.map((ms, i) => ms - argon[i])), 'ms', { limit: REST_MS, limitName: 'ms', aim: ['<=', 1] });
  table.add('code_to_door_words_p99', percentile(words, 99), 'ms', { limit: DOOR_MS, limitName: 'ms', aim: ['<=', 1] });
  const hands = Object.values(HANDS_S).reduce((a, b) => a + b, 0);
  const machine = waited.reduce((a, b) => a + b, 0) / waited.length / 1000;
  table.add('staff_per_bag_machine', machine, 's', { limitName: `mean of ${waited.length} bags; p99 ${(percentile(waited, 99) / 1000).toFixed(2)} s` });
  table.add('staff_per_bag', hands + machine, 's', { limit: hands, limitName: 's of hands alone (assumed)', aim: ['<=', 1.15] });
}

// ---------------------------------------------------------------- pages

// When the page can be used: what somebody needs is there, the frame is drawn, and no long task is running any more.
function ready(selectors) {
  let long = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((e) => (long = Math.max(long, e.startTime + e.duration)))).observe({ type: 'longtask', buffered: true });
  const there = () => selectors.every((s) => document.querySelector(s)) && !document.querySelector('main [aria-busy="true"]');
  const observer = new MutationObserver(() => {
    if (!there()) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => (globalThis.interactive = Math.max(performance.now(), long))));
  });
  observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
}

async function interactive(url, selectors, cookie) {
  const context = await (await launch()).newContext({ viewport: { width: 1280, height: 800 }, locale: 'nl-NL' });
  if (cookie) await context.addCookies([{ name: cookie.split('=')[0], value: cookie.split('=')[1], url }]);
  await context.addInitScript(`(${ready})(${JSON.stringify(selectors)})`);
  const page = await context.newPage();
  await page.goto(url);
  const ms = await (await page.waitForFunction(() => globalThis.interactive, undefined, { timeout: 10000 })).jsonValue();
  await context.close();
  return ms;
}

async function measureStarts(table, stage) {
  const pages = {
    kiosk: [stage.kioskUrl, ['#pad [data-key="1"]', '#lines li']],
    board: [`${stage.hubUrl}/#/fleet`, ['main h1', 'header nav a'], stage.cookie],
  };
  for (const [name, args] of Object.entries(pages)) {
    const ms = [];
    for (let i = 0; i < STARTS; i++) ms.push(await interactive(...args));
    table.add(`interactive_${name}`, median(ms), 'ms', { limit: INTERACTIVE_MS, limitName: 'ms', aim: ['<=', 1] });
  }
}

async function weighAt(stage, which, options) {
  const page = await open(stage, which, options);
  const kb = (await weigh(page)) / 1000;
  const links = which === 'hub' ? await page.$$eval('header nav a', (all) => all.map((a) => a.getAttribute('href'))) : [];
  await page.context().close();
  return { kb, links };
}

async function measureWeights(table, stage) {
  const limit = { limit: SCRIPT_LIMIT / 1000, limitName: 'kB of 1000 bytes, not compressed', aim: ['<=', 1] };
  table.add('script_kiosk', (await weighAt(stage, 'kiosk')).kb, 'kB', limit);
  const weights = {};
  for (const role of ['pharmacist', 'logistics', 'admin']) {
    await stage.login(role);
    for (const at of (await weighAt(stage, 'hub')).links) weights[at] ??= (await weighAt(stage, 'hub', { at })).kb;
  }
  for (const [at, weight] of Object.entries(weights)) table.add(`script_${at.replace(/^#\//, '').replaceAll('/', '_') || 'first'}`, weight, 'kB', limit);
}

// ---------------------------------------------------------------- all

export async function measurePeople(table) {
  const stage = new Stage({ seed: 5 });
  const keypad = path.join(stage.dir, 'keypad');
  const write = stage.writeLockerConf.bind(stage);
  stage.writeLockerConf = (extra = '') => write(`keypad = "${keypad}"\n${extra}`);
  await run('mkfifo', [keypad]);
  try {
    await stage.start();
    const page = await kioskPage(stage);
    await table.measure('keys', () => measureKeys(table, stage, page, keypad));
    await stage.key('clear');
    await table.measure('interactive', () => measureStarts(table, stage));
    await table.measure('weight', () => measureWeights(table, stage));
    await stage.login();
    await table.measure('bags', () => measureBags(table, stage, page));
  } finally {
    await close();
    await stage.stop();
  }
}
