// SPDX-License-Identifier: Apache-2.0
// One order and the list of orders: what happens next, what the patient was told, what can be taken back, a table that is read in.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Stage, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { open, check, close, TEST_MS } from './browser.mjs';

let stage, order, bag;
const at = () => `#/order/${order.id}`;

before(async () => {
  stage = new Stage({ seed: 15 });
  await stage.start();
  order = await story.order(stage, { reference: 'order-1', patient: 'Zoë de Bree', language: 'tr', size: 'S' });
  bag = await story.pack(stage, order.id);
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

test('a departure is taken back, and the page says what comes next', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: at() });
  await page.waitForSelector('.next');
  await page.click('button:has-text("Koerier neemt mee")');
  await page.click('form.act button.primary');
  await page.focus('.undo button'); // it goes after a few seconds, but not while somebody is at it
  await page.waitForSelector('h1 .tag:has-text("onderweg")');
  assert.equal(await story.orderState(stage, order.id), 'in_transit');
  await check(page, 'order-undo');
  await page.click('.undo button:has-text("Maak ongedaan")');
  await page.waitForSelector('h1 .tag:has-text("ingepakt")');
  assert.equal(await story.orderState(stage, order.id), 'packed');
  await page.context().close();
});

test('the form asks when the bag may be collected, and says what is wrong with a day', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/new' });
  const field = (name) => page.locator(`form[name=order] [name=${name}]`);
  await field('patient').fill('W. Venster');
  await field('birth_date').fill('2190-01-01');
  await page.click('form[name=order] button.primary');
  await page.waitForSelector('form[name=order] [role=alert]:has-text("birth_date: is after today")');
  await field('birth_date').fill('1961-03-14');
  const from = Math.ceil(Date.now() / 3600000) * 3600 + 3600;
  const typed = (s) => page.evaluate((ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60000).toISOString().slice(0, 16), s * 1000);
  await field('not_before').fill(await typed(from));
  await page.click('form[name=order] button.primary');
  await page.waitForSelector('form[name=order] [role=alert]:has-text("not_after: must be later")');
  await field('not_after').fill(await typed(from + 2 * 86400));
  await check(page, 'new-window');
  await page.click('form[name=order] button.primary');
  await page.waitForURL(/#\/order\//);
  const made = await stage.ok('GET', `/api/orders/${new URL(page.url()).hash.split('/')[2]}`);
  assert.deepEqual([made.not_before_s, made.not_after_s], [from, from + 2 * 86400]);
  await page.context().close();
});

test('the history says in words how an order came', { timeout: TEST_MS }, async () => {
  const [table] = (await stage.ok('POST', '/api/orders/csv', 'patient,reference\nM. de Wit,came-1\n', { 'content-type': 'text/csv' })).orders;
  for (const [language, id, words] of [['nl', order.id, 'formulier'], ['en', order.id, 'form'], ['nl', table.id, 'tabel'], ['en', table.id, 'table']]) {
    const page = await open(stage, 'hub', { at: `#/order/${id}`, language });
    await page.waitForSelector('.history li');
    assert.match(await page.textContent('.history li:first-child'), new RegExp(`: ${words}$`));
    await page.context().close();
  }
});

test('a day of birth is written as people say it, wherever the reader is', { timeout: TEST_MS }, async () => {
  for (const [language, words] of [['nl', '14 maart 1961'], ['en', '14 March 1961']]) {
    const page = await open(stage, 'hub', { at: at(), language });
    await page.waitForSelector(`dl dd:has-text("${words}")`);
    await page.context().close();
  }
});

test('what the patient was told is kept in the order in which it happened, and seen by pharmacists only', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: at() });
  await page.waitForSelector('form[name=contact]');
  await page.selectOption('form[name=contact] [name=outcome]', 'no_answer');
  await page.click('form[name=contact] button.primary');
  await page.waitForSelector('.contacts li');
  await page.waitForSelector('form[name=contact] button.primary:enabled'); // the form is empty again
  assert.equal(await page.$('h1 .tag:has-text("patiënt weet het")'), null);
  await page.selectOption('form[name=contact] [name=outcome]', 'told');
  await page.fill('form[name=contact] [name=note]', 'dochter komt');
  await page.click('form[name=contact] button.primary');
  await page.waitForSelector('h1 .tag:has-text("patiënt weet het")');
  assert.equal(await page.$$eval('.contacts li', (all) => all.length), 2);
  await check(page, 'order-contacts');
  await page.context().close();
  await stage.login('logistics');
  const seen = await stage.ok('GET', `/api/orders/${order.id}`);
  assert.equal(seen.contacts, undefined);
  assert.equal(JSON.stringify(seen).includes('dochter'), false);
  assert.equal((await stage.api('POST', `/api/orders/${order.id}/contacts`, { how: 'letter', outcome: 'told' })).status, 403);
  await stage.login('pharmacist');
});

