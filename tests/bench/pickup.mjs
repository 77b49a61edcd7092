// SPDX-License-Identifier: Apache-2.0
// From the last digit of a pickup code to the relay command on the wire, with the whole system. Several lockers run at the same
// time to save hours of waiting for doors, but only one types a code at a time, so that they do not get in each other's way.
import { Stage, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { figures, nowUs, percentile, program } from './measure.mjs';

const STAGES = 4;
const PICKUPS = 26; // at each
const ROUND = 8; // bags loaded at a time: the small doors, all on one relay board on the serial bus
const SLOW_PICKUPS = 8;
const COMMAND = /^010502/; // unit 1, write coil, flash on

let turn = Promise.resolve();

// Runs act when nobody else's is running: everything with Argon2id in it, which fills a core and its cache.
function alone(act) {
  const mine = turn.then(act);
  turn = mine.catch(() => {});
  return mine;
}

async function lastFrame(stage) {
  return (await stage.cabinet('trace')).last;
}

// Types the code; gives the microseconds from handing over the last digit to the end of the relay command on the line.
async function typed(stage, bag) {
  await stage.waitScreen('start', 'done');
  await stage.type(bag.code.slice(0, -1));
  const since = await lastFrame(stage);
  const start = nowUs();
  await stage.key(bag.code.at(-1));
  return until('the relay command', async () => {
    let { frames, last } = await stage.cabinet(`trace since ${since}`);
    while (frames.length > 0) {
      const frame = frames.find((f) => COMMAND.test(f.request));
      if (frame) return frame.at_us - start;
      ({ frames, last } = await stage.cabinet(`trace since ${last}`));
    }
    return undefined;
  }, 5000, 20);
}

// Argon2id alone is measured after each pickup, so that both see the same machine.
async function collect(stage, bag, us) {
  await alone(async () => {
    us.total.push(await typed(stage, bag));
    us.argon2id.push((await figures(program('bench_costs'), ['argon2id'])).argon2id.value * 1000);
  });
  const { door } = await stage.waitScreen('open');
  await story.takeAndClose(stage, door);
}

async function pack(stage, n) {
  const order = await story.order(stage, { reference: `bench-${n}`, patient: `P. Voorbeeld ${n}`, size: 'S' });
  return story.pack(stage, order.id);
}

async function pickups(stage, count, us) {
  for (let done = 0; done < count; ) {
    const bags = [];
    for (; bags.length < ROUND && done < count; done++) bags.push(await alone(() => pack(stage, done)));
    await alone(() => story.staffEnter(stage));
    for (const bag of bags) await story.load(stage, bag);
    await story.staffLeave(stage);
    for (const bag of bags) await collect(stage, bag, us);
  }
}

async function measureAt(table, baud, stages, count, aim) {
  const us = { total: [], argon2id: [] };
  const all = Array.from({ length: stages }, (_, i) => new Stage({ baud, seed: i + 1 }));
  try {
    for (const s of all) await s.start();
    await Promise.all(all.map((s) => pickups(s, count, us)));
  } finally {
    for (const s of all) await s.stop();
  }
  const wire = 8 * (1e4 / baud) + (baud > 19200 ? 1.75 : 3.5e4 / baud);
  const ms = (share) => percentile(us.total, share) / 1000;
  const argon = percentile(us.argon2id, 50) / 1000;
  table.add(`code_to_relay_${baud}_p50`, ms(50), 'ms', { limitName: `of ${us.total.length} pickups` });
  table.add(`code_to_relay_${baud}_p99`, ms(99), 'ms');
  table.add(`code_to_relay_${baud}_argon2id`, argon, 'ms', { limitName: `of the above (p99 ${(percentile(us.argon2id, 99) / 1000).toFixed(0)} ms)` });
  table.add(`code_to_relay_${baud}_wire`, wire, 'ms', { limitName: 'of the above' });
  table.add(`code_to_relay_${baud}_rest_p50`, ms(50) - argon - wire, 'ms');
  table.add(`code_to_relay_${baud}_rest_p99`, ms(99) - argon - wire, 'ms', { aim });
}

export async function measurePickup(table) {
  await table.measure('pickup_115200', () => measureAt(table, 115200, STAGES, PICKUPS, ['<=', 30]));
  await table.measure('pickup_9600', () => measureAt(table, 9600, 1, SLOW_PICKUPS));
}
