// SPDX-License-Identifier: Apache-2.0
// The pages of accounts and administration: users, the own account, a second factor, rules, lockers, the audit, and the question who somebody is.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Stage } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { PICTURES, open, check, close, TEST_MS } from './browser.mjs';

let stage;

before(async () => {
  stage = new Stage({ seed: 5 });
  await stage.start();
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

async function as(role, at, options = {}) {
  await stage.login(role);
  return open(stage, 'hub', { ...options, at });
}

const leave = (page) => page.context().close();

async function logIn(page, name, password, code) {
  await page.fill('form[name=login] [name=name]', name);
  await page.fill('form[name=login] [name=password]', password);
  if (code) await page.fill('form[name=login] [name=totp]', code);
  await page.click('form[name=login] button.primary');
}

// RFC 6238, as an app on a telephone does it.
function codeOf(base32, steps = 0) {
  const bits = [...base32].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + steps));
  const mac = createHmac('sha1', key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

test('an administrator adds a user, who chooses a password before anything else', { timeout: TEST_MS }, async () => {
  const admin = await as('admin', '#/users');
  await admin.waitForSelector('form[name=user]');
  await admin.fill('form[name=user] [name=name]', 'nora');
  await admin.fill('form[name=user] [name=full_name]', 'Nora Jansen');
  await admin.click('form[name=user] button.primary');
  const password = await admin.textContent('.secret');
  await admin.waitForSelector('[data-table=users] a[href="#/users/nora"]');
  await check(admin, 'users-added');
  await leave(admin);

  const nora = await open(stage, 'hub', { stranger: true, width: 320, height: 640 });
  await logIn(nora, 'nora', password);
  await nora.waitForSelector('form[name=password]');
  assert.equal(await nora.$$eval('header nav a', (links) => links.length), 0);
  await check(nora, 'me-must-password');
  await nora.fill('form[name=password] [name=password]', password);
  await nora.fill('[name=new_password]', 'zon maan sterren');
  await nora.fill('[name=repeat]', 'zon maan sterrem');
  await nora.click('form[name=password] button.primary');
  await nora.waitForSelector('[role=alert] >> text=niet gelijk');
  await nora.fill('[name=repeat]', 'zon maan sterren');
  await nora.click('form[name=password] button.primary');
  await nora.waitForSelector('header nav a', { state: 'attached' });
  await leave(nora);
});

test('an administrator changes, disables and resets a user; the last administrator stays', { timeout: TEST_MS }, async () => {
  const page = await as('admin', '#/users/pharmacist1');
  await page.waitForSelector('[data-user=pharmacist1]');
  await check(page, 'user-chosen');
  await page.click('text=Zet uit en trek passen in');
  await page.waitForSelector('text=Zet weer aan');
  await page.click('text=Zet weer aan');
  await page.waitForSelector('text=Zet uit en trek passen in');
  await page.goto(`${stage.hubUrl}/#/users/admin1`);
  await page.waitForSelector('[data-user=admin1]');
  await page.click('text=Zet uit en trek passen in');
  await page.waitForSelector('[role=alert] >> text=last administrator');
  assert.equal(await page.$('text=Geef een nieuw wachtwoord'), null); // the own one is changed on the own page
  await page.goto(`${stage.hubUrl}/#/users/nora`);
  await page.waitForSelector('[data-user=nora]');
  await page.click('text=Geef een nieuw wachtwoord');
  const password = await page.textContent('.secret');
  assert.match(password, /^[a-z2-9]{4}(-[a-z2-9]{4}){4}$/);
  await check(page, 'user-reset');
  await leave(page);
});

test('a telephone becomes the second factor, and the log-in asks for its code', { timeout: TEST_MS }, async () => {
  const page = await as('pharmacist', '#/me');
  await page.click('text=Stel een app in');
  await page.waitForSelector('.square path');
  const secret = (await page.textContent('.secret')).replaceAll(' ', '');
  await check(page, 'me-factor');
  await page.fill('[name=code]', '000000');
  await page.click('form[name=factor] button.primary');
  await page.waitForSelector('form[name=factor] [role=alert]');
  await page.fill('[name=code]', codeOf(secret));
  await page.click('form[name=factor] button.primary');
  await page.waitForSelector('.spares li');
  const spares = await page.$$eval('.spares li', (l) => l.map((e) => e.textContent));
  assert.equal(new Set(spares).size, 10);
  await page.waitForSelector('text=De app staat aan');
  await check(page, 'me-spares');
  await page.click('text=Log uit');
  const { name, password } = stage.users.pharmacist;
  assert.equal(await page.$('[name=totp]'), null);
  await logIn(page, name, password);
  await page.waitForSelector('[name=totp]');
  await page.waitForSelector('[role=alert] >> text=de code ontbreekt');
  await check(page, 'login-code');
  await logIn(page, name, password, '000000');
  await page.waitForSelector('[role=alert] >> text=Naam, wachtwoord of code');
  await logIn(page, name, password, codeOf(secret, 1));
  await page.waitForSelector('header nav a');
  await page.goto(`${stage.hubUrl}/#/me`);
  await page.click('text=Zet de app uit');
  await page.waitForSelector('text=Stel een app in');
  await leave(page);
});

test('before a dangerous act the page asks who it is and then does it; stopping changes nothing', { timeout: TEST_MS }, async () => {
  const page = await as('admin', '#/policies');
  let asked = 0;
  await page.route('**/api/policies/cap.open_hour', (route) =>
    asked++ % 2 === 0 ? route.fulfill({ status: 401, contentType: 'application/json', body: '{"error":"again","need":"again"}' }) : route.continue());
  const form = 'form[name="cap.open_hour"]';
  await page.fill(`${form} [name=value]`, '4');
  await page.click(`${form} button.primary`);
  await page.waitForSelector('dialog[open]');
  await check(page, 'again');
  await page.keyboard.press('Escape');
  await page.waitForSelector(`${form} [role=alert] >> text=Er is niets veranderd`);
  await page.waitForFunction(() => document.activeElement.closest('form')?.name === 'cap.open_hour');
  asked = 0;
  await page.click(`${form} button.primary`);
  await page.fill('dialog [name=proof]', 'not the password');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog [role=alert] >> text=Dit klopt niet');
  await page.fill('dialog [name=proof]', stage.users.admin.password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-policy="cap.open_hour"] >> text=Bewaard.');
  assert.equal(await page.$('dialog'), null);
  await page.unroute('**/api/policies/cap.open_hour');
  await check(page, 'policies-saved');
  await page.click('[data-policy="cap.open_hour"] >> text=Terug naar de standaard');
  await page.waitForFunction(() => document.querySelector('form[name="cap.open_hour"] [name=value]').value === '10');
  await leave(page);
});

test('a pharmacy that shares the lockers is on the paper of its orders', { timeout: TEST_MS }, async () => {
  const page = await as('admin', '#/policies', { width: 320, height: 640, dark: true });
  await page.waitForSelector('form[name=pharmacy]');
  await page.fill('form[name=pharmacy] [name=name]', 'Apotheek Zuid');
  await page.fill('form[name=pharmacy] [name=ura]', '87654321');
  await page.fill('form[name=pharmacy] [name=telephone]', '0900 5555');
  await page.click('form[name=pharmacy] button.primary');
  await page.waitForSelector('[data-table=pharmacies] >> text=87654321');
  await check(page, 'pharmacies');
  await leave(page);
  await stage.login();
  const form = await open(stage, 'hub', { at: '#/new' });
  await form.waitForSelector('[name=pharmacy]');
  await form.fill('form[name=order] [name=patient]', 'J. Voorbeeld');
  await form.selectOption('[name=pharmacy]', '87654321');
  await form.click('form[name=order] button.primary');
  await form.waitForFunction(() => location.hash.startsWith('#/order/'));
  const id = await form.evaluate(() => location.hash.split('/')[2]);
  await leave(form);
  await stage.ok('POST', `/api/orders/${id}/pack`, { locker: stage.lockerId });
  const slip = await stage.ok('GET', `/api/orders/${id}/slip`);
  assert.match(slip, /Apotheek Zuid/);
  assert.match(slip, /0900 5555/);
  assert.ok(!slip.includes('Apotheek Voorbeeld'));
});

test('the patient gets a page of who did what', { timeout: TEST_MS }, async () => {
  await stage.login();
  const { id } = await story.order(stage, { reference: 'trail-1' });
  const bag = await story.pack(stage, id);
  await story.loadAll(stage, bag);
  const page = await open(stage, 'hub', { at: `#/order/${id}` });
  const [paper] = await Promise.all([page.context().waitForEvent('page'), page.click('text=Overzicht voor de patiënt')]);
  await paper.waitForSelector('.trail tbody tr');
  const text = await paper.textContent('.trail');
  assert.match(text, /pharmacist1 \(apotheek\) pakte de zak in\./);
  assert.match(text, /pharmacist1 \(apotheek\) legde uw zak achter deur [A-C][1-8]\./);
  await paper.screenshot({ path: path.join(PICTURES, 'trail.png'), fullPage: true });
  await leave(page);
});

test('a colleague types the own password for a badge; an own badge needs none', { timeout: TEST_MS }, async () => {
  await stage.login('logistics');
  const page = await as('pharmacist', '#/service');
  await page.waitForSelector('form[name=badge]');
  assert.equal(await page.$('form[name=badge] [name=password]'), null);
  await page.selectOption('form[name=badge] [name=user]', 'logistics1');
  await page.fill('form[name=badge] [name=password]', stage.users.logistics.password);
  await page.fill('form[name=badge] [name=pin]', '2580');
  await check(page, 'badge-colleague');
  await page.click('form[name=badge] button.primary');
  await page.waitForSelector('text=Print de pas');
  await page.waitForSelector('[data-table=badges] tbody tr');
  await leave(page);
});

test('the audit is searched, read page by page and taken along as a whole by the hub', { timeout: TEST_MS }, async () => {
  await stage.login('admin');
  await stage.ok('POST', '/api/policies/cap.recode_order', { value: 6 });
  for (let i = 0; i < 110; i++) await stage.ok('POST', '/api/policies/cap.recode_order', { value: 4 + (i % 2) });
  await stage.ok('POST', '/api/policies/cap.recode_order', { value: null });
  const page = await open(stage, 'hub', { at: '#/audit', width: 1440 });
  const told = (words) => page.waitForSelector(`[data-table=audit] .table-count:has-text("${words}")`);
  await page.waitForFunction(() => document.querySelectorAll('[data-table=audit] tbody tr').length === 100);
  await page.fill('[name="audit.q"]', 'cap.recode_order 6');
  await told('2 rijen'); // the oldest of them is far behind the first page
  await check(page, 'audit-search');
  await page.fill('[name="audit.q"]', 'cap.recode_order');
  await told('Rij 1 tot en met 100 van 112');
  await page.click('nav button:has-text("Volgende pagina")');
  await told('Rij 101 tot en met 112 van 112');
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('[data-table=audit] button >> text=CSV')]);
  const lines = readFileSync(await file.path(), 'utf8').trim().split('\r\n');
  assert.equal(lines.length, 113);
  assert.match(lines[112], /policy\.changed,cap\.recode_order,3 -> 6/);
  await page.selectOption('[name="audit.is.what"]', 'policy.changed');
  await page.selectOption('[name="audit.is.who"]', 'admin1');
  await told('Rij 1 tot en met 100 van 112');
  await page.click('[data-sort=seq]');
  await page.waitForSelector('[data-table=audit] tbody tr:first-child >> text=3 -> 6');
  await page.fill('[name="audit.is.to"]', '2020-01-01');
  await page.dispatchEvent('[name="audit.is.to"]', 'change');
  await page.waitForSelector('text=Geen rij past bij wat u zoekt.');
  await page.context().close();
  const small = await open(stage, 'hub', { at: '#/audit', width: 320, height: 640 });
  await small.waitForSelector('[data-table=audit] tbody tr');
  await check(small, 'audit-320');
  await leave(small);
});