test('the slip speaks the language of the order and Dutch, on one side of A5', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { width: 559, height: 794 });
  await page.goto(`${stage.hubUrl}/api/orders/${order.id}/slip`);
  assert.match(await page.textContent('article'), /Dolaba gidin[^]*Ga naar de kluis/);
  assert.equal(await page.$$eval('.way svg', (all) => all.length), 5);
  // Chromium asks for an icon now and then, whatever the page says: that may not be a complaint of its policy.
  await page.evaluate(() => new Promise((done) => Object.assign(new Image(), { onload: done, onerror: done, src: '/favicon.ico' })));
  const mm = await page.$eval('article', (e) => (e.getBoundingClientRect().height / 96) * 25.4);
  assert.ok(mm <= 200, `${mm} mm high`);
  await check(page, 'slip-tr', { except: { region: 'a paper has no landmarks', 'landmark-one-main': 'the same' } });
  await page.context().close();
});

test('a strip that was chosen at packing is on one sheet of A4 with the slip, and is taken back on the page', { timeout: TEST_MS }, async () => {
  const other = await story.order(stage, { patient: 'Karel Kluis', language: 'uk', class: 'sensitive' });
  const page = await open(stage, 'hub', { at: `#/order/${other.id}` });
  await page.waitForSelector('form[name=pack]');
  assert.equal(await page.isChecked('form[name=pack] [name=strip]'), false);
  await page.check('form[name=pack] [name=strip]');
  await page.click('form[name=pack] button.primary');
  await page.waitForSelector('#carers li[data-state=valid]');
  await check(page, 'order-strip');
  const paper = await open(stage, 'hub', { width: 794, height: 1123 });
  await paper.goto(`${stage.hubUrl}/api/orders/${other.id}/slip`);
  assert.match(await paper.textContent('.strip'), /Відірвіть[^]*Scheur deze strook af/);
  assert.doesNotMatch(await paper.textContent('.strip'), /Karel/);
  const mm = await paper.$eval('article', (e) => (e.getBoundingClientRect().height / 96) * 25.4);
  assert.ok(mm <= 287, `${mm} mm high`);
  await check(paper, 'slip-strip', { except: { region: 'a paper has no landmarks', 'landmark-one-main': 'the same' } });
  await page.click('#carers li button:has-text("Trek in")');
  await page.waitForSelector('#carers li[data-state=revoking], #carers li[data-state=revoked]');
  await paper.reload();
  assert.equal(await paper.$('.strip'), null);
  await paper.context().close();
  await page.context().close();
});

test('a bag is replaced: asked back, fetched, packed again under a new code', { timeout: TEST_MS }, async () => {
  await story.loadAll(stage, bag);
  await story.untilState(stage, order.id, 'ready');
  const page = await open(stage, 'hub', { at: at() });
  await page.click('button:has-text("Vervang de zak")');
  await page.fill('form.act [name=comment]', 'andere dosering');
  await page.click('form.act button.primary');
  await story.untilState(stage, order.id, 'withdrawn');
  await page.waitForSelector('.next a');
  assert.equal(await page.getAttribute('.next a', 'href'), `#/tour/${stage.lockerId}`);
  await check(page, 'order-replaced');
  await page.click('button:has-text("Zak is terug")');
  await page.click('form.act button.primary');
  await page.waitForSelector('form[name=pack]');
  await page.click('form[name=pack] button.primary');
  await page.waitForSelector('h1 .tag:has-text("ingepakt")');
  const slip = await stage.ok('GET', `/api/orders/${order.id}/slip`);
  assert.equal(slip.includes(bag.token), false);
  await page.context().close();
});

test('a bag is handed over at the counter', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: at() });
  await page.click('button:has-text("Aan de balie gegeven")');
  await page.click('form.act button.primary');
  await page.waitForSelector('h1 .tag:has-text("opgehaald")');
  await page.context().close();
});

test('a table is read in; a wrong cell is told by row and column and nothing of it is kept', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/new' });
  await page.fill('form[name=csv] textarea', 'patient,size\nA. Een,S\nB. Twee,XXL\n');
  await page.click('form[name=csv] button.primary');
  await page.waitForSelector('form[name=csv] [role=alert]:has-text("Regel 3")');
  await check(page, 'new-wrong');
  await page.fill('form[name=csv] textarea', `patient,reference\n${Array.from({ length: 40 }, (_, i) => `P. ${i},csv-${i}`).join('\n')}\n`);
  await page.click('form[name=csv] button.primary');
  await page.waitForSelector('text=40 nieuwe bestellingen');
  await page.context().close();
});

