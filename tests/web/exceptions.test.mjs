// SPDX-License-Identifier: Apache-2.0
// One list of what needs a decision: it fills by what happens at the doors, and empties by evidence only.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { open, check, close, TEST_MS } from './browser.mjs';

let stage;
const bags = {};
const inbox = async () => (await stage.ok('GET', '/api/exceptions')).exceptions;
const untilListed = (kind) => until(`${kind} to be listed`, async () => (await inbox()).some((x) => x.kind === kind));
const untilGone = (kind) => until(`${kind} to be gone`, async () => !(await inbox()).some((x) => x.kind === kind));
const card = (kind) => `[data-exception=${kind}]`;

before(async () => {
  stage = new Stage({ seed: 12 });
  await stage.start();
  for (const name of ['withdrawn', 'jam', 'forced', 'reported']) bags[name] = await story.pack(stage, (await story.order(stage, { reference: name, patient: `P. ${name}`, size: 'S' })).id);
  const doors = await story.loadAll(stage, ...Object.values(bags));
  Object.keys(bags).forEach((name, i) => (bags[name].door = doors[i]));
  for (const bag of Object.values(bags)) await story.untilState(stage, bag.id, 'ready');
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

test('with nothing to decide the list says so', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/exceptions' });
  await page.waitForSelector('.empty-list');
  await check(page, 'exceptions-empty');
  await page.context().close();
});

test('a bag that was asked back waits for its locker, then to be fetched', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/exceptions' });
  await page.waitForSelector('.empty-list');
  await stage.locker.stop();
  await stage.ok('POST', `/api/orders/${bags.withdrawn.id}/withdraw`, {});
  await page.waitForSelector(card('withdrawing'));
  await check(page, 'exceptions-pending');
  await stage.startLocker();
  await page.waitForSelector(card('withdrawn'));
  assert.equal(await page.getAttribute(`${card('withdrawn')} [data-act=tour]`, 'href'), `#/tour/${stage.lockerId}`);
  await page.context().close();
});

test('a door that jams is listed until it opens; a call is written down on the spot', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/exceptions' });
  await stage.waitScreen('start');
  await stage.cabinet(`jam ${bags.jam.door} on`);
  await stage.type(bags.jam.code);
  await stage.waitScreen('jam');
  await page.waitForSelector(card('jam'));
  await page.click(`${card('jam')} [data-act=call]`);
  await page.fill(`${card('jam')} [name=note]`, 'komt morgen terug');
  await check(page, 'exceptions-call');
  await page.click(`${card('jam')} form[name=contact] button.primary`);
  await page.waitForSelector(`${card('jam')} form[name=contact]`, { state: 'detached' });
  const { contacts } = await stage.ok('GET', `/api/orders/${bags.jam.id}`);
  assert.deepEqual(contacts.map(({ how, outcome, note, by }) => ({ how, outcome, note, by })), [{ how: 'telephone', outcome: 'told', note: 'komt morgen terug', by: 'pharmacist1' }]);
  await stage.cabinet(`jam ${bags.jam.door} off`);
  await stage.key('ok');
  await stage.waitScreen('open');
  await story.takeAndClose(stage, bags.jam.door);
  await page.waitForSelector(card('jam'), { state: 'detached' });
  await page.context().close();
});

test('what somebody says at the door is listed with their words, until it is settled', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/exceptions' });
  await story.allClosed(stage);
  await stage.waitScreen('start', 'done');
  const door = await story.openByCode(stage, bags.reported.code);
  await stage.key('help');
  await stage.waitScreen('report');
  await stage.key('1'); // nothing in it
  await story.shut(stage, door);
  await page.waitForSelector(card('reported'));
  assert.match(await page.textContent(card('reported')), /er lag niets in/);
  await check(page, 'exceptions-reported');
  await page.click(`${card('reported')} button:has-text("Opgelost")`);
  await page.fill(`${card('reported')} [name=comment]`, 'zak lag nog in de apotheek');
  await page.click(`${card('reported')} form.act button.primary`);
  await page.waitForSelector(card('reported'), { state: 'detached' });
  await page.waitForSelector(`[data-order="${bags.reported.id}"]`); // the order itself is still not certain
  await page.context().close();
});

test('a forced door comes first, and no act that is impossible is offered', { timeout: TEST_MS }, async () => {
  await stage.cabinet(`force ${bags.forced.door}`);
  await untilListed('forced');
  assert.equal((await inbox())[0].kind, 'forced');
  for (const x of await inbox())
    for (const act of x.acts.filter((a) => ['withdraw', 'take_back', 'counter', 'restock', 'pack'].includes(a))) assert.ok(x.order.may.includes(act), `${x.kind}: ${act}`);
  for (const [look, options] of Object.entries({ wide: {}, dark: { dark: true }, narrow: { width: 320, height: 640 }, english: { language: 'en' } })) {
    const page = await open(stage, 'hub', { at: '#/exceptions', ...options });
    await page.waitForSelector(card('forced'));
    await check(page, `exceptions-${look}`);
    await page.context().close();
  }
  await stage.cabinet(`close ${bags.forced.door}`);
});

test('the bag is scanned back and put away: the list is empty of it', { timeout: TEST_MS }, async () => {
  const page = await open(stage, 'hub', { at: '#/exceptions' });
  await page.click(`${card('withdrawn')} button:has-text("Zak is terug")`);
  await page.click(`${card('withdrawn')} form.act button.primary`);
  await page.waitForSelector(card('returned'));
  assert.equal(await page.$(card('withdrawn')), null);
  await page.click(`${card('returned')} button:has-text("Terug op voorraad")`);
  await page.click(`${card('returned')} form.act button.primary`);
  await page.waitForSelector(card('returned'), { state: 'detached' });
  await untilGone('returned');
  await page.context().close();
});
