// SPDX-License-Identifier: Apache-2.0
// The return tour: every door is explained, by evidence or in words, before it can end.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { open, check, close, TEST_MS } from './browser.mjs';

let stage;
const bags = [];
const tour = () => stage.ok('GET', `/api/lockers/${stage.lockerId}/tour`);
const at = () => `#/tour/${stage.lockerId}`;

before(async () => {
  stage = new Stage({ seed: 14 });
  await stage.start();
  for (let i = 0; i < 3; i++) bags.push(await story.pack(stage, (await story.order(stage, { reference: `tour-${i}`, ...(i === 2 ? { zone: 'cold', size: 'M' } : { size: 'S' }) })).id));
  const doors = await story.loadAll(stage, ...bags);
  doors.forEach((door, i) => (bags[i].door = door));
  for (const bag of bags) await story.untilState(stage, bag.id, 'ready');
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

test('a locker with nothing to fetch says so', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: at() });
  await page.waitForSelector('.empty-list');
  await check(page, 'tour-empty');
  await page.context().close();
});

test('each stop tells why and where to; the tour begins when somebody is there', { timeout: TEST_MS }, async () => {
  for (const bag of [bags[0], bags[2]]) await stage.ok('POST', `/api/orders/${bag.id}/withdraw`, {});
  for (const bag of [bags[0], bags[2]]) await story.untilState(stage, bag.id, 'withdrawn');
  await stage.cabinet('force B5');
  const page = await open(stage, 'hub', { at: at() });
  await page.waitForSelector('[data-door=B5]');
  assert.equal((await tour()).stops.length, 3);
  assert.equal((await tour()).stops.find((s) => s.door === bags[2].door).goal, 'destroy'); // it was cold
  await check(page, 'tour-plan');
  await page.click('button:has-text("Begin de ronde")');
  await page.waitForSelector('form[name=scan]');
  assert.equal((await tour()).open, true);
  await page.context().close();
});

test('scanning a bag ticks its stop; a bag that is not on the tour is refused', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: at(), width: 360, height: 740 });
  await page.fill('[name=label]', bags[0].voucher);
  await page.keyboard.press('Enter');
  await page.waitForSelector(`[data-door=${bags[0].door}][data-mark=removed]`);
  await page.waitForSelector('form[name=scan] button:enabled'); // the answer has come: the next scan counts
  await page.fill('[name=label]', bags[1].voucher);
  await page.keyboard.press('Enter');
  await page.waitForSelector('form[name=scan] [role=alert]');
  assert.equal(await story.orderState(stage, bags[1].id), 'ready');
  await check(page, 'tour-scan');
  await page.context().close();
});

test('what the locker tells counts as well: a bag taken out at the kiosk', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: at() });
  assert.equal((await stage.api('POST', `/api/lockers/${stage.lockerId}/tour/end`, {})).status, 409);
  await page.waitForSelector('text=nog niet uitgelegd');
  const { door } = bags[2];
  await stage.cabinet('close B5');
  await story.allClosed(stage);
  await story.staffEnter(stage);
  await stage.scan(story.doorLabel(stage, door));
  await stage.waitScreen('staff-inspect-open');
  await stage.cabinet(`take ${door}`);
  await story.shut(stage, door);
  await stage.waitScreen('staff-inspect-ask');
  await stage.key('1'); // it is empty now
  await page.waitForSelector(`[data-door=${bags[2].door}][data-mark=removed]`);
  await page.context().close();
});

test('a door that no evidence settles needs words; then the tour ends and says where the bags go', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: at() });
  await page.click('[data-door=B5] button:has-text("Het lukt niet")');
  await page.fill('[data-door=B5] [name=comment]', 'slot is krom, monteur komt');
  await page.click('[data-door=B5] form button.primary');
  await page.waitForSelector('[data-door=B5][data-mark=explained]');
  for (const [look, options] of Object.entries({ dark: { dark: true }, narrow: { width: 320, height: 640 }, english: { language: 'en' } })) {
    const other = await open(stage, 'hub', { at: at(), ...options });
    await other.waitForSelector('[data-door=B5]');
    await check(other, `tour-${look}`);
    await other.context().close();
  }
  await page.click('button:has-text("De ronde is klaar")');
  await page.waitForSelector('.notice.good:has-text("2 zakken zijn terug")');
  await check(page, 'tour-ended');
  assert.equal((await tour()).open, false);
  await page.context().close();
});
