// SPDX-License-Identifier: Apache-2.0
// Temperature: curve, band, gaps, excursions with what people said, and a judgement that is never fine when unknown.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage } from '../stage/stage.mjs';
import { open, check, close, weigh, SCRIPT_LIMIT, TEST_MS } from './browser.mjs';
import { writePast, coldDay } from './past.mjs';

let stage;
before(async () => {
  stage = new Stage({ seed: 33 });
  await stage.start();
  await writePast(stage, coldDay(stage));
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});
const SENSOR = '[data-sensor=cold]';
const drawn = (page) => page.waitForSelector(`${SENSOR} .curve[data-drawn] canvas`);

for (const [look, options] of Object.entries({ wide: {}, dark: { dark: true }, narrow: { width: 320, height: 640 }, english: { language: 'en' } }))
  test(`a sensor shows now, its band, its curve and its verdict: ${look}`, { timeout: TEST_MS }, async () => {
    const page = await open(stage, 'hub', { at: '#/climate', ...options });
    await drawn(page);
    await check(page, `climate-${look}`);
    await page.context().close();
  });

test('an excursion, a silence and a missing probe are three things, and the day is not called fine', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/climate' });
  await drawn(page);
  const data = await stage.ok('GET', `/api/lockers/${stage.lockerId}/climate?hours=24`);
  const [cold] = data.sensors;
  assert.deepEqual([...new Set(cold.spans.map((s) => s.state))].sort(), ['excursion', 'missing', 'unknown']);
  assert.equal(cold.min_milli_c, 2000);
  assert.equal(cold.zone, 'cold');
  assert.equal(cold.judgement.verdict, 'unknown');
  const excursion = cold.spans.find((s) => s.state === 'excursion');
  assert.equal(Math.round((excursion.end_ms - excursion.start_ms) / 60000), 45);
  assert.equal(await page.locator(`${SENSOR} tbody tr`).count(), cold.spans.length);
  assert.equal(await page.locator(`${SENSOR} .judgement .tag.good`).count(), 0);
  await page.context().close();
});

test('what people say about an excursion stands beside it, and hides nothing', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: `#/climate/${stage.lockerId}` });
  await drawn(page);
  const row = page.locator(`${SENSOR} tbody tr`, { hasText: 'buiten de grens' });
  const rows = await page.locator(`${SENSOR} tbody tr`).count();
  await row.locator('button:has-text("Schrijf erbij")').click();
  await row.locator('input[name=comment]').fill('Deur stond open bij het vullen.');
  await page.keyboard.press('Enter');
  await row.locator('.said').waitFor();
  assert.match(await row.textContent(), /Deur stond open bij het vullen\..*pharmacist1/s);
  assert.equal(await page.locator(`${SENSOR} tbody tr`).count(), rows);
  await check(page, 'climate-said');
  await page.context().close();
});

test('the page with its charts loads less than 100 kB (of 1000 bytes) of script', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/climate' });
  await drawn(page);
  const bytes = await weigh(page);
  assert.ok(bytes > 50_000 && bytes < SCRIPT_LIMIT, `${bytes} bytes`);
  await page.context().close();
});
