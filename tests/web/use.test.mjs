// SPDX-License-Identifier: Apache-2.0
// Use: hours of the week, figures of each day, and a view for other eyes without small numbers.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Stage } from '../stage/stage.mjs';
import { open, check, close, TEST_MS } from './browser.mjs';
import { writePast, weeksOfUse } from './past.mjs';

let stage;
before(async () => {
  stage = new Stage({ seed: 36 });
  await stage.start();
  await writePast(stage, weeksOfUse(stage));
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});
const drawn = (page) => page.waitForFunction(() => document.querySelectorAll('.curve[data-drawn] canvas').length === 3);

for (const [look, options] of Object.entries({ wide: {}, dark: { dark: true }, narrow: { width: 320, height: 640 }, english: { language: 'en' } }))
  test(`when people come, how long bags wait, what it saves: ${look}`, { timeout: TEST_MS }, async () => {
    const page = await open(stage, 'hub', { at: '#/use', ...options });
    await drawn(page);
    assert.equal(await page.locator('.heat').first().locator('td').count(), 7 * 24);
    await check(page, `use-${look}`);
    await page.context().close();
  });

test('the sums of the hub are the sums of the page', { timeout: TEST_MS }, async () => {
  const data = await stage.ok('GET', '/api/use?days=28');
  assert.equal(data.days.length, 28);
  const collected = data.days.reduce((n, d) => n + d.collected, 0);
  assert.equal(data.heat.collected.flat().reduce((a, b) => a + b, 0), collected);
  const page = await open(stage, 'hub', { at: '#/use' });
  await drawn(page);
  assert.ok((await page.textContent('.figures')).includes(`${collected} opgehaald`));
  await page.context().close();
});

test('the hours of the week are a file too, with what is seen', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/use?shared=1' });
  await page.waitForSelector('.heat .few');
  const heat = page.locator('[data-heat=collected]');
  const [download] = await Promise.all([page.waitForEvent('download'), heat.getByRole('button', { name: 'Bewaar als CSV' }).click()]);
  assert.equal(download.suggestedFilename(), 'use-collected.csv');
  const file = readFileSync(await download.path(), 'utf8').replace('\ufeff', '').trimEnd().split('\r\n').map((line) => line.split(','));
  assert.deepEqual(file[0], ['Dag', ...Array(24).keys()].map(String));
  const seen = await heat.locator('tbody tr').evaluateAll((rows) => rows.map((r) => [...r.cells].map((c) => c.textContent || '0')));
  assert.deepEqual(file.slice(1), seen);
  await page.context().close();
});

test('a view to share has no number from 1 to 4, and is a link', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/use' });
  await drawn(page);
  await page.check('[name=shared]');
  await page.waitForSelector('.heat .few');
  await page.waitForURL(/shared=1/);
  const numbers = (await page.locator('.heat td').allTextContents()).filter(Boolean);
  assert.deepEqual(numbers.filter((n) => ['1', '2', '3', '4'].includes(n)), []);
  await check(page, 'use-shared');
  await page.reload();
  await page.waitForSelector('.heat .few');
  await page.context().close();
});

test('a report that takes long says that it is on its way, also when another one is seen', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/use' });
  await drawn(page);
  let go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route('**/api/use?*', async (route) => {
    await held;
    await route.continue();
  });
  await page.click('button:has-text("1 jaar")');
  await page.waitForSelector('.progress progress');
  await check(page, 'use-waiting');
  go();
  await page.waitForSelector('.progress', { state: 'detached' });
  await page.context().close();
});