test('the audit names a bag as every page does, and leads only those there who may read it', { timeout: TEST_MS }, async () => {
  await stage.login('pharmacist');
  const order = await story.order(stage, { reference: 'audit-bag' });
  for (const [role, links] of [['admin', 0], ['pharmacist', 1]]) {
    const page = await as(role, '#/audit?audit.is.what=order.registered');
    const row = page.locator('[data-table=audit] tbody tr').filter({ hasText: `Zak ${order.number}` }).first();
    await row.waitFor();
    assert.match(await row.textContent(), /formulier/);
    assert.equal(await row.locator('a').count(), links);
    await leave(page);
  }
});

test('a locker gets an address and hours and is revoked', { timeout: TEST_MS }, async () => {
  const page = await as('admin', `#/lockers/${stage.lockerId}`);
  await page.fill('form[name=address] [name=address]', 'Stationsplein 1, Dorp');
  const age = await page.textContent('[data-table=lockers] td.time');
  await page.waitForFunction((before) => document.querySelector('[data-table=lockers] td.time').textContent !== before, age); // drawn anew
  assert.equal(await page.inputValue('form[name=address] [name=address]'), 'Stationsplein 1, Dorp');
  await page.click('form[name=address] button.primary');
  await page.waitForSelector('[data-table=lockers] >> text=Stationsplein 1, Dorp');
  await page.fill('form[name=hours] [name=hours]', '07:00-22:00');
  await page.click('form[name=hours] button.primary');
  await page.waitForSelector('[data-table=lockers] >> text=07:00-22:00');
  await page.click('summary');
  await check(page, 'locker-admin');
  await page.click('details button.danger');
  await page.waitForSelector('[role=status] >> text=is ingetrokken');
  await check(page, 'locker-revoked');
  await leave(page);
});
