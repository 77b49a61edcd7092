// SPDX-License-Identifier: Apache-2.0
// A patient walks off and leaves the door open. The times are those of the product; every step of it runs in virtual time in tests/unit/test_pickup.c.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';

let stage;
before(async () => {
  stage = new Stage({ seed: 17 });
  await stage.start();
}, { timeout: 300000 });
after(() => stage?.stop());

test('a door left open is asked for after 45 seconds and stops nobody once it is closed', { timeout: 300000 }, async () => {
  const bags = [];
  for (const n of [1, 2]) bags.push(await story.pack(stage, (await story.order(stage, { reference: `open-${n}` })).id));
  await story.loadAll(stage, ...bags);
  const before = Date.now();
  const door = await story.openByCode(stage, bags[0].code);
  await stage.cabinet(`take ${door}`);
  await until('the screen to ask for the door', async () => (await stage.screen()).screen === 'close', 120000, 250);
  const waited = Date.now() - before;
  assert.ok(waited >= 45000, `${waited} ms after the first key`);
  assert.equal((await stage.screen()).buzzer, true);
  await story.shut(stage, door);
  await stage.waitScreen('done', 'start');
  await until('the buzzer to stop', async () => !(await stage.screen()).buzzer);
  await story.untilState(stage, bags[0].id, 'collected');
  await stage.waitScreen('start');
  await story.collect(stage, bags[1]);
  await story.untilState(stage, bags[1].id, 'collected');
});

test('after five minutes the hub is told', { skip: process.env.MEDLOCKER_LONG ? false : 'takes five minutes: make check-long', timeout: 400000 }, async () => {
  const bag = await story.pack(stage, (await story.order(stage, { reference: 'open-3' })).id);
  await story.loadAll(stage, bag);
  const door = await story.openByCode(stage, bag.code);
  await until('the fault', async () => JSON.stringify(await stage.ok('GET', '/api/faults')).includes(door), 330000, 1000);
  await story.shut(stage, door);
});
