// SPDX-License-Identifier: Apache-2.0
// The round: which locker needs somebody until the end of tomorrow, and why.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { open, check, close, TEST_MS } from './browser.mjs';

let stage;
before(async () => {
  stage = new Stage({ seed: 35 });
  await stage.start();
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});
const row = () => `tr[data-locker="${stage.lockerId}"]`;

test('nobody drives without a reason', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/round' });
  await page.waitForSelector('td.empty');
  await check(page, 'round-none');
  await page.context().close();
});

test('bags to bring, bags to take out and doors to repair are reasons, each with its count', { timeout: TEST_MS }, async () => {
  const bags = [];
  for (let i = 0; i < 4; i++) bags.push(await story.pack(stage, (await story.order(stage, { reference: `round-${i}`, size: 'S' })).id));
  await story.loadAll(stage, bags[0], bags[1]);
  for (const b of bags.slice(0, 2)) await story.untilState(stage, b.id, 'ready');
  await stage.ok('POST', `/api/orders/${bags[0].id}/withdraw`, {});
  await story.untilState(stage, bags[0].id, 'withdrawn');
  await stage.cabinet('force B5');
  await until('a stop with all its reasons', async () => {
    const [stop] = (await stage.ok('GET', '/api/round')).stops;
    return stop?.load === 2 && stop.empty === 1 && stop.repair >= 1;
  });
  await stage.login('logistics');
  for (const [look, options] of Object.entries({ wide: {}, dark: { dark: true }, narrow: { width: 320, height: 640 }, english: { language: 'en' } })) {
    const page = await open(stage, 'hub', { at: '#/round', ...options });
    await page.waitForSelector(row());
    assert.ok(!(await page.textContent('main')).includes('Voorbeeld,'));
    await check(page, `round-${look}`);
    if (look === 'wide') {
      assert.match(await page.textContent(row()), /2 zakken brengen/);
      assert.match(await page.textContent(row()), /1 zak teruggevraagd/);
      await page.emulateMedia({ media: 'print' });
      assert.equal(await page.locator('header').isVisible(), false);
      assert.equal(await page.locator(row()).isVisible(), true);
      await check(page, 'round-print');
    }
    await page.context().close();
  }
  await stage.login('pharmacist');
});
