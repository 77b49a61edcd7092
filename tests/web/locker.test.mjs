// SPDX-License-Identifier: Apache-2.0
// One locker: the wall of doors as it hangs, and everything that is known of it.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { open, check, close, TEST_MS } from './browser.mjs';

let stage;
let door;
before(async () => {
  stage = new Stage({ seed: 32 });
  await stage.start();
  const bag = await story.pack(stage, (await story.order(stage, { reference: 'locker-1', size: 'S' })).id);
  [door] = await story.loadAll(stage, bag);
  await story.untilState(stage, bag.id, 'ready');
  await stage.cabinet('force B5');
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});
const at = () => `#/locker/${stage.lockerId}`;

for (const [look, options] of Object.entries({ wide: {}, dark: { dark: true }, narrow: { width: 320, height: 640 }, english: { language: 'en' } }))
  test(`doors hang as they hang, and each says its state in a colour, a sign and words: ${look}`, { timeout: TEST_MS }, async () => {
    const page = await open(stage, 'hub', { at: at(), ...options });
    await page.waitForSelector('.door.bad[data-door=B5]');
    assert.equal(await page.locator('.door').count(), 24);
    const place = await page.$eval('[data-door=C8]', (e) => [e.style.gridRow, e.style.gridColumn]);
    assert.deepEqual(place.map((p) => parseInt(p, 10)), [3, 8]);
    for (const [name, sign] of [[door, '●'], ['C8', '❄']]) await page.waitForSelector(`[data-door=${name}]:has-text("${sign}")`);
    await page.click(`[data-door=${door}]`);
    await page.waitForSelector('.detail');
    await check(page, `locker-${look}`);
    await page.context().close();
  });

test('every table can be searched and saved, also one of a few rows', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: at() });
  await page.waitForSelector('.table[data-table=tickets] tbody tr');
  await page.waitForSelector('.table[data-table=boards] tbody tr');
  const tables = await page.$$eval('.table', (all) => all.map((e) => [e.dataset.table, e.querySelectorAll('.table-tools input[type=search], .table-tools button').length]));
  assert.deepEqual(tables, tables.map(([name]) => [name, 2]));
  await page.context().close();
});

test('logistics sees bags by number, and no name', { timeout: TEST_MS }, async () => {
  await stage.login('logistics');
  const page = await open(stage, 'hub', { at: at() });
  await page.waitForSelector(`[data-door=${door}] .bag`);
  assert.ok(!(await page.textContent('body')).includes('Voorbeeld,'));
  assert.ok(!(await page.textContent('main')).includes('J. Voorbeeld'));
  await page.context().close();
  await stage.login('pharmacist');
});

test('doors are counted in the words of one and of many', { timeout: TEST_MS }, async () => {
  for (const [language, one, six] of [['nl', '1 zak klaar', '6 zakken klaar'], ['en', '1 bag ready', '6 bags ready']]) {
    const page = await open(stage, 'hub', { at: at(), language });
    await page.waitForSelector(`main p:has-text("${one}")`);
    assert.equal(await page.evaluate(() => import('/parts.mjs').then((m) => m.many('doorcount.full', 6))), six);
    await page.context().close();
  }
});

test('a locker that is not there is told as that', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/locker/0000000000000000' });
  await page.waitForSelector('main .notice');
  await check(page, 'locker-none');
  await page.context().close();
});
