// SPDX-License-Identifier: Apache-2.0
// What every figure needs: statistics, processor time and memory of a process, pinning, and the program's own output.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../stage/stage.mjs';
import { run } from '../stage/process.mjs';

export const program = (name) => path.join(ROOT, 'build/release/tests/bench', name);

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * share) / 100))];
}

export const median = (values) => percentile(values, 50);

// Microseconds of CLOCK_MONOTONIC, as in the trace of lockersim.
export const nowUs = () => Number(process.hrtime.bigint() / 1000n);

// Nanoseconds that all threads of a process have run.
export function cpuNs(pid) {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, tid) => sum + Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]), 0);
}

// MiB: what is resident now, the most that ever was, what is its own alone, and what belongs to libraries.
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name) => Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))[1]);
  const maps = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const libraries = maps.filter((m) => /\.so[.\d]*\n/.test(m)).reduce((sum, m) => sum + Number(m.match(/Rss:\s+(\d+)/)[1]), 0);
  return { libraries: libraries / 1024, rss: kib('VmRSS') / 1024, peak: kib('VmHWM') / 1024, own: kib('RssAnon') / 1024 };
}

// All threads of a process onto these processors ("0", "0,1").
export const pin = (pid, cpus) => run('taskset', ['-a', '-p', '-c', cpus, String(pid)]);

// A program that prints "name value unit" lines: { name: { value, unit } }.
export async function figures(file, args, options) {
  const { out } = await run(file, args, options);
  return Object.fromEntries(out.trim().split('\n').map((l) => l.split(' ')).map(([name, value, unit]) => [name, { value: Number(value), unit }]));
}

// The table of all figures. aim: [">=" or "<=", bound] on the ratio when there is a limit, else on the value.
export class Table {
  rows = [];
  failed = [];

  add(figure, value, unit, { limit, limitName = '', aim } = {}) {
    const ratio = limit === undefined ? undefined : value / limit;
    const judged = ratio ?? value;
    const good = !aim || (aim[0] === '>=' ? judged >= aim[1] : judged <= aim[1]);
    this.rows.push({ figure, value, unit, limit, limitName, ratio, aim, good });
    console.log(`${figure} ${text(value)} ${unit}`);
    if (ratio !== undefined) console.log(`${figure}_ratio ${text(ratio)} ratio`);
  }

  // Runs a figure; what cannot be measured is told and the others go on.
  async measure(name, act) {
    const start = Date.now();
    try {
      await act(this);
    } catch (e) {
      this.failed.push(name);
      console.log(`${name}: could not be measured: ${e.stack}`);
    }
    console.error(`(${name}: ${((Date.now() - start) / 1000).toFixed(0)} s)`);
  }

  print() {
    const lines = [['figure', 'value', 'limit or peer', 'ratio', 'aim', '']];
    for (const r of this.rows)
      lines.push([r.figure, `${text(r.value)} ${r.unit}`, r.limit === undefined ? r.limitName : `${text(r.limit)} ${r.limitName}`.trim(),
        r.ratio === undefined ? '' : text(r.ratio), r.aim ? `${r.aim[0]} ${r.aim[1]}` : '', r.aim ? (r.good ? 'ok' : 'below aim') : '']);
    const widths = lines[0].map((_, i) => Math.max(...lines.map((l) => l[i].length)));
    console.log('');
    for (const l of lines) console.log(l.map((c, i) => c.padEnd(widths[i])).join('  ').trimEnd());
    for (const f of this.failed) console.log(`${f}: could not be measured`);
  }
}

export function text(x) {
  return x >= 1000 ? x.toFixed(0) : Number.parseFloat(x.toPrecision(3)).toString();
}
