// SPDX-License-Identifier: Apache-2.0
// The simulator: days at a site from seeds, all invariants after every event, one process. Beside real time, which is what the same days
// would take with real daemons.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from '../stage/stage.mjs';
import { run } from '../stage/process.mjs';

export async function measureSim(table) {
  await table.measure('sim', async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'medlocker-'));
    const file = path.join(dir, 'sim.json');
    await run('taskset', ['-c', '1', path.join(ROOT, 'build/sim/sim'), '--seeds', '1-60', '--report', file]);
    const told = JSON.parse(readFileSync(file, 'utf8'));
    rmSync(dir, { recursive: true });
    table.add('sim_locker_days_per_second', told.locker_days / told.real_s, '/s');
    table.add('sim_over_real_time', told.simulated_s / told.real_s, 'ratio');
    table.add('sim_active_over_real_time', told.active_s / told.real_s, 'ratio');
    table.add('sim_us_per_frame', (told.real_s * 1e6) / told.frames, 'us');
  });
}
