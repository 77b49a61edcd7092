// SPDX-License-Identifier: Apache-2.0
// The page beside somebody who loads: each step at the kiosk shows on the telephone; nothing is opened from it.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { open, check, close, TEST_MS } from './browser.mjs';

const PHONE = { width: 360, height: 740 };
let stage;
const bags = [];

before(async () => {
  stage = new Stage({ seed: 13 });
  await stage.start();
  for (let i = 0; i < 3; i++) bags.push(await story.pack(stage, (await story.order(stage, { reference: `load-${i}`, size: 'S' })).id));
  await story.badge(stage);
  await stage.login('logistics');
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

const phone = (options = {}) => open(stage, 'hub', { at: `#/load/${stage.lockerId}`, ...PHONE, ...options });
const step = (page, what) => page.waitForSelector(`.step[data-step=${what}]`);
const loaded = (page) => page.$$eval('.load [data-loaded=true]', (rows) => rows.length);

test('each step is told while it happens, and each bag is ticked off', { timeout: TEST_MS }, async () => {
  const page = await phone();
  await step(page, 'scan');
  assert.equal(await loaded(page), 0);
  await check(page, 'load-begin');
  await story.allClosed(stage);
  await story.staffEnter(stage);
  await stage.scan(bags[0].voucher);
  const { door } = await stage.waitScreen('staff-load-open');
  const put = await step(page, 'put');
  assert.equal(await put.getAttribute('data-door'), door);
  await check(page, 'load-put');
  await stage.cabinet(`put ${door} BAG`);
  await story.shut(stage, door);
  await step(page, 'label');
  await check(page, 'load-label');
  await stage.waitScreen('staff-load-label');
  await stage.scan(story.doorLabel(stage, 'A8')); // whoever loads is before another door
  const refused = await page.waitForSelector('[data-refused=wrong-label]');
  const said = await refused.textContent();
  assert.match(said, new RegExp(`label van een andere deur.*Scan het label van deur ${door}\\.`, 's'));
  await check(page, 'load-refused');
  await stage.scan(story.doorLabel(stage, door));
  await step(page, 'scan');
  await page.waitForSelector('[data-refused]', { state: 'detached' }); // it is mended: nothing is left to do about it
  await page.waitForFunction(() => document.querySelectorAll('.load [data-loaded=true]').length === 1);
  assert.match(await page.textContent('.count-line'), /1 van 3/);
  await page.context().close();
});

test('a bag that was put in but not confirmed is told at once, with what to do', { timeout: TEST_MS }, async () => {
  const page = await phone();
  await step(page, 'scan');
  await stage.scan(bags[1].voucher);
  const { door } = await stage.waitScreen('staff-load-open');
  await stage.cabinet(`put ${door} BAG`);
  await story.shut(stage, door);
  await stage.waitScreen('staff-load-label');
  await stage.key('help'); // whoever loads gives up before the label of the door was scanned
  await page.waitForSelector('[data-trouble=check]');
  assert.equal(await loaded(page), 1);
  await check(page, 'load-trouble');
  await page.context().close();
});

test('a bag that the kiosk does not take is told with its number, in English too', { timeout: TEST_MS }, async () => {
  const page = await phone({ language: 'en' });
  await page.waitForSelector('.load');
  await stage.scan(bags[0].voucher); // it is in already
  const refused = await page.waitForSelector('[data-refused=in-locker]');
  const { number } = await stage.ok('GET', `/api/orders/${bags[0].id}`);
  assert.match(await refused.textContent(), new RegExp(`Bag ${number}\\. This order is in door [A-Z0-9]+ already.*Take the bag back`, 's'));
  await stage.scan('4D4C31');
  assert.match(await (await page.waitForSelector('[data-refused=bad-scan]')).textContent(), /does not know this label/);
  assert.equal((await page.$$('[data-refused]')).length, 1);
  await check(page, 'load-refused-english');
  await page.context().close();
});

test('nothing on the page opens anything', { timeout: TEST_MS }, async () => {
  const page = await phone();
  await page.waitForSelector('.load');
  assert.deepEqual(await page.$$eval('main button, main form, main input', (all) => all.map((e) => e.outerHTML)), []);
  await page.click('summary');
  await check(page, 'load-help');
  await page.context().close();
});

for (const [look, options] of Object.entries({ dark: { dark: true }, tiny: { width: 320, height: 480 }, wide: { width: 1280, height: 800 }, english: { language: 'en' } }))
  test(`loading is readable: ${look}`, { timeout: TEST_MS }, async () => {
    const page = await phone(options);
    await page.waitForSelector('.load');
    await check(page, `load-${look}`);
    await page.context().close();
  });

test('a locker that says nothing is not shown as if it worked', { timeout: TEST_MS }, async () => {
  const page = await phone();
  await page.waitForSelector('.load');
  await page.route('**/api/**', (route) => route.abort());
  await page.waitForSelector('.notice.warn');
  assert.equal(await page.$('.step'), null);
  await page.context().close();
});
