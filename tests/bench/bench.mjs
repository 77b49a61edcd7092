// SPDX-License-Identifier: Apache-2.0
// make bench: speed and size, each beside a limit or a peer of the same run. docs/bench.md says how each figure is made. Names of
// parts as arguments run only those. Exits 1 only when something could not be measured.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Table, figures, program } from './measure.mjs';
import { measureScan } from './scan.mjs';
import { measureFlow } from './flow.mjs';
import { measurePickup } from './pickup.mjs';
import { measureDaemon } from './daemon.mjs';
import { measureSim } from './sim.mjs';
import { measurePeople } from './people.mjs';

// What nothing can be faster than, measured first.
async function measureCosts(table) {
  const dir = mkdtempSync(path.join(tmpdir(), 'medlocker-'));
  table.costs = await figures('taskset', ['-c', '1', program('bench_costs'), dir]);
  for (const [name, { value, unit }] of Object.entries(table.costs)) table.add(name, value, unit);
  rmSync(dir, { recursive: true });
}

const parts = { flow: measureFlow, scan: measureScan, pickup: measurePickup, daemon: measureDaemon, people: measurePeople, sim: measureSim };
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts);
const table = new Table();
await table.measure('costs', () => measureCosts(table));
for (const name of wanted) await parts[name](table);
table.print();
process.exit(table.failed.length > 0 ? 1 : 0);