test('a table that is cut in the middle goes on there, and is not read twice by mistake', { timeout: TEST_MS }, async () => {
  const table = `patient\n${Array.from({ length: 120 }, (_, i) => `K. Nip ${i}`).join('\n')}\n`;
  const made = async () => (await stage.ok('GET', '/api/orders?search=K.%20Nip&limit=1')).count;
  const page = await open(stage, 'hub', { at: '#/new' });
  let sent = 0, go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route('**/api/orders/csv?*', async (route) => {
    if (++sent === 2) await held;
    return sent === 2 ? route.abort() : route.continue();
  });
  await page.fill('form[name=csv] textarea', table);
  await page.click('form[name=csv] button.primary');
  await page.waitForSelector('.progress progress[value="50"][max="120"]');
  await check(page, 'new-progress');
  go();
  await page.waitForSelector('form[name=csv] [role=alert]:has-text("Tot en met rij 50 van 120")');
  const isCut = (w) => w.includes('ERR_FAILED'); // the cut itself, which Chromium tells when it likes
  await until('Chromium to tell of the cut', () => page.wrong.some(isCut));
  page.wrong = page.wrong.filter((w) => !isCut(w));
  assert.equal(await made(), 50);
  await check(page, 'new-cut');
  await page.click('form[name=csv] button.primary');
  await page.waitForSelector('text=120 nieuwe bestellingen');
  assert.equal(await made(), 120);
  await page.fill('form[name=csv] textarea', table);
  await page.click('form[name=csv] button.primary');
  await page.waitForSelector('.notice:has-text("Deze tabel is al gelezen")');
  await check(page, 'new-before');
  assert.equal(await made(), 120);
  await page.click('button:has-text("Lees hem toch nog eens")');
  await page.waitForSelector('text=120 nieuwe bestellingen');
  assert.equal(await made(), 240);
  await page.context().close();
});

test('the list of orders is filtered by link, sorted, and saved as a file', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/orders?orders.q=P.%2037&orders.sort=number' });
  await page.waitForSelector('[data-table=orders] tbody tr[data-order]');
  const rows = await page.$$eval('[data-table=orders] tbody tr[data-order]', (all) => all.map((r) => r.textContent));
  assert.ok(rows.length < 5 && rows.some((r) => r.includes('P. 37')), rows.join('\n'));
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('.table-tools button')]);
  assert.equal(file.suggestedFilename(), 'orders.csv');
  await page.context().close();
});

test('every order is found, however many there are: by page, by words, by day, and in the file', { timeout: TEST_MS }, async () => {
  const many = Array.from({ length: 230 }, (_, i) => `M. Velen ${i},many-${i}`).join('\n');
  await stage.ok('POST', '/api/orders/csv', `patient,reference\n${many}\n`);
  const { count } = await stage.ok('GET', '/api/orders?limit=1');
  const page = await open(stage, 'hub', { at: '#/orders?orders.is.state=all' });
  const told = (words) => page.waitForSelector(`.table-count:has-text("${words}")`);
  await told(`Rij 1 tot en met 100 van ${count}`);
  await page.click('button:has-text("Volgende pagina")');
  await told(`Rij 101 tot en met 200 van ${count}`);
  await check(page, 'orders-page');
  await page.waitForURL(/orders\.is\.page=2/);
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('.table-tools button')]);
  assert.equal(readFileSync(await file.path(), 'utf8').trim().split('\r\n').length, count + 1);
  await page.fill('input[name="orders.q"]', 'MANY-7');
  await told('11 rijen'); // 7 and 70 to 79
  assert.equal(await page.locator('[data-table=orders] tr[data-order]').count(), 11);
  await page.click('[data-sort=patient]');
  await page.waitForSelector('[data-table=orders] tbody tr:first-child:has-text("M. Velen 7")');
  await page.fill('input[name="orders.q"]', '');
  await page.fill('input[name="orders.is.to"]', '2020-01-31');
  await told('0 rijen');
  await page.context().close();
  await stage.login('logistics');
  const other = await open(stage, 'hub', { at: `#/orders?orders.q=${count}&orders.is.state=all` });
  await other.waitForSelector('.table-count:has-text("1 rij")');
  await check(other, 'orders-logistics');
  await other.context().close();
  await stage.login('pharmacist');
});

for (const [look, options] of Object.entries({ wide: {}, dark: { dark: true }, narrow: { width: 320, height: 640 }, english: { language: 'en' } }))
  test(`the orders and one of them are readable: ${look}`, { timeout: TEST_MS }, async () => {
    for (const [name, where] of Object.entries({ orders: '#/orders', order: at() })) {
      const page = await open(stage, 'hub', { at: where, ...options });
      await page.waitForSelector(name === 'orders' ? '[data-table=orders]' : '.history');
      await check(page, `${name}-${look}`);
      await page.context().close();
    }
  });
