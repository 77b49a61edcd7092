// SPDX-License-Identifier: Apache-2.0
// Help at a distance: a door that staff open together with the person at it, and a new code for a slip that was lost. A spy on the
// broker plays back what it heard.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage, until, sleep } from '../stage/stage.mjs';
import { allowSpy, startSpy, messages, publish, checkSpy } from '../stage/spy.mjs';
import * as story from '../stage/story.mjs';

let stage;
let n = 0;

before(async () => {
  stage = new Stage({ seed: 22 });
  await stage.start({ beforeBroker: allowSpy, afterBroker: startSpy });
  await story.badge(stage);
}, { timeout: 300000 });
after(() => stage?.stop());

async function loaded(fields = {}) {
  const bag = await story.pack(stage, (await story.order(stage, { reference: `remote-${++n}`, patient: `Patient ${n}`, ...fields })).id);
  [bag.door] = await story.loadAll(stage, bag);
  await story.untilState(stage, bag.id, 'ready');
  return bag;
}

const ask = (bag) => stage.api('POST', `/api/orders/${bag.id}/open`, { reason: 'hands full' });
const opening = (bag) => stage.ok('GET', `/api/orders/${bag.id}/open`);
const untilOpening = (bag, state) => until(`the opening to be ${state}`, async () => (await opening(bag)).state === state);
// As people do who pressed before they could have read it: again.
const accept = () => until('the offer to be taken', async () => {
  await stage.key('ok');
  return (await stage.screen()).screen !== 'remote';
});
const proof = async (bag) => (await stage.ok('GET', `/api/orders/${bag.id}`)).proof;

