// SPDX-License-Identifier: Apache-2.0
// The work of today: pack one or many, print them at once, bring them, take a departure back.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { open, check, close, TEST_MS } from './browser.mjs';

let stage;

before(async () => {
  stage = new Stage({ seed: 11 });
  await stage.start();
  for (let i = 1; i <= 4; i++) await story.order(stage, { reference: `today-${i}`, patient: `A. Patient ${i}`, size: 'S', ...(i === 4 ? { zone: 'cold', size: 'M' } : {}) });
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

const states = async (state) => (await stage.ok('GET', `/api/orders?state=${state}&limit=100`)).orders;
const settled = (page) => page.waitForSelector('#pack [data-table=pack]');

test('a pharmacist begins at the work of today', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub');
  await settled(page);
  assert.equal(await page.$$eval('#pack tbody tr[data-order]', (rows) => rows.length), 4);
  assert.match(await page.textContent('.work'), /4\s*inpakken/);
  await check(page, 'today');
  await page.context().close();
});

test('many bags are packed with progress, and printed as one page', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/today' });
  await settled(page);
  await page.click('text=Kies alles');
  await page.click('button.primary:has-text("Pak 4 in")');
  await page.waitForSelector('.packed');
  assert.equal((await states('packed')).length, 4);
  const href = await page.getAttribute('.packed a.button', 'href');
  const sheet = await stage.ok('GET', href);
  assert.equal(sheet.match(/<article class="bag"/g).length, 4);
  assert.equal(sheet.match(/<article class="slip"/g).length, 4);
  await check(page, 'today-packed');
  await page.context().close();
});

test('a bag that no door can take is refused with its reason; the others are packed', { timeout: TEST_MS }, async () => {
  for (let i = 0; i < 4; i++) await story.order(stage, { reference: `cold-${i}`, zone: 'cold', size: 'M' });
  const page = await open(stage, 'hub', { at: '#/today' });
  await settled(page);
  await page.click('text=Kies alles');
  await page.click('button.primary:has-text("Pak 4 in")');
  await page.waitForSelector('.packed');
  await page.waitForSelector('[role=alert]:has-text("Zak")');
  assert.equal((await states('registered')).length, 1); // the cabinet has four cold doors
  await check(page, 'today-refused');
  await page.context().close();
});

test('the courier takes the bags of a locker, and gives them back when that was a mistake', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/today' });
  await page.clock.install();
  await page.reload();
  await settled(page);
  await page.click('.bring button:has-text("Koerier neemt")');
  await page.focus('.undo button'); // it goes after a few seconds, but not while somebody is at it
  await page.hover('.undo');
  await page.hover('h1'); // a hand that comes by is not the end of it
  await page.clock.runFor(20000);
  assert.equal(await page.isVisible('.undo'), true);
  assert.equal((await states('in_transit')).length, 7);
  await check(page, 'today-undo');
  await page.click('.undo button:has-text("Maak ongedaan")');
  await page.waitForSelector('.undo', { state: 'detached' });
  assert.equal((await states('packed')).length, 7);
  await page.context().close();
});

for (const [look, options] of Object.entries({ dark: { dark: true }, narrow: { width: 320, height: 640 }, english: { language: 'en' } }))
  test(`the work of today is readable: ${look}`, { timeout: TEST_MS }, async () => {
    const page = await open(stage, 'hub', { at: '#/today', ...options });
    await settled(page);
    await page.waitForSelector('[data-bring]');
    await check(page, `today-${look}`);
    await page.context().close();
  });
