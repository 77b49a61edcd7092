// SPDX-License-Identifier: Apache-2.0
// The page of an order: bags of one person, carers, a new code, opening at a distance; and the card of a carer as it is printed.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { open, check, close, TEST_MS } from './browser.mjs';

let stage;
let bag;
const person = { patient: 'A. Patient', birth_date: '1937-07-13' };

before(async () => {
  stage = new Stage({ seed: 31 });
  await stage.start();
  const first = await story.order(stage, { reference: 'bag-1', ...person });
  const second = await story.order(stage, { reference: 'bag-2', ...person });
  await story.pack(stage, first.id);
  bag = await story.pack(stage, second.id);
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

const at = (options = {}) => open(stage, 'hub', { at: `#/order/${bag.id}`, ...options });

test('another bag of the same person is a link away', { timeout: TEST_MS }, async () => {
  const page = await at();
  await page.waitForSelector('#together a');
  assert.match(await page.textContent('#together'), /ingepakt|Ingepakt/);
  await check(page, 'bag');
  await page.context().close();
});

test('a carer gets a card with a code that is shown once, and loses the right again', { timeout: TEST_MS }, async () => {
  const page = await at();
  await page.click('#carers summary');
  await page.fill('#carers [name=name]', 'Bea Buur');
  await page.selectOption('#carers [name=kind]', 'standing');
  await page.check('#carers [name=with_code]');
  await check(page, 'bag-carer-form');
  let asked = 0; // as if the log-in were long ago
  await page.route('**/api/orders/*/carers', (route) =>
    route.request().method() === 'POST' && asked++ === 0 ? route.fulfill({ status: 401, contentType: 'application/json', body: '{"error":"again","need":"again"}' }) : route.continue());
  await page.click('#carers button.primary');
  await page.fill('dialog[open] [name=proof]', stage.users.pharmacist.password);
  await check(page, 'bag-carer-again');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#carers [data-carer]');
  const card = await page.getAttribute('#carers [role=status] a', 'href');
  const paper = await open(stage, 'hub', { at: card.slice(1), width: 800, height: 1100 });
  assert.match(await paper.textContent('.code'), /^\d{3} \d{3} \d{4}$/);
  await check(paper, 'card-carer');
  await paper.reload();
  assert.equal(await paper.$('.code'), null);
  await paper.context().close();
  await page.click('#carers [data-carer] button.danger');
  await page.waitForSelector('#carers [data-state=revoking], #carers [data-state=revoked]');
  await page.waitForSelector('#carers [data-state=revoked]');
  await check(page, 'bag-carer-revoked');
  await page.context().close();
});

test('a packed bag gets a new label with a reason, in English and on a telephone', { timeout: TEST_MS }, async () => {
  const page = await at({ language: 'en', width: 320, height: 640 });
  await page.click('#recode button:has-text("Make a new code")');
  await page.fill('#recode input[name=comment]', 'slip lost');
  await check(page, 'bag-recode-320');
  await page.click('#recode form button.primary');
  await page.waitForFunction(() => document.querySelector('#recode')?.textContent.includes('2 more'));
  assert.equal((await stage.ok('GET', `/api/orders/${bag.id}`)).load, 2);
  await page.context().close();
});

test('a loaded bag can be opened at a distance, and gets a new code that waits for the locker', { timeout: TEST_MS }, async () => {
  const label = await stage.ok('GET', `/api/orders/${bag.id}/label`);
  await story.badge(stage);
  await story.loadAll(stage, { voucher: label.match(/data-token="(4D4C31[0-9A-F]+)"/)[1] });
  await story.untilState(stage, bag.id, 'ready');
  const page = await at({ dark: true });
  await page.click('#remote button');
  await page.fill('#remote input[name=comment]', 'hands full');
  await page.click('#remote form button.primary');
  await page.waitForSelector('#remote[data-open=asked], #remote[data-open=refused]');
  await check(page, 'bag-open-asked');
  await page.click('#recode button:has-text("Maak een nieuwe code")');
  await page.fill('#recode input[name=comment]', 'kwijt');
  await page.click('#recode form button.primary');
  await page.waitForSelector('#recode [data-recode]');
  await page.waitForSelector('#recode [data-recode=done], #recode [data-recode=refused]');
  await check(page, 'bag-recoded');
  await page.context().close();
});

test('the keys of a locker are on paper', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: 'api/key-card', width: 900, height: 1200 });
  assert.equal((await page.$$('[data-token]')).length, 16);
  await check(page, 'card-keys');
  await page.context().close();
});