async function home() {
  if ((await stage.screen()).screen !== 'start') await stage.key('clear');
  await stage.waitScreen('start');
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

// ---------------------------------------------------------------- opening
test('a door opens when the person at the kiosk presses OK, and the record names the member of staff', async () => {
  const bag = await loaded();
  assert.equal((await opening(bag)).state, null);
  assert.equal((await ask(bag)).status, 202);
  assert.equal((await ask(bag)).status, 409); // one at a time
  await stage.waitScreen('remote');
  assert.equal((await opening(bag)).state, 'asked');
  assert.equal(await story.pulses(stage), 1); // the loading
  await accept();
  assert.equal((await stage.waitScreen('open')).door, bag.door);
  await untilOpening(bag, 'opened');
  await story.takeAndClose(stage, bag.door);
  await story.untilState(stage, bag.id, 'collected');
  const p = await proof(bag);
  assert.equal(p.actor, 'remote');
  assert.ok(p.staff);
  await home();
});

test('no is no, and without an answer nothing opens', async () => {
  const bag = await loaded();
  const moved = await story.pulses(stage);
  await ask(bag);
  await stage.waitScreen('remote');
  await stage.key('clear');
  await untilOpening(bag, 'refused');
  assert.equal((await opening(bag)).cause, 'declined');
  assert.equal(await story.pulses(stage), moved);
  await home();
});

test('a hub that was started anew in between answers nothing', { timeout: 300000 }, async () => {
  const bag = await loaded();
  const moved = await story.pulses(stage);
  await ask(bag);
  await stage.waitScreen('remote');
  await stage.hub.stop('SIGKILL');
  await stage.startHub();
  await stage.login();
  await accept();
  await sleep(2000); // would be long enough for an answer
  assert.equal(await story.pulses(stage), moved);
  assert.equal((await opening(bag)).state, null);
  await stage.key('clear');
  await home();
});

test('an answer that was recorded opens nothing, played back or retained', { timeout: 300000 }, async () => {
  const bag = await loaded();
  const heard = (typ) => until(`the spy to hear ${typ}`, () => messages(stage).findLast((m) => m.topic.endsWith('/dn/rpc') && m.payload.typ === typ));
  const answer = await heard('open.answer.v1');
  const offer = await heard('open.ask.v1');
  const moved = await story.pulses(stage);
  const refusedBefore = (await stage.lockerctl('status')).refused;
  await ask(bag);
  await stage.waitScreen('remote');
  await stage.hub.stop('SIGKILL'); // so that only the recording can answer
  await publish(stage, 'backend', answer.topic, answer.text);
  await publish(stage, 'backend', offer.topic, offer.text);
  await accept();
  await publish(stage, 'backend', answer.topic, answer.text);
  await publish(stage, 'backend', answer.topic, answer.text, ['-r']).catch(() => {});
  await until('the recording to be refused', async () => (await stage.lockerctl('status')).refused > refusedBefore);
  await sleep(1500);
  assert.equal(await story.pulses(stage), moved);
  await stage.startHub();
  await stage.login();
  await stage.key('clear');
  await home();
  assert.equal(await story.orderState(stage, bag.id), 'ready');
});

test('what must not be opened at a distance is not', async () => {
  const strict = await loaded({ class: 'controlled', birth_date: '1961-03-14' });
  assert.equal((await ask(strict)).status, 409);
  const packed = await story.pack(stage, (await story.order(stage, { reference: 'remote-packed' })).id);
  assert.equal((await ask(packed)).status, 409);
  assert.equal((await stage.api('POST', `/api/orders/${packed.id}/open`, {})).status, 422);
});

// ---------------------------------------------------------------- a new code
test('a new code opens and the old code and slip do not, from the word of the locker on', async () => {
  const bag = await loaded();
  assert.equal((await stage.api('POST', `/api/orders/${bag.id}/recode`, { reason: 'slip lost' })).status, 202);
  await until('the new code to be confirmed', async () => (await stage.ok('GET', `/api/orders/${bag.id}/recode`)).recodes[0].state === 'done');
  const slip = await stage.ok('GET', (await stage.ok('GET', `/api/orders/${bag.id}/recode`)).slip);
  const code = slip.match(/\b(\d{3}) (\d{3}) (\d{4})\b/).slice(1).join('');
  const token = slip.match(/data-token="(4D5131[0-9A-F]+)"/)[1];
  assert.notEqual(code, bag.code);
  assert.notEqual(token, bag.token);
  await refused(() => stage.type(bag.code));
  await refused(() => stage.scan(bag.token));
  await stage.waitScreen('start');
  assert.equal(await story.openByCode(stage, code), bag.door);
  await story.takeAndClose(stage, bag.door);
  await story.untilState(stage, bag.id, 'collected');
  await home();
});

test('while the locker hears nothing the old code works and nothing new is printed', { timeout: 300000 }, async () => {
  const bag = await loaded();
  await story.untilDrained(stage);
  await stage.broker.stop('SIGKILL');
  assert.equal((await stage.api('POST', `/api/orders/${bag.id}/recode`, { reason: 'slip lost' })).status, 202);
  const pending = await stage.ok('GET', `/api/orders/${bag.id}/recode`);
  assert.equal(pending.recodes[0].state, 'pending');
  assert.equal(pending.slip, null);
  assert.equal((await stage.api('GET', `/api/orders/${bag.id}/slip`)).status, 404);
  assert.equal(await story.openByCode(stage, bag.code), bag.door);
  await story.takeAndClose(stage, bag.door);
  await stage.startBroker();
  await story.untilState(stage, bag.id, 'collected', 60000);
  await until('the new code to be refused', async () => (await stage.ok('GET', `/api/orders/${bag.id}/recode`)).recodes[0].state === 'refused', 60000);
  await home();
});

test('a bag that did not leave yet gets a new label; the old one loads nothing', async () => {
  const old = await story.pack(stage, (await story.order(stage, { reference: 'remote-again', patient: 'Patient again' })).id);
  const made = await stage.ok('POST', `/api/orders/${old.id}/recode`, { reason: 'code was overheard' });
  assert.equal(made.order.load, 2);
  const label = await stage.ok('GET', made.label);
  const slip = await stage.ok('GET', made.slip);
  const bag = { id: old.id, voucher: label.match(/data-token="(4D4C31[0-9A-F]+)"/)[1], code: slip.match(/\b(\d{3}) (\d{3}) (\d{4})\b/).slice(1).join('') };
  await until('the locker to know that the old label is dead', async () => (await stage.ok('GET', `/api/orders/${old.id}`)).events.some((e) => e.type === 'order.voided.v1'));
  await story.allClosed(stage);
  await story.staffEnter(stage);
  await stage.scan(old.voucher);
  await until('the old label to be refused', async () => ((await stage.screen()).notice ?? 'none') !== 'none');
  const door = await story.load(stage, bag);
  await story.staffLeave(stage);
  assert.equal(await story.collect(stage, bag), door);
  await story.untilState(stage, bag.id, 'collected');
});

test('what went over the broker follows the contract', async () => {
  await story.untilDrained(stage);
  const report = await checkSpy(stage);
  assert.equal(report.code, 0, `${report.out}${report.err}`);
});
