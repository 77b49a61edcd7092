// SPDX-License-Identifier: Apache-2.0
// The model of the doors: `node tests/model/run.mjs STEP` with one of
//   search       every search of searches.txt marked gate (search-long: marked long)
//   mutants      every seeded mistake of mutants.txt must be found, by the invariant named there
//   traces       what replay needs: tables, counter-examples, runs by chance (traces-long: more of these)
//   liveness     from every state staff brings every compartment back to FREE; its mistakes are found
// Figures go to build/proof/model.json.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync, existsSync, rmSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { resolve } from 'node:path';

const run = promisify(execFile);
const MODEL = resolve('tests/model/door.pml');
const WORK = resolve('build/model');
const TRACES = `${WORK}/traces`;
const PROOF = resolve('build/proof/model.json');
const MEMORY_MIB = 3900;
const RUN_STEPS = 40000;
const RUN_BOUNDS = ['CHANCE=1', 'ORDERS=7', 'CUTS=4', 'FORCES=6', 'LOSSES=6', 'WITHDRAWS=2', 'FAILS=6', 'EXPIRES=2', 'REPORTS=6', 'QUICK=1',
  'CURIOUS=1'];
// Each must be among the events of the runs: what is never drawn is never compared with the code.
const WANTED = ['put', 'label', 'take', 'report', 'verdict', 'jam', 'again', 'give_up', 'withdraw', 'expire', 'cut', 'force', 'silent', 'keep', 'empty'];

const lines = (file) => readFileSync(`tests/model/${file}`, 'utf8').split('\n').filter((l) => l && !l.startsWith('#'));
const searches = () => lines('searches.txt').map((l) => l.split(' ')).map(([when, name, ...bounds]) => ({ when, name, bounds }));
const mutants = () => lines('mutants.txt').map((l) => l.split(' ')).map(([number, name, breaks, ...bounds]) =>
  ({ number: Number(number), name, breaks, bounds: bounds.filter((b) => b.includes('=')), people: bounds.includes('people') }));

function remember(section, figures) {
  mkdirSync(resolve(PROOF, '..'), { recursive: true });
  const all = existsSync(PROOF) ? JSON.parse(readFileSync(PROOF, 'utf8')) : {};
  all[section] = figures;
  writeFileSync(PROOF, `${JSON.stringify(all, null, 1)}\n`);
}

// Two at a time.
async function each(items, work) {
  const out = [];
  let next = 0;
  const worker = async (who) => {
    while (next < items.length) {
      const i = next++;
      out[i] = await work(items[i], who);
    }
  };
  await Promise.all([worker(0), worker(1)]);
  return out;
}

async function verifier(name, bounds, flags) {
  const dir = `${WORK}/${name}`;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  writeFileSync(`${dir}/door.pml`, readFileSync(MODEL));
  await run('spin', ['-a', ...bounds.map((b) => `-D${b}`), 'door.pml'], { cwd: dir });
  await run('gcc', ['-w', `-DMEMLIM=${MEMORY_MIB}`, ...flags, '-o', 'pan', 'pan.c'], { cwd: dir, maxBuffer: 1 << 24 });
  return dir;
}

const figure = (text, pattern) => Number(text.match(pattern)?.[1] ?? NaN);

async function explore(name, bounds, flags, options = []) {
  const dir = await verifier(name, bounds, flags);
  const started = Date.now();
  const { stdout } = await run('./pan', ['-m1000000', ...options], { cwd: dir, maxBuffer: 1 << 24 }).catch((e) => e);
  const text = stdout ?? '';
  return {
    name,
    bounds: bounds.join(' '),
    errors: figure(text, /errors: (\d+)/),
    states: figure(text, /([0-9.e+]+) states, stored/),
    transitions: figure(text, /([0-9.e+]+) transitions/),
    depth: figure(text, /depth reached (\d+)/),
    memory_mb: figure(text, /([0-9.]+)\ttotal actual memory/),
    seconds: (Date.now() - started) / 1000,
    whole: !/Search not completed|max search depth too small|out of memory|memory limit/.test(text),
    dir,
  };
}

const told = (s) => `${s.name}: ${s.states} states, ${s.transitions} transitions, depth ${s.depth}, ${s.memory_mb} MB, ${s.seconds.toFixed(1)} s`;

async function search(when) {
  const wanted = searches().filter((s) => s.when === when);
  const found = await each(wanted, async ({ name, bounds }) => {
    const s = await explore(name, bounds, ['-O2', '-DSAFETY', '-DNOREDUCE']);
    console.log(told(s), s.errors === 0 && s.whole ? '' : `FAILED: see ${s.dir}`);
    return s;
  });
  const good = found.length > 0 && found.every((s) => s.errors === 0 && s.whole);
  const sum = found.reduce((n, s) => n + s.states, 0);
  console.log(`${found.length} searches, ${sum} states`);
  remember(when === 'gate' ? 'search' : 'search_long', { states: sum, searches: found.map(({ dir, ...s }) => s) });
  return good;
}

async function trail(dir) {
  const { stdout } = await run('./pan', ['-r', '-S'], { cwd: dir, maxBuffer: 1 << 24 }).catch((e) => e);
  return (stdout ?? '').split('\n').map((l) => l.trim()).filter((l) => /^(EV|ST|VIOLATED) /.test(l));
}

