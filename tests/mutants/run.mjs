// SPDX-License-Identifier: Apache-2.0
// The simulator, tested: each patch in this folder breaks the product in one way; the simulator must find it within
// --seeds seeds. Every mutant is built in a copy of the tree, so the tree itself stays as it is.
//
//   node tests/mutants/run.mjs [--seeds 2000] [--only WORD] [--jobs 2] [--report FILE]
//   node tests/mutants/run.mjs --apply        only checks that every patch still fits
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const here = import.meta.dirname;
const root = path.resolve(here, '../..');
const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
    report: { type: 'string', default: 'build/proof/mutants.json' },
    apply: { type: 'boolean', default: false },
  },
});
const SOURCES = ['Makefile', 'common', 'hw', 'controller', 'backend', 'tests'];
const MINUTES = 20; // for one mutant: a simulator that hangs on it has found it too, but must say so

const mutants = readdirSync(here)
  .filter((f) => f.endsWith('.patch') && f.includes(options.only))
  .sort()
  .map((file) => {
    const text = readFileSync(path.join(here, file), 'utf8');
    const [first, why] = text.split('\n');
    const files = [...text.matchAll(/^\+\+\+ b\/(\S+)/gm)].map((m) => m[1]);
    return { name: file.replace(/\.patch$/, ''), file: path.join(here, file), breaks: first.replace('Breaks: ', ''), why, files };
  });

function copyTree(to) {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const s of SOURCES) cpSync(path.join(root, s), path.join(to, s), { recursive: true, preserveTimestamps: true });
  for (const s of ['build/sim', 'build/share']) cpSync(path.join(root, s), path.join(to, s), { recursive: true, preserveTimestamps: true });
}

function patch(dir, mutant, ...more) {
  execFileSync('patch', ['-p1', '--silent', '--no-backup-if-mismatch', ...more, '-i', mutant.file], { cwd: dir, stdio: 'pipe' });
}

function restore(dir, mutant) {
  for (const f of mutant.files) writeFileSync(path.join(dir, f), readFileSync(path.join(root, f)));
}

// Resolves with { code, signal, output } whatever the program does.
function run(command, args, cwd, minutes) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (data) => (output = (output + data).slice(-20000));
    const timer = setTimeout(() => child.kill('SIGKILL'), minutes * 60000);
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, output });
    });
  });
}

async function hunt(dir, mutant) {
  patch(dir, mutant);
  const built = await run('make', ['--no-print-directory', 'CONFIG=sim', 'EXTRA_CFLAGS=-w', 'build/sim/sim'], dir, 10);
  if (built.code !== 0) return { found: false, failure: `does not build: ${built.output.slice(-300)}` };
  const start = Date.now();
  const ran = await run('build/sim/sim', ['--seeds', `1-${options.seeds}`], dir, MINUTES);
  const seconds = Math.round((Date.now() - start) / 1000);
  if (ran.code === 0) return { found: false, seconds, failure: 'no seed fails' };
  const told = /FAILED seed (\d+): (.*?)(?:; reproduce.*)?$/m.exec(ran.output);
  if (!told) return { found: false, seconds, failure: `ended without a word: ${ran.signal ?? ran.code} ${ran.output.slice(-300)}` };
  return { found: true, seconds, seeds: Number(told[1]), failure: told[2] };
}

if (options.apply) {
  let bad = 0;
  for (const m of mutants) {
    try {
      patch(root, m, '--dry-run');
    } catch (e) {
      bad++;
      console.error(`${m.name}: ${String(e.stdout).trim()}`);
    }
  }
  console.log(`${mutants.length} mutants, ${bad} that do not fit`);
  process.exit(bad === 0 && mutants.length >= 40 ? 0 : 1);
}

const results = [];
const queue = [...mutants];
async function work(n) {
  const dir = path.join(root, `build/mutants/${n}`);
  copyTree(dir);
  for (let m = queue.shift(); m; m = queue.shift()) {
    const r = await hunt(dir, m);
    restore(dir, m);
    results.push({ name: m.name, breaks: m.breaks, why: m.why, ...r });
    console.log(`${r.found ? 'found ' : 'MISSED'} ${m.name} (${m.breaks}) ${r.found ? `seed ${r.seeds}` : ''} ${r.seconds ?? 0} s: ${r.failure}`);
  }
}
if (!existsSync(path.join(root, 'build/sim/sim'))) {
  console.error('build/sim/sim is missing: make CONFIG=sim build/sim/sim');
  process.exit(1);
}
await Promise.all(Array.from({ length: Number(options.jobs) }, (_, n) => work(n)));
results.sort((a, b) => a.name.localeCompare(b.name));
const report = path.resolve(root, options.report);
mkdirSync(path.dirname(report), { recursive: true });
writeFileSync(report, JSON.stringify({ seeds: Number(options.seeds), mutants: results }, null, 1));
const missed = results.filter((r) => !r.found);
console.log(`${results.length} mutants, ${missed.length} missed, most seeds needed ${Math.max(0, ...results.map((r) => r.seeds ?? 0))}`);
process.exit(missed.length === 0 ? 0 : 1);
