// SPDX-License-Identifier: Apache-2.0
// Without the broker: a bag is loaded and collected, and every event arrives once and in order when it returns. The broker killed under load.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage, sleep } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';

const KILLS = process.env.MEDLOCKER_LONG ? 200 : 20;
let stage;
let n = 0;

before(async () => {
  stage = new Stage({ seed: 11 });
  await stage.start();
}, { timeout: 300000 });
after(() => stage?.stop());

const packed = async () => {
  const o = await story.order(stage, { reference: `offline-${++n}` });
  return story.pack(stage, o.id);
};

test('a bag is loaded and collected without the broker, and told afterwards in order', async () => {
  const bag = await packed();
  await story.badge(stage);
  await story.untilDrained(stage);
  await stage.broker.stop('SIGKILL');
  const [door] = await story.loadAll(stage, bag);
  assert.equal(await story.collect(stage, bag), door);
  assert.ok((await stage.lockerctl('status')).outbox >= 5);
  await stage.startBroker();
  await story.untilState(stage, bag.id, 'collected', 60000);
  assert.ok((await story.wholeHistory(stage)).count > 10);
  assert.equal((await stage.ok('GET', `/api/orders/${bag.id}`)).state, 'collected');
});

test(`the broker is killed ${KILLS} times under load and nothing is lost or doubled`, { timeout: 1200000 }, async () => {
  const bags = [];
  for (let i = 0; i < 3; i++) bags.push(await packed());
  await story.loadAll(stage, ...bags);
  let working = true;
  const load = (async () => {
    for (const bag of bags) await story.collect(stage, bag);
    // Doors that people play with: a steady stream of events.
    while (working) {
      await stage.cabinet('force B6');
      await sleep(120);
      await stage.cabinet('close B6');
      await sleep(420);
    }
  })();
  for (let i = 0; i < KILLS; i++) {
    await sleep(100 + ((i * 7919) % 900));
    await stage.broker.stop('SIGKILL');
    await stage.startBroker();
  }
  working = false;
  await load;
  await story.untilDrained(stage, 60000);
  for (const bag of bags) await story.untilState(stage, bag.id, 'collected');
  assert.ok((await story.wholeHistory(stage)).count > 40);
  await stage.lockerctl('verify');
  await stage.hubctl('verify');
});
