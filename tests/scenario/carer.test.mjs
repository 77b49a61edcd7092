// SPDX-License-Identifier: Apache-2.0
// Carers with rights of their own: a card for one bag, a standing card and a code over several, revoked online and while the locker
// hears nothing; the record tells carer and patient apart, and no locker or broker ever sees a name.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Stage, until } from '../stage/stage.mjs';
import { allowSpy, startSpy, checkSpy } from '../stage/spy.mjs';
import * as story from '../stage/story.mjs';

const CANARY = 'Zilvervogel';
let stage;
let n = 0;

before(async () => {
  stage = new Stage({ seed: 21 });
  await stage.start({ beforeBroker: allowSpy, afterBroker: startSpy });
  await story.badge(stage);
}, { timeout: 300000 });
after(() => stage?.stop());

// A bag in a door, of a patient of its own unless named.
async function loaded(fields = {}, packing = {}) {
  const { id } = await story.order(stage, { reference: `carer-${++n}`, patient: `Patient ${n}`, birth_date: '1961-03-14', ...fields });
  const bag = await story.pack(stage, id, packing);
  [bag.door] = await story.loadAll(stage, bag);
  await story.untilState(stage, bag.id, 'ready');
  return bag;
}

async function give(bag, fields) {
  const made = await stage.ok('POST', `/api/orders/${bag.id}/carers`, { name: `Bea ${CANARY}`, kind: 'once', ...fields });
  const page = await stage.ok('GET', made.card);
  const card = page.match(/data-token="(4D4331[0-9A-F]+)"/)[1];
  return { ...made, card, code: page.match(/\b(\d{3}) (\d{3}) (\d{4})\b/)?.slice(1).join('') };
}

const right = async (bag, id) => (await stage.ok('GET', `/api/orders/${bag.id}/carers`)).carers.find((c) => c.id === id);
const untilRight = (bag, id, state) => until(`the right to be ${state}`, async () => (await right(bag, id)).state === state, 60000);
const untilCode = (bag, id) => until('the code to work', async () => (await right(bag, id)).places[0].code === 'done', 60000);
const proof = async (bag) => (await stage.ok('GET', `/api/orders/${bag.id}`)).proof;

async function openBy(scan) {
  await stage.waitScreen('start');
  await stage.scan(scan);
  return (await stage.waitScreen('open')).door;
}

async function refused(act) {
  await stage.waitScreen('start');
  await act();
  await until('a refusal', async () => {
    const s = await stage.screen();
    return s.screen === 'refused' || (s.notice ?? 'none') !== 'none';
  });
  await stage.key('clear', 'clear');
  await stage.waitScreen('start');
}

async function collected(bag) {
  await story.takeAndClose(stage, bag.door);
  await story.untilState(stage, bag.id, 'collected');
  const s = await stage.screen();
  if (s.screen !== 'start') await stage.key('clear');
}

test('a card opens the one door it is for, once, and the record says who', async () => {
  const bag = await loaded(), other = await loaded();
  const { id, card, code } = await give(bag, {});
  assert.equal(code, undefined);
  assert.equal(await openBy(card), bag.door);
  await collected(bag);
  const p = await proof(bag);
  assert.equal(p.actor, 'carer');
  assert.equal(p.carer_name, `Bea ${CANARY}`);
  assert.equal((await right(bag, id)).state, 'used');
  await refused(() => stage.scan(card));
  assert.equal(await story.collect(stage, other), other.door); // the patient's own code
  await story.untilState(stage, other.id, 'collected');
  assert.equal((await proof(other)).actor, 'code');
  const { rows } = await stage.ok('GET', '/api/audit?action=order.collected_by_carer');
  assert.ok(rows.some((a) => a.action === 'order.collected_by_carer' && a.order === bag.id));
  assert.ok(!rows.some((a) => a.action === 'order.collected_by_carer' && a.order === other.id));
});

const trail = async (bag) => (await stage.ok('GET', `/api/orders/${bag.id}/trail?language=nl`)).replace(/<[^>]+>/g, ' ');

test('the strip of a slip opens that door once, without the locker having heard of it, and the patient reads so', async () => {
  await story.untilDrained(stage);
  const bag = await loaded({}, { strip: true });
  const [{ id, kind, name }] = (await stage.ok('GET', `/api/orders/${bag.id}/carers`)).carers;
  assert.deepEqual([kind, name], ['strip', null]);
  await stage.broker.stop('SIGKILL');
  assert.equal(await openBy(bag.strip), bag.door);
  await story.takeAndClose(stage, bag.door);
  await stage.startBroker();
  await story.untilState(stage, bag.id, 'collected', 60000);
  await stage.waitScreen('start', 'done');
  const p = await proof(bag);
  assert.deepEqual([p.actor, p.carer, p.strip], ['carer', id, true]);
  assert.equal((await right(bag, id)).state, 'used');
  await refused(() => stage.scan(bag.strip));
  const told = await trail(bag);
  assert.match(told, new RegExp(`Deur ${bag.door} ging open met de strook van uw papier`));
  assert.match(told, /Iemand met de strook van uw papier haalde de zak op/);
  assert.doesNotMatch(told, /mantelzorger|met uw code/);
});

