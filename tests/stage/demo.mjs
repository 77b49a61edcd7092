// SPDX-License-Identifier: Apache-2.0
// make demo: one story on real processes and real wires. Each step is a line; the last one counts.
import { Stage, until } from './stage.mjs';
import * as story from './story.mjs';
import { wrongCode } from './damm.mjs';

const started = Date.now();
const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s  ${text}`);
const stage = new Stage({ baud: 115200 });
let collected = 0;

async function codeToPulse(packed) {
  const before = await story.pulses(stage);
  const t = performance.now();
  const opening = story.openByCode(stage, packed.code);
  await until('a pulse', async () => (await story.pulses(stage)) > before, 10000, 2);
  const ms = Math.round(performance.now() - t);
  return { door: await opening, ms };
}

try {
  await stage.start();
  say('broker (TLS 1.3), hub, locker and a cabinet of 24 doors are up; the locker was enrolled with keys made just now');

  // 1. A bag from a dispensing record to a patient's hand.
  const first = await story.order(stage);
  say(`the hub took a dispensing record (${first.source}) as an order`);
  const bag = await story.pack(stage, first.id);
  say('the pharmacist packed it: bag label with voucher, slip with code');
  const [door1] = await story.loadAll(stage, bag);
  say(`badge and PIN, bag scanned, door ${door1} opened, bag in, door closed, door label scanned`);
  await story.untilState(stage, first.id, 'ready');
  say('the hub says: ready; the patient may be told');
  const { door, ms } = await codeToPulse(bag);
  say(`the patient typed the code; ${ms} ms after the first key the lock of door ${door} was pulsed`);
  await story.takeAndClose(stage, door);
  await story.untilState(stage, first.id, 'collected');
  const evidence = await stage.ok('GET', `/fhir/MedicationDispense/${first.id}`);
  if (evidence.status !== 'completed' || !evidence.whenHandedOver) throw new Error('no evidence of the hand-over');
  collected++;
  say(`taken, closed; the hub answers with MedicationDispense.whenHandedOver = ${evidence.whenHandedOver}`);

  // 2. One bag offline: the broker is away from before loading until after pickup.
  const second = await story.order(stage, { reference: 'demo-2' });
  const bag2 = await story.pack(stage, second.id);
  await stage.broker.stop('SIGKILL');
  say('a second bag is packed; then the broker is killed');
  const [door2] = await story.loadAll(stage, bag2);
  await story.collect(stage, bag2);
  say(`without any network: loaded into door ${door2} by its voucher, collected with its code`);
  const waiting = (await stage.lockerctl('status')).outbox;
  await stage.startBroker();
  await story.untilState(stage, second.id, 'collected', 40000);
  await story.untilDrained(stage);
  collected++;
  say(`the broker is back: ${waiting} waiting events arrived once each and in order; the hub says: collected`);

  // 3. Two bags of one person, one visit, in the hands of a carer with a card of her own.
  const mother = { patient: 'M. Voorbeeld', birth_date: '1938-02-11' };
  const pair = [];
  for (const reference of ['demo-3', 'demo-4']) pair.push(await story.pack(stage, (await story.order(stage, { reference, ...mother })).id));
  const right = await stage.ok('POST', `/api/orders/${pair[0].id}/carers`, { name: 'D. Voorbeeld', kind: 'standing' });
  const card = (await stage.ok('GET', right.card)).match(/data-token="(4D4331[0-9A-F]+)"/)[1];
  await story.loadAll(stage, ...pair);
  await stage.waitScreen('start');
  await stage.scan(card);
  for (let n = 1; n <= pair.length; n++) {
    await story.takeAndClose(stage, (await stage.waitScreen('open')).door);
    if (n === pair.length) break;
    const next = await stage.waitScreen('next');
    say(`a daughter scanned her own card and took the first bag; the kiosk offers bag ${next.bag} of ${next.bags}`);
    await story.allClosed(stage);
    await stage.key('ok');
  }
  for (const { id } of pair) await story.untilState(stage, id, 'collected');
  const { proof } = await stage.ok('GET', `/api/orders/${pair[1].id}`);
  if (proof.actor !== 'carer') throw new Error(`the record says ${proof.actor}, not carer`);
  collected += pair.length;
  say('both bags are collected; the record tells the carer from the patient');

  // 4. A jam, a forced door, a wrong code.
  const third = await story.order(stage, { reference: 'demo-5' });
  const bag3 = await story.pack(stage, third.id);
  const [door3] = await story.loadAll(stage, bag3);
  await stage.cabinet(`jam ${door3} on`);
  await stage.type(bag3.code);
  await stage.waitScreen('jam');
  say(`door ${door3} jams: the kiosk says "push lightly and press OK"`);
  await stage.cabinet(`jam ${door3} off`);
  await stage.key('ok');
  await stage.waitScreen('open');
  await story.takeAndClose(stage, door3);
  await story.untilState(stage, third.id, 'collected');
  collected++;
  say(`the second try opened the same door; collected`);

  await stage.cabinet('force B8');
  await until('the forced door to be known at the hub', async () =>
    (await stage.ok('GET', '/api/faults')).faults.some((f) => JSON.stringify(f).includes('forced')));
  say('door B8 was forced open: alarm at the hub, the compartment waits for inspection');
  await stage.cabinet('close B8');

  await stage.waitScreen('start', 'done');
  await stage.type(wrongCode(bag3.code));
  await stage.waitScreen('refused');
  say('a wrong code: not accepted, nothing moved; the next try asks for the day of birth too');

  const verify = await stage.lockerctl('verify');
  say(`the locker's journal is a whole chain of ${verify.rows} rows`);
  const dangerous = (await stage.cabinet('counts')).dangerous;
  if (dangerous) throw new Error(`${dangerous} dangerous frames on the bus`);
  await stage.stop();
  console.log(`demo: ok collected=${collected} code_to_pulse_ms=${ms}`);
  process.exit(0);
} catch (e) {
  stage.keep = true;
  console.error(`demo: FAILED: ${e.message}\nlogs: ${stage.dir}`);
  process.exitCode = 1;
  await stage.stop().catch(() => {});
  process.exit(1);
}
