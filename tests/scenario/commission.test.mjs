// SPDX-License-Identifier: Apache-2.0
// A new cabinet: no door takes a bag before it was tested, and two doors wired for each other are found by the label of the open one.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';

let stage;
let bag;
before(async () => {
  stage = new Stage({ seed: 11 });
  stage.commissioning = 'required';
  await stage.start();
  const o = await story.order(stage, { reference: 'commission-1' });
  bag = await story.pack(stage, o.id);
}, { timeout: 300000 });
after(() => stage?.stop());

const isTested = async (door) => (await stage.lockerctl('doors')).doors.find((d) => d.door === door).commissioned;
const notice = (name) => until(`the notice ${name}`, async () => (await stage.screen()).notice === name);

// Chooses a door by its number; gives the door that really stands open then.
async function choose(number) {
  await story.allClosed(stage);
  await stage.type(String(number));
  await stage.key('ok');
  await stage.waitScreen('staff-test-open');
  return (await stage.cabinet('doors')).doors.find((d) => d.open).door;
}

test('an untested door takes no bag', async () => {
  await story.allClosed(stage);
  await story.staffEnter(stage);
  const before = await story.pulses(stage);
  await stage.scan(bag.voucher);
  await notice('untested');
  assert.equal(await story.pulses(stage), before);
  assert.equal(await isTested('A1'), 'no');
});

test('two doors whose locks and contacts are swapped alike are found', async () => {
  await stage.cabinet('wire A1 A2 strike');
  await stage.cabinet('wire A1 A2 contact');
  const open = await choose(1);
  assert.equal(open, 'A2');
  await stage.scan(story.doorLabel(stage, open));
  await notice('wrong-door');
  await story.shut(stage, open);
  assert.equal(await isTested('A1'), 'no');
  await story.allClosed(stage);
  await stage.cabinet('wire A1 A2 strike');
  await stage.cabinet('wire A1 A2 contact');
});

test('a tested door takes a bag, also after a restart', async () => {
  const open = await choose(1);
  assert.equal(open, 'A1');
  await stage.scan(story.doorLabel(stage, open));
  await stage.waitScreen('staff-inspect-open');
  await story.shut(stage, open);
  await notice('tested');
  await stage.key('1');
  await stage.waitScreen('staff-menu');
  await story.staffLeave(stage);
  await stage.locker.stop();
  await stage.startLocker();
  assert.equal(await isTested('A1'), 'yes');
  assert.equal(await isTested('A2'), 'no');
  assert.deepEqual(await story.loadAll(stage, bag), ['A1']);
  assert.equal(await story.collect(stage, bag), 'A1');
  await story.wholeHistory(stage);
});
