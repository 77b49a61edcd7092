// SPDX-License-Identifier: Apache-2.0
// Tickets: faults as work, with somebody who looks after them and a history; closed by evidence, or by people where none can come.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage, until } from '../stage/stage.mjs';
import { open, check, close, TEST_MS } from './browser.mjs';
import { writePast } from './past.mjs';

let stage;
const tickets = async () => (await stage.ok('GET', '/api/faults')).faults;

before(async () => {
  stage = new Stage({ seed: 34 });
  await stage.start();
  const now = Date.now();
  const old = (kind, subject, detail, ago) =>
    `INSERT INTO faults(locker,kind,subject,detail,opened_ms,last_ms,times,closed_ms,closed_by,comment,taken_by,flaps) VALUES(x'${stage.lockerId}',${kind},'${subject}','${detail}',${now - ago},${now - ago / 2},3,0,'','','',2);`;
  await writePast(stage, [old(5, 'relay2', 'A1 moved instead of A2', 7200000), old(9, '', '12 wrong codes in an hour', 3600000)]);
  await stage.cabinet('force B5');
  await until('the forced door to be a ticket', async () => (await tickets()).some((f) => f.kind === 'forced'));
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

for (const [look, options] of Object.entries({ wide: {}, dark: { dark: true }, narrow: { width: 320, height: 640 }, english: { language: 'en' } }))
  test(`tickets are a list to work through: ${look}`, { timeout: TEST_MS }, async () => {
    const page = await open(stage, 'hub', { at: '#/tickets', ...options });
    await page.waitForSelector('[data-fault=forced]');
    const [faults, counted] = await page.evaluate(() => [document.querySelectorAll('[data-fault]').length, document.querySelector('header nav a[href="#/tickets"] .count').textContent]);
    assert.equal(counted, String(faults));
    await check(page, `tickets-${look}`);
    await page.context().close();
  });

test('taking and noting a ticket is written into its history; where evidence comes, nobody can close it', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/tickets' });
  await page.click('[data-fault=forced] button:has-text("Ik kijk ernaar")');
  await page.waitForSelector('[data-fault=forced] td:has-text("pharmacist1")');
  await page.click('[data-fault=forced] a');
  await page.waitForSelector('.timeline li');
  assert.equal(await page.locator('button:has-text("Opgelost")').count(), 0);
  assert.match(await page.textContent('.notice'), /Gaat dicht als/);
  await page.click('button:has-text("Schrijf erbij")');
  await page.fill('input[name=comment]', 'Slot vervangen.');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.timeline p:has-text("Slot vervangen.")');
  assert.equal(await page.locator('.timeline li').count(), 3);
  await check(page, 'tickets-one');
  await page.context().close();
});

test('a ticket that no evidence can close is closed by people, with what they found', { timeout: TEST_MS }, async () => {
  const wiring = (await tickets()).find((f) => f.kind === 'wiring');
  const page = await open(stage, 'hub', { at: `#/tickets/${wiring.id}`, width: 320, height: 640 });
  await page.click('button:has-text("Opgelost")');
  await page.fill('input[name=comment]', 'Draden lagen verkeerd.');
  await check(page, 'tickets-close-narrow');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.tag.done');
  assert.ok(!(await tickets()).some((f) => f.id === wiring.id));
  await page.context().close();
});

test('the filter is in the address, and an admin only looks', { timeout: TEST_MS }, async () => {
  await stage.login('admin');
  const page = await open(stage, 'hub', { at: '#/tickets?tickets.q=codes' });
  await page.waitForSelector('[data-fault=guessing]');
  assert.equal(await page.locator('tbody tr').count(), 1);
  assert.equal(await page.locator('tbody button').count(), 0);
  await page.context().close();
  await stage.login('pharmacist');
});

test('what is over is shown when somebody asks, also by a link', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/tickets?all=1' });
  await page.waitForSelector('[data-fault=wiring] .tag.done');
  await page.click('button[aria-pressed=true]');
  await page.waitForSelector('[data-fault=wiring]', { state: 'detached' });
  await page.waitForURL((url) => !url.href.includes('all=1'));
  await page.context().close();
});

test('tickets that are over come in portions, and the page says when there are older ones', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/tickets' });
  const [fault] = await tickets();
  await page.route('**/api/faults?*', (route) => {
    const below = Number(new URL(route.request().url()).searchParams.get('below') ?? 1101);
    return route.fulfill({ json: { faults: Array.from({ length: Math.min(1000, below - 1) }, (_, i) => ({ ...fault, id: below - 1 - i, closed_ms: 1 })) } });
  });
  await page.click('button:has-text("Toon ook wat voorbij is")');
  await page.waitForSelector('.notice:has-text("U ziet de nieuwste 1000")');
  await check(page, 'tickets-older');
  await page.click('button:has-text("Lees oudere")');
  await page.waitForSelector('.table-count:has-text("1100 rijen")');
  assert.equal(await page.locator('button:has-text("Lees oudere")').count(), 0);
  await page.context().close();
});
