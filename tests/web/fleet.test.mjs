// SPDX-License-Identifier: Apache-2.0
// The board of all lockers: each fact is known, unknown or old, and never green when it is old.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Stage } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { open, check, close, TEST_MS } from './browser.mjs';

let stage;
before(async () => {
  stage = new Stage({ seed: 31 });
  await stage.start();
  const bags = [];
  for (let i = 0; i < 2; i++) bags.push(await story.pack(stage, (await story.order(stage, { reference: `fleet-${i}`, size: 'M' })).id));
  await story.loadAll(stage, bags[0]);
  await story.untilState(stage, bags[0].id, 'ready');
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

const row = () => `tr[data-locker="${stage.lockerId}"]`;

for (const [look, options] of Object.entries({ wide: {}, dark: { dark: true }, narrow: { width: 320, height: 640 }, english: { language: 'en' } }))
  test(`the fleet is one row for each locker: ${look}`, { timeout: TEST_MS }, async () => {
    const page = await open(stage, 'hub', { at: '#/fleet', ...options });
    await page.waitForSelector(row());
    await page.waitForFunction((r) => document.querySelectorAll(`${r} .smallwall i`).length === 24, row());
    await page.waitForSelector(`${row()} .smallwall .full`); // a board that is slow to answer makes a door unknown for a moment
    assert.equal(await page.locator(`${row()} .smallwall .full`).count(), 1);
    await page.waitForSelector(`${row()}:has-text("°C")`); // told with the locker's next word, not with its doors
    await check(page, `fleet-${look}`);
    await page.context().close();
  });

test('a promised door is not free, and the file says what the table says', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/fleet' });
  const room = page.locator(`${row()} .room`).first(); // a board that is slow to answer makes its doors unknown for a moment
  await room.filter({ hasText: '8 vrij van maat S' }).filter({ hasText: '6 vrij van maat M' }).waitFor(); // 8, one loaded, one promised
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('button:has-text("CSV")')]);
  const file = readFileSync(await download.path(), 'utf8').replace('\ufeff', '').split('\r\n');
  assert.equal(file.length, 3);
  assert.match(file[0], /^Kluis,Bericht,/);
  assert.match(file[1], /^Servicepunt Noord,\d{4}-\d\d-\d\dT/);
  await page.context().close();
});

test('a view is a link: filter and order come back, and Back leaves the page', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/fleet?fleet.q=nowhere&fleet.sort=-ready' });
  await page.waitForSelector('td.empty');
  assert.equal(await page.inputValue('input[type=search]'), 'nowhere');
  assert.equal(await page.getAttribute('th:has([data-sort=ready])', 'aria-sort'), 'descending');
  await page.fill('input[type=search]', 'noord');
  await page.waitForSelector(row());
  await page.waitForURL(/fleet\.q=noord/);
  await page.click('[data-sort=name]');
  await page.waitForSelector('th[aria-sort=ascending]:has([data-sort=name])');
  await page.context().close();
});

test('a silent locker shows nothing as known: no green, no free door', { timeout: TEST_MS }, async () => {
  await stage.locker.stop();
  const page = await open(stage, 'hub', { at: '#/fleet' });
  await page.clock.install();
  await page.reload();
  await page.waitForSelector(row());
  await page.route('**/api/board', (route) => route.fulfill({ status: 304 })); // nothing is heard any more: news would bring the time of the hub with it
  await page.clock.fastForward('05:00');
  await page.waitForSelector(`${row()}.silent`);
  assert.equal(await page.locator(`${row()} .tag.good, ${row()} .chip.some, ${row()} .smallwall .free, ${row()} .smallwall .full`).count(), 0);
  assert.equal(await page.locator(`${row()} .smallwall .unknown`).count(), 24);
  await check(page, 'fleet-silent');
  await page.context().close();
  await stage.startLocker();
});