test('a strip that was taken back, or was on a slip that was lost, opens nothing; the paper of the patient does', { timeout: 300000 }, async () => {
  const bag = await loaded({}, { strip: true });
  const [{ id }] = (await stage.ok('GET', `/api/orders/${bag.id}/carers`)).carers;
  await stage.ok('POST', `/api/carers/${id}/revoke`, {});
  await untilRight(bag, id, 'revoked');
  await refused(() => stage.scan(bag.strip));
  assert.equal(await openBy(bag.token), bag.door);
  await collected(bag);
  assert.doesNotMatch(await trail(bag), /met de strook/);

  const lost = await loaded({}, { strip: true });
  const [old] = (await stage.ok('GET', `/api/orders/${lost.id}/carers`)).carers;
  await stage.ok('POST', `/api/orders/${lost.id}/recode`, { reason: 'slip lost' });
  await untilRight(lost, old.id, 'revoked');
  const slip = await until('the new slip', async () => {
    const made = await stage.api('GET', `/api/orders/${lost.id}/slip`);
    return made.status === 200 && made.body;
  }, 30000);
  const strip = slip.match(/data-token="(4D4331[0-9A-F]+)"/)[1];
  assert.notEqual(strip, lost.strip);
  await refused(() => stage.scan(lost.strip));
  assert.equal(await openBy(strip), lost.door);
  await collected(lost);
});

test('for a strict class the strip is not enough: the code and the day of birth are asked too', { timeout: 300000 }, async () => {
  const bag = await loaded({ class: 'controlled' }, { strip: true });
  await stage.waitScreen('start');
  await stage.scan(bag.strip);
  await stage.waitScreen('code');
  await stage.key('clear', 'clear');
  await stage.waitScreen('start');
  assert.equal(await story.orderState(stage, bag.id), 'ready');
});

test('a standing card collects bag after bag of one person, and no other', async () => {
  const person = { patient: 'Oma Jansen', birth_date: '1931-02-03' };
  const first = await loaded(person), other = await loaded();
  const { card } = await give(first, { kind: 'standing' });
  assert.equal(await openBy(card), first.door);
  await collected(first);
  await stage.waitScreen('start', 'done');
  await refused(() => stage.scan(card)); // nothing of this person lies here now
  const second = await loaded(person);
  assert.equal(await openBy(card), second.door);
  await collected(second);
  assert.equal((await proof(second)).actor, 'carer');
  assert.equal(await story.orderState(stage, other.id), 'ready');
});

test("a carer's own code works when the locker has confirmed it, beside the patient's", async () => {
  const bag = await loaded();
  const { id, code } = await give(bag, { with_code: true });
  assert.match(code, /^\d{10}$/);
  assert.notEqual(code, bag.code);
  await untilCode(bag, id);
  const again = await stage.ok('GET', (await right(bag, id)).places[0].card);
  assert.ok(!/\b\d{3} \d{3} \d{4}\b/.test(again), 'the code is shown once');
  await stage.waitScreen('start');
  assert.equal(await story.openByCode(stage, code), bag.door);
  await collected(bag);
  assert.equal((await proof(bag)).actor, 'carer');
});

test('a right is dead when the locker has confirmed, and the patient keeps theirs', async () => {
  const bag = await loaded();
  const { id, card, code } = await give(bag, { with_code: true });
  await untilCode(bag, id);
  await stage.ok('POST', `/api/carers/${id}/revoke`, {});
  await untilRight(bag, id, 'revoked');
  assert.equal((await stage.api('GET', `/api/carers/${id}/card`)).status, 409);
  await refused(() => stage.scan(card));
  await refused(() => stage.type(code));
  assert.equal(await story.collect(stage, bag), bag.door);
  assert.equal((await stage.api('POST', `/api/carers/${id}/revoke`, {})).status, 409);
});

test('a locker that hears nothing is shown as not confirmed, and is right so', { timeout: 300000 }, async () => {
  const bag = await loaded({ patient: 'Opa Jansen', birth_date: '1930-01-01' });
  const { id, card } = await give(bag, { kind: 'standing' });
  await story.untilDrained(stage);
  await stage.broker.stop('SIGKILL');
  await stage.ok('POST', `/api/carers/${id}/revoke`, {});
  assert.equal((await right(bag, id)).state, 'revoking');
  assert.equal(await openBy(card), bag.door); // as the page says: it may still work there
  await story.takeAndClose(stage, bag.door);
  await stage.startBroker();
  await untilRight(bag, id, 'revoked');
  await story.untilState(stage, bag.id, 'collected', 60000);
  assert.equal((await proof(bag)).actor, 'carer');
  const next = await loaded({ patient: 'Opa Jansen', birth_date: '1930-01-01' });
  await refused(() => stage.scan(card));
  assert.equal(await story.orderState(stage, next.id), 'ready');
});

test('what went over the broker follows the contract, and no name is at the broker or the locker', async () => {
  await story.untilDrained(stage);
  const report = await checkSpy(stage);
  assert.equal(report.code, 0, `${report.out}${report.err}`);
  const all = [stage.spyFile, ...readdirSync(stage.lockerDir, { recursive: true }).map((f) => path.join(stage.lockerDir, f)), stage.log('locker')];
  for (const file of all) {
    try {
      assert.ok(!readFileSync(file).includes(CANARY), file);
    } catch (e) {
      if (e.code !== 'EISDIR') throw e;
    }
  }
});