async function findMutants() {
  const found = await each(mutants().filter((m) => m.breaks !== 'liveness'), async (m) => {
    const s = await explore(`mutant-${m.name}`, [`MUTANT=${m.number}`, 'TRIES=2', ...m.bounds], ['-O0', '-DSAFETY', '-DNOREDUCE', '-DBFS']);
    const trace = s.errors > 0 ? await trail(s.dir) : [];
    const violated = Number(trace.find((l) => l.startsWith('VIOLATED'))?.replace('VIOLATED INV-', '') ?? 0);
    const events = trace.filter((l) => l.startsWith('EV')).length;
    const good = violated === Number(m.breaks);
    console.log(`${m.name}: ${good ? 'found' : 'NOT FOUND'} by INV-${violated || '?'} after ${events} events, ${s.states} states`);
    writeFileSync(`${s.dir}/trace`, `${trace.join('\n')}\n`);
    return { name: m.name, invariant: violated, events, states: s.states, people: m.people, found: good };
  });
  console.log(`${found.filter((m) => m.found).length} of ${found.length} mistakes found`);
  remember('mutants', found);
  return found.length > 0 && found.every((m) => m.found);
}

async function makeTraces(count) {
  rmSync(TRACES, { recursive: true, force: true });
  mkdirSync(TRACES, { recursive: true });
  for (const dir of readdirSync(WORK).filter((d) => d.startsWith('mutant-') && existsSync(`${WORK}/${d}/trace`)))
    writeFileSync(`${TRACES}/${dir}`, readFileSync(`${WORK}/${dir}/trace`));
  const table = await run('spin', ['-T', '-DTABLE', MODEL], { cwd: WORK });
  writeFileSync(`${TRACES}/table`, table.stdout);
  const seeds = Array.from({ length: count }, (_, i) => i + 1);
  const drawn = {};
  await each(seeds, async (seed, who) => {
    const cwd = `${WORK}/runs-${who}`; // spin leaves files where it works
    mkdirSync(cwd, { recursive: true });
    // Half of them with reads one by one, of which some are stale; the others with contacts that are believed at once.
    const bounds = [...RUN_BOUNDS, `STALES=${seed % 2 === 0 ? 9 : 0}`].map((b) => `-D${b}`);
    const { stdout } = await run('spin', ['-T', `-n${seed}`, `-u${RUN_STEPS}`, ...bounds, MODEL], { cwd, maxBuffer: 1 << 24 });
    const text = stdout.split('\n').filter((l) => /^EV |^ST [0-9 ]+\|( \d{3})+$/.test(l));
    if (/VIOLATED|assertion/.test(stdout)) throw new Error(`the run of seed ${seed} breaks an invariant`);
    for (const [, event] of text.join('\n').matchAll(/^EV (\w+)/gm)) drawn[event] = (drawn[event] ?? 0) + 1;
    writeFileSync(`${TRACES}/run-${String(seed).padStart(4, '0')}`, `${text.join('\n')}\n`);
  });
  const events = Object.values(drawn).reduce((sum, n) => sum + n, 0);
  const never = WANTED.filter((event) => !drawn[event]);
  console.log(`runs of seeds 1 to ${count}, ${events} events, of these ${drawn.report} reports`);
  if (never.length > 0) console.log(`FAILED: never drawn: ${never.join(' ')}`);
  remember('runs', { seeds: `1-${count}`, runs: count, events, drawn });
  return never.length === 0;
}

async function liveness() {
  const flags = ['-O2', '-DCOLLAPSE'];
  const plain = [
    ['live_orders', ['LIVENESS=1', 'TRIES=2', 'ORDERS=2', 'CUTS=0']],
    ['live_cut', ['LIVENESS=1', 'TRIES=2', 'ORDERS=1', 'CUTS=1']],
    ['live_forced', ['LIVENESS=1', 'TRIES=2', 'ORDERS=1', 'CUTS=0', 'FORCES=1']],
    ['live_lost', ['LIVENESS=1', 'TRIES=2', 'ORDERS=1', 'CUTS=0', 'LOSSES=1']],
    ['live_failed', ['LIVENESS=1', 'TRIES=2', 'ORDERS=1', 'CUTS=0', 'FAILS=1']],
    ['live_withdrawn', ['LIVENESS=1', 'TRIES=2', 'ORDERS=1', 'CUTS=0', 'WITHDRAWS=1', 'EXPIRES=1']],
  ];
  const wrong = mutants().filter((m) => m.breaks === 'liveness')
    .map((m) => [`mutant-${m.name}`, ['LIVENESS=1', 'TRIES=2', `MUTANT=${m.number}`, ...m.bounds]]);
  const found = await each([...plain, ...wrong], async ([name, bounds]) => {
    const s = await explore(name, bounds, flags, ['-a', '-f']);
    s.good = name.startsWith('mutant') ? s.errors > 0 : s.errors === 0 && s.whole;
    console.log(told(s), s.good ? '' : 'FAILED');
    return s;
  });
  remember('liveness', found.map(({ dir, ...s }) => s));
  return found.every((s) => s.good);
}

const steps = {
  search: () => search('gate'),
  'search-long': () => search('long'),
  mutants: findMutants,
  traces: () => makeTraces(200),
  'traces-long': () => makeTraces(2000),
  liveness,
};
const step = steps[process.argv[2]];
if (!step) {
  console.error(`tests/model/run.mjs: one of ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}
mkdirSync(WORK, { recursive: true });
process.exitCode = (await step()) ? 0 : 1;
