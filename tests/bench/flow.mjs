// SPDX-License-Identifier: Apache-2.0
// Events leaving a locker, events arriving at the hub, the long lists of the hub, each part alone; and what the programs weigh.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT, freePort, run, sleep } from '../stage/stage.mjs';
import { start } from '../stage/process.mjs';
import { figures, program } from './measure.mjs';

async function drain(table, dir) {
  const port = await freePort();
  const conf = path.join(dir, 'mosquitto.conf');
  writeFileSync(conf, `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_inflight_messages 1000\nmax_queued_messages 1000000\n`);
  const broker = await start('mosquitto', 'mosquitto', ['-c', conf], { log: path.join(dir, 'broker.log') });
  try {
    await sleep(500);
    const f = await figures(program('bench_outbox'), ['drain', dir, String(port)]);
    table.add('drain', f.drain.value, 'events/s', { limit: f.drain_memory.value, limitName: 'memory only', aim: ['>=', 0.75] });
  } finally {
    await broker.stop();
  }
}

async function ingest(table, dir) {
  const f = await figures('taskset', ['-c', '1', program('bench_ingest'), dir]);
  const limit = Math.min(f.ingest_verify.value, table.costs.rows_batched.value);
  table.add('ingest', f.ingest.value, 'events/s', { limit, limitName: limit === f.ingest_verify.value ? 'signatures' : 'rows', aim: ['>=', 0.6] });
  table.add('ingest_lonely', f.ingest_lonely.value, 'ms', { limit: table.costs.commit_p50.value, limitName: 'ms (commit)' });
  table.add('event_size', f.event_bytes.value, 'bytes');
}

// Pages of the long lists: what fits on a screen beside as many look-ups; whatever takes a search, beside the time that is felt as at once.
const PAGE_ROWS = 100;
const AT_ONCE_MS = 100;

async function lists(table, dir) {
  const f = await figures('taskset', ['-c', '1', program('bench_list'), dir]);
  const lookups = (PAGE_ROWS * f.order_lookup.value) / 1000;
  for (const [name, { value, unit }] of Object.entries(f)) {
    if (name === 'order_lookup') table.add(name, value, unit);
    else if (name === 'orders_page') table.add(name, value, unit, { limit: lookups, limitName: `ms (${PAGE_ROWS} look-ups)`, aim: ['<=', 1] });
    else table.add(name, value, unit, { limit: AT_ONCE_MS, limitName: 'ms', aim: ['<=', 1] });
  }
}

async function sizes(table, dir) {
  for (const name of ['lockerd', 'lockerctl', 'hubd', 'hubctl', 'lockersim']) {
    const out = path.join(dir, name);
    await run('strip', ['-o', out, path.join(ROOT, 'build/release', name)]);
    table.add(`size_${name}`, statSync(out).size / 1024, 'KiB', { limitName: 'stripped' });
  }
}

export async function measureFlow(table) {
  for (const part of [drain, ingest, lists, sizes]) {
    const dir = mkdtempSync(path.join(tmpdir(), 'medlocker-'));
    await table.measure(part.name, () => part(table, dir));
    rmSync(dir, { recursive: true, force: true });
  }
}
