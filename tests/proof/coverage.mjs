// SPDX-License-Identifier: Apache-2.0
// make coverage: runs the unit tests of the build with counters (CONFIG=cov) and measures which branches they took.
//   node tests/proof/coverage.mjs [--all] [--show]
// --all counts the contract and scenario tests as well (for the whole product); --show lists each branch of the core that nobody took.
// Fails when a branch of the safety core is neither taken nor excused in tests/proof/exceptions, and when a figure falls below
// tests/proof/ratchet.json. Writes build/proof/coverage.json.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { CORE } from './core.mjs';

const BUILD = 'build/cov';
const EXCEPTIONS_MAX = 10;
const all = process.argv.includes('--all');
const show = process.argv.includes('--show');

const failures = (text) => text.split('\n').filter((l) => /FAILED|not ok|ERROR|Error/.test(l)).slice(0, 20).join('\n');

async function run(file, args, env = {}) {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const parts = [];
  let errors = '';
  child.stdout.on('data', (c) => parts.push(c));
  child.stderr.on('data', (c) => (errors += c));
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: ${signal ?? code}\n${failures(errors + parts.join(''))}`);
  return Buffer.concat(parts).toString();
}

const programs = (dir) =>
  readdirSync(dir).filter((n) => /^test_.*\.c$/.test(n)).map((n) => path.join(BUILD, dir, n.slice(0, -2)));
const nodeTests = (dir) => readdirSync(dir).filter((n) => n.endsWith('.test.mjs')).map((n) => path.join(dir, n));

// Two at a time: the counters of a file are added up under a lock.
async function runAll(jobs) {
  const failed = [];
  const worker = async () => {
    for (let job; (job = jobs.shift()); ) await job().catch((e) => failed.push(e.message));
  };
  await Promise.all([worker(), worker()]);
  if (failed.length > 0) throw new Error(failed.join('\n'));
}

function forget() {
  for (const name of readdirSync(BUILD, { recursive: true })) if (name.endsWith('.gcda')) rmSync(path.join(BUILD, name));
}

// A switch over an enumeration lists every member of it (-Wswitch-enum with -Werror). The compiler's last branch, for a value that is no
// member, is not counted.
function branchesOf(line, text) {
  const all = line.branches;
  return /^switch \(/.test(text) && all.length > 0 && all.at(-1).count === 0 ? all.slice(0, -1) : all;
}

async function measure(filter) {
  const report = await run('gcovr', ['-r', '.', '--exclude-unreachable-branches', '--exclude-throw-branches', '--filter', filter, '--json', '-', BUILD]);
  const files = {};
  for (const f of JSON.parse(report).files) {
    const source = readFileSync(f.file, 'utf8').split('\n');
    const lines = f.lines.filter((l) => !l['gcovr/noncode']);
    for (const l of lines) {
      l.text = source[l.line_number - 1].trim();
      l.branches = branchesOf(l, l.text);
    }
    const open = lines.filter((l) => l.branches.some((b) => b.count === 0));
    files[f.file] = {
      lines: lines.length,
      linesTaken: lines.filter((l) => l.count > 0).length,
      branches: lines.reduce((n, l) => n + l.branches.length, 0),
      taken: lines.reduce((n, l) => n + l.branches.filter((b) => b.count > 0).length, 0),
      open: open.map((l) => ({ line: l.line_number, text: l.text, all: l.branches.length,
        missing: l.branches.filter((b) => b.count === 0).length,
        which: l.branches.flatMap((b, i) => (b.count === 0 ? [i] : [])).join(',') })),
    };
  }
  return files;
}

const sum = (files, what) => Object.values(files).reduce((n, f) => n + f[what], 0);
const percent = (part, whole) => (whole === 0 ? 0 : Math.floor((part * 10000) / whole) / 100);

// Each exception: FILE, a line of it as it stands there, and why nothing can take its other branch; parted by " | ".
function exceptions() {
  return readFileSync('tests/proof/exceptions', 'utf8').split('\n').filter((l) => l !== '' && !l.startsWith('#')).map((l) => {
    const [file, text, why] = l.split(' | ');
    if (!why) throw new Error(`tests/proof/exceptions: no reason given: ${l}`);
    return { file, text, why, used: false };
  });
}

if (!existsSync(BUILD)) throw new Error('make coverage builds what is measured here');
const began = Date.now();
forget();
await runAll(programs('tests/unit').map((p) => () => run(p, [])));
const core = await measure(`(${CORE.map((f) => f.replace('.', '\\.')).join('|')})$`);
for (const f of CORE) if (!core[f]) throw new Error(`${f} is part of the safety core and was not measured`);
if (all) {
  const env = { MEDLOCKER_CONFIG: 'cov', LOCKERSIM: `${BUILD}/lockersim` };
  for (const p of programs('tests/contract')) await run(p, [], env);
  for (const f of [...nodeTests('tests/contract'), ...nodeTests('tests/scenario')]) await run('node', ['--test', f], env);
}
const product = await measure('(common|controller|hw|backend)/');

const excused = exceptions();
const missed = [];
for (const [file, f] of Object.entries(core)) {
  for (const o of f.open) {
    const e = excused.find((x) => x.file === file && x.text === o.text);
    if (e) e.used = true;
    else missed.push({ file, ...o });
  }
}
const figures = {
  core_branches: sum(core, 'branches'),
  core_branches_taken: sum(core, 'taken'),
  core_branch_percent: percent(sum(core, 'taken'), sum(core, 'branches')),
  core_branches_open: missed.reduce((n, m) => n + m.missing, 0),
  exceptions: excused.length,
  product_line_percent: percent(sum(product, 'linesTaken'), sum(product, 'lines')),
  product_branch_percent: percent(sum(product, 'taken'), sum(product, 'branches')),
  everything: all,
  seconds: Math.round((Date.now() - began) / 1000),
};
mkdirSync('build/proof', { recursive: true });
writeFileSync('build/proof/coverage.json', JSON.stringify({ ...figures, missed, files: core }, null, 1));

if (show) for (const m of missed) console.log(`${m.file}:${m.line}: ${m.which} of ${m.all} open: ${m.text}`);
for (const [name, value] of Object.entries(figures)) console.log(`${name} ${value}`);

const ratchet = JSON.parse(readFileSync('tests/proof/ratchet.json', 'utf8'));
const faults = [];
if (figures.core_branches_open > ratchet.core_branches_open)
  faults.push(`${figures.core_branches_open} branches of the safety core are open; ${ratchet.core_branches_open} were allowed (--show lists them)`);
for (const name of ['product_line_percent', 'product_branch_percent'])
  if (all && figures[name] < ratchet[name]) faults.push(`${name} fell from ${ratchet[name]} to ${figures[name]}`);
if (excused.length > EXCEPTIONS_MAX) faults.push(`${excused.length} exceptions, ${EXCEPTIONS_MAX} are allowed`);
for (const e of excused) if (!e.used) faults.push(`an exception that is not needed any more: ${e.file}: ${e.text}`);
for (const f of faults) console.error(`coverage: ${f}`);
process.exit(faults.length > 0 ? 1 : 0);
