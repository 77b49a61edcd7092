// SPDX-License-Identifier: Apache-2.0
// kill -9 of each process at random points while bags are loaded and collected. After each: the door states make sense, the journal is whole,
// nobody's bag was given to somebody else, and everybody still gets theirs. The seed is printed and can be given as MEDLOCKER_SEED.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { PATIENCE_MS, Stage, until, sleep } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';

const ROUNDS = process.env.MEDLOCKER_LONG ? 1000 : 102;
const seed = Number(process.env.MEDLOCKER_SEED ?? Date.now() % 1e6);
let state = seed;
// Park and Miller's generator: small, and the same everywhere.
const random = (limit) => ((state = (state * 48271) % 2147483647) % limit);

let stage;
let n = 0;
const victims = ['locker', 'hub', 'broker'];
const killed = { locker: 0, hub: 0, broker: 0 };
const ended = { collected: 0, returned: 0 };

before(async () => {
  console.log(`seed ${seed}`);
  stage = new Stage({ seed });
  await stage.start();
}, { timeout: 300000 });
after(() => stage?.stop());

const starters = { locker: () => stage.startLocker(), hub: () => stage.startHub().then(() => stage.login()), broker: () => stage.startBroker() };

async function kill(who) {
  await stage[who].stop('SIGKILL');
  killed[who]++;
  await starters[who]();
}

// Doors closed by people who are in no hurry to be perfect.
async function settle() {
  await until('all doors closed', async () => {
    // Again and again: one that is pushed while its lock still has current springs open.
    for (const d of (await stage.cabinet('doors')).doors) if (d.open) await stage.cabinet(`close ${d.door}`);
    return (await stage.lockerctl('doors')).doors.every((d) => d.contact === 'closed');
  });
}

async function home() {
  await until('the start screen', async () => {
    const s = await stage.screen();
    if (s.screen !== 'start') await stage.key('clear').catch(() => {});
    return s.screen === 'start';
  }, 70000);
}

// What must hold whenever the dust has settled.
async function invariantsHold() {
  const { doors } = await stage.lockerctl('doors');
  const orders = doors.map((d) => d.ord).filter(Boolean);
  assert.equal(new Set(orders).size, orders.length, 'an order lies in two doors');
  for (const d of doors) assert.ok(!['LOADING', 'OPENING'].includes(d.state), `${d.door} rests in ${d.state}`);
  const counts = await stage.cabinet('counts');
  assert.equal(counts.dangerous, 0);
  assert.ok((await stage.lockerctl('verify')).rows > 0);
}

// Frees a door whose content is unknown, as staff do: look inside, say what is there.
async function inspect(door) {
  await story.staffEnter(stage);
  await stage.scan(story.doorLabel(stage, door));
  await stage.waitScreen('staff-inspect-open');
  await stage.cabinet(`take ${door}`).catch(() => {}); // it may be empty
  await story.shut(stage, door);
  await stage.waitScreen('staff-inspect-ask');
  await stage.key('1');
  await stage.waitScreen('staff-menu');
  await story.staffLeave(stage);
}

// The patient types the code again; where the locker wants people to look first, they do. Either the hub has the hand-over, or staff emptied the door.
async function finishPickup(bag) {
  await story.untilDrained(stage);
  if ((await story.orderState(stage, bag.id)) !== 'collected') {
    await stage.type(bag.code);
    let s = await stage.waitScreen('open', 'refused', 'ask', 'birthday', 'jam');
    if (s.screen === 'birthday') {
      await stage.type('1403');
      s = await stage.waitScreen('open', 'refused', 'ask', 'jam');
    }
    if (s.screen === 'open') await story.takeAndClose(stage, s.door);
    await home();
    for (const d of (await stage.lockerctl('doors')).doors.filter((x) => x.state === 'CHECK' && (x.ord === bag.id || !x.ord))) await inspect(d.door);
  }
  await story.untilDrained(stage);
  const states = ['collected', 'returned'];
  await until(`order ${bag.id} to end`, async () => states.includes(await story.orderState(stage, bag.id))).catch(async (e) => {
    const { doors } = await stage.lockerctl('doors');
    const { rows } = await stage.lockerctl('journal', '25');
    throw new Error(`${e.message}: it is ${await story.orderState(stage, bag.id)}; ${JSON.stringify(doors.filter((d) => d.state !== 'FREE' && d.state !== 'TAKEN'))}
${rows.map((r) => `${r.seq} ${r.typ} ${JSON.stringify(r.dat)}`).join('\n')}`);
  });
  ended[await story.orderState(stage, bag.id)]++;
}

test(`${ROUNDS} kills while people load and collect`, { timeout: 3000000 }, async () => {
  for (let round = 0; round < ROUNDS; ) {
    const o = await story.order(stage, { reference: `kill-${seed}-${++n}` });
    const bag = await story.pack(stage, o.id);
    await story.badge(stage);

    // One kill somewhere in the loading, one somewhere in the pickup.
    for (const act of ['load', 'collect']) {
      if (round >= ROUNDS) break;
      const who = victims[round % victims.length];
      const delay = random(act === 'load' ? 2500 : 1500);
      stage.patienceMs = 15000; // what the kill broke off never comes
      const acting = (act === 'load' ? story.loadAll(stage, bag) : story.collect(stage, bag)).then(() => true, () => false);
      await sleep(delay);
      await kill(who);
      await acting;
      stage.patienceMs = PATIENCE_MS;
      round++;
      await settle();
      await home();
      await invariantsHold();
      // Whatever the kill undid, people finish by ordinary means.
      if (act === 'load') {
        for (const d of (await stage.lockerctl('doors')).doors.filter((x) => x.state === 'CHECK')) await inspect(d.door);
        const at = (await stage.lockerctl('doors')).doors.find((d) => d.ord === bag.id);
        if (!at) await story.loadAll(stage, bag);
      } else {
        await finishPickup(bag);
      }
    }
  }
  assert.ok(Object.values(killed).every((k) => k >= Math.floor(ROUNDS / 3)), JSON.stringify(killed));
  console.log(`killed ${JSON.stringify(killed)}, orders ${JSON.stringify(ended)}`);
  await stage.hubctl('verify');
});

test('the locks felt no pulse without a journal row, and the hub has the whole history', async () => {
  const { pulsed } = await story.wholeHistory(stage);
  const felt = await story.pulses(stage);
  assert.ok(felt <= pulsed, `${felt} pulses, ${pulsed} intents`);
});
