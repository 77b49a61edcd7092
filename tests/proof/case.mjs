// SPDX-License-Identifier: Apache-2.0
// The safety case: hazard -> control -> rule -> tests -> last result. The table is tests/proof/case.json; the results come from what
// the last runs left in build/proof and build/tally.
//   node tests/proof/case.mjs          writes docs/safety-case.md
//   node tests/proof/case.mjs --check  every test of the table exists, every hazard and rule has a row, no fault was never injected
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const TALLY = 'build/tally';
const FOLDERS = ['tests/unit', 'tests/contract', 'tests/scenario', 'tests/sandbox', 'tests/sim', 'tests/model', 'tests/bus', 'tests/web'];
const numbers = (prefix, n, width) => Array.from({ length: n }, (_, i) => `${prefix}${String(i + 1).padStart(width, '0')}`);
const RULES = [...numbers('INV-', 31, 2), ...numbers('LIV-', 5, 2)];
const HAZARDS = numbers('T', 18, 1);

const table = JSON.parse(readFileSync('tests/proof/case.json', 'utf8'));

// ---------------------------------------------------------------- tests and their last results
const fileOf = (name) => FOLDERS.map((d) => path.join(d, name)).find(existsSync);
const split = (test) => [test.slice(0, test.indexOf(':')), test.slice(test.indexOf(':') + 1)];

// A title that begins with "*: " is that of one flow, gone through in several ways ("touch, nl: a bag").
const EACH = /^\*: /;

function exists(test) {
  const [name, title] = split(test);
  const file = fileOf(name);
  if (!file) return false;
  const text = readFileSync(file, 'utf8');
  return name.endsWith('.c') ? text.includes(`static void ${title}(void **`) : text.includes(title.replace(EACH, ''));
}

// What every suite said of this file: SUITE-FILE.log.
const logs = new Map();
function log(name) {
  const base = name.replace(/\.c$/, '');
  if (!logs.has(base)) {
    const said = existsSync(TALLY) ? readdirSync(TALLY).filter((f) => /^[a-z]+-(.+)\.log$/.exec(f)?.[1] === base) : [];
    logs.set(base, said.length > 0 ? said.flatMap((f) => readFileSync(`${TALLY}/${f}`, 'utf8').split('\n')) : undefined);
  }
  return logs.get(base);
}

// A title with ${N} in it stands for any number there.
function result(test) {
  const [name, title] = split(test);
  const lines = log(name);
  if (!lines) return 'not run';
  const plain = title.replace(EACH, '').replace(/[.*+?^()|[\]\\]/g, '\\$&').replace(/\$\{\w+\}/g, '\\d+');
  const wanted = new RegExp(`^\\s*(not )?ok \\d+ (- )?${EACH.test(title) ? '.+: ' : ''}${plain}( # SKIP.*)?$`);
  const found = lines.filter((l) => wanted.test(l));
  if (found.length === 0) return 'not run';
  return found.some((l) => l.trim().startsWith('not')) ? 'FAILED' : found.some((l) => l.includes('# SKIP')) ? 'skipped' : 'passed';
}

function summary(tests) {
  const count = {};
  for (const t of tests) count[result(t)] = (count[result(t)] ?? 0) + 1;
  return Object.entries(count).map(([what, n]) => `${n} ${what}`).join(', ');
}

// ---------------------------------------------------------------- figures
const report = (name) => {
  const file = `build/proof/${name}.json`;
  return existsSync(file) ? { ...JSON.parse(readFileSync(file, 'utf8')), when: statSync(file).mtime.toISOString().slice(0, 10) } : undefined;
};

// A part that leaves several reports has them all, by name, or has not run.
function proof(part) {
  if (!part.reports) return report(part.name);
  const all = Object.entries(part.reports).map(([name, file]) => [name, report(file)]);
  return all.every(([, o]) => o) ? { ...Object.fromEntries(all), when: all.map(([, o]) => o.when).sort()[0] } : undefined;
}
const words = (key) => key.replaceAll('_', ' ');
const cell = (value) => (typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value));
const isPlain = (v) => ['number', 'string', 'boolean'].includes(typeof v);
const rows = (o) => Object.entries(o).filter(([k, v]) => k !== 'when' && isPlain(v)).map(([k, v]) => `| ${words(k)} | ${cell(v)} |`);
const figures = (o) => ['| figure | value |', '|---|---|', ...rows(o)];

// A list of things with the same members is a table of them.
function list(items) {
  const keys = [...new Set(items.flatMap((i) => Object.keys(i).filter((k) => isPlain(i[k]))))];
  return [`| ${keys.map(words).join(' | ')} |`, `|${keys.map(() => '---').join('|')}|`,
    ...items.map((i) => `| ${keys.map((k) => (k in i ? cell(i[k]) : '')).join(' | ')} |`)];
}

const years = (seconds) => `${(seconds / 86400 / 365.25).toFixed(2)} years`;

const PARTS = [
  { name: 'sim', title: 'The simulator',
    plain: 'The two programs as they are shipped run in a world made of software: clock, disk, network, boards and people. Each kind of fault listed below happens there, by the throw of a seed. After each decision the rules are checked, also against what is really behind each door.',
    command: 'make sim', show: (s) => [
      ...figures(Object.fromEntries(Object.entries(s).filter(([k]) => !['faults', 'drills', 'excuses'].includes(k)))), '',
      ...(s.simulated_s ? [`Simulated time: ${years(s.simulated_s)}.`, ''] : []),
      'Faults injected, each type (one that was never injected would make the check fail):', '', ...figures(s.faults ?? {}),
      ...(Object.keys(s.drills ?? {}).length ? ['', 'Drills, situations that chance brings too seldom and that were made on purpose:', '', ...figures(s.drills)] : []),
      ...(Object.keys(s.excuses ?? {}).length ? ['', 'Times that a rule could not be judged, because a fault of that moment, or people who told the locker what was not so, explain what was seen:', '', ...figures(s.excuses)] : [])] },
  { name: 'crash', title: 'Crash anywhere',
    plain: 'Loading and pickup are repeated, and each time the power is cut at the next write or sync; and again, with each call of the system or for memory refused in turn.',
    command: 'make crash', reports: { 'one cut': 'crash-one', 'a second cut while it recovers': 'crash-two', 'refused calls': 'crash-calls' } },
  { name: 'mutants', title: 'Mutants',
    plain: 'A test that never fails proves nothing. So faults are put into the program on purpose, one at a time, and the simulator must find each.', command: 'make mutants' },
  { name: 'model', title: 'The model',
    plain: 'The rules of the doors, written once more in a language of logic, are followed through every order of events that is possible.', command: 'make model' },
  { name: 'bus', title: 'The wires',
    plain: 'Each frame between the locker and its boards is disturbed in each way that is known; doors are wired wrongly in every way; the gate to the wire is attacked from above.', command: 'make bus' },
  { name: 'coverage', title: 'Coverage',
    plain: 'Which decisions of the part that must not fail were taken both ways by the tests. What is excused is listed with its reason in tests/proof/exceptions.',
    command: 'make coverage', show: (c) => [
      ...figures(c), '', '| file of the safety core | branches | taken |', '|---|---|---|',
      ...Object.entries(c.files ?? {}).map(([f, x]) => `| ${f} | ${x.branches} | ${x.taken} |`)] },
];

const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);
const flat = (o) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, Array.isArray(v) && v.every(isPlain) ? v.join(', ') : v]));

// Any figures of a part: plain ones first, then what lies deeper, each under its name.
function show(o) {
  const out = rows(o).length > 0 ? figures(o) : [];
  for (const [key, value] of Object.entries(o)) {
    const deeper = Array.isArray(value) && value.length > 0 && value.every(isObject) ? list(value.map(flat))
      : isObject(value) && Object.values(value).every(isObject) ? list(Object.entries(value).map(([name, v]) => ({ name, ...flat(v) })))
      : isObject(value) ? show(value) : undefined;
    if (deeper) out.push('', `${words(key)}:`, '', ...deeper);
  }
  return out;
}

// Names of what a run says it never injected.
const neverInjected = (faults = {}) =>
  Object.entries(faults).filter(([, v]) => (isObject(v) ? v.injected : v) === 0).map(([name]) => name);

const figuresOf = (part) => {
  const o = proof(part);
  return [`### ${part.title}`, '', part.plain, '',
    ...(o ? [`Last run ${o.when}, by \`${part.command}\`.`, '', ...(part.show ?? show)(o)] : [`**Not run** in this tree: \`${part.command}\` makes the figures.`]), ''];
};

const oneLine = (part, o) => {
  const first = { sim: () => `${o.ok ? '' : '**FAILED**, '}${o.seeds} seeds, ${o.locker_days} locker-days`,
    crash: () => Object.keys(part.reports).map((name) => `${name}: ${o[name].runs} runs, ${o[name].failed} failed`).join('; '),
    mutants: () => `${o.mutants.filter((m) => m.found).length} of ${o.mutants.length} found`,
    coverage: () => `${o.core_branch_percent} % of the branches of the safety core, ${o.exceptions} exceptions`,
    bus: () => `${o.runs} runs with faults at every frame, ${o.failed} failed`,
    model: () => `${o.search?.states} states, ${o.mutants?.filter((m) => m.found).length} of ${o.mutants?.length} mistakes of the model found` }[part.name];
  return !o ? '**not run**' : first ? first() : Object.entries(o).filter(([, v]) => typeof v === 'number').slice(0, 4).map(([k, v]) => `${words(k)} ${cell(v)}`).join(', ');
};

// ---------------------------------------------------------------- the page
const ruleLink = (id) => `[${id}](#${id.toLowerCase()})`;
const tests = (list) => list.map((t) => `- \`${split(t)[0]}\` ${split(t)[1].replaceAll('_', ' ')}: ${result(t)}`);

function page() {
  const rules = table.rules;
  return [
    '# Safety case', '',
    'Made by `make safety-case` from `tests/proof/case.json` and the results of the last runs; not written by hand.', '',
    '## In plain words', '',
    'Medicines for other people lie behind these doors. This page says why we think that nobody gets somebody else\'s, and what we did to find out where we are wrong.', '',
    ...rules.slice(0, 3).map((r) => `- ${r.plain}`),
    '- Whatever the locker cannot know, for example after a power cut with a door open, people are asked to look at. It never guesses "empty".',
    '- A door opens for somebody who stands in front of it. Nothing that was sent or stored opens one.', '',
    'The *hub* is the program at the pharmacy, the *journal* the book that the locker keeps, a *board* the electronics to which locks and door contacts are wired.', '',
    'Each danger below has something that stands against it, the rules that must then hold, and tests that try to break them. A result says what happened when they were last run here; "not run" means just that.', '',
    '| proof | last result |', '|---|---|', ...PARTS.map((p) => `| ${p.title} | ${oneLine(p, proof(p))} |`), '',
    '## Dangers', '', '| | danger | what stands against it | rules | tests |', '|---|---|---|---|---|',
    ...table.hazards.map((h) => `| ${h.id} | ${h.threat} | ${h.plain} | ${h.rules.map(ruleLink).join(' ')} | ${summary(h.tests)} |`), '',
    '## Rules that always hold', '', '| | rule | tests |', '|---|---|---|',
    ...rules.map((r) => `| ${ruleLink(r.id)} | ${r.plain} | ${summary(r.tests)} |`), '',
    '## Figures', '', ...PARTS.flatMap(figuresOf),
    '## Each danger with its tests', '',
    ...table.hazards.flatMap((h) => [`### ${h.id}: ${h.threat}`, '', `Control: ${h.control}. Rules: ${h.rules.map(ruleLink).join(', ')}.`, '', ...tests(h.tests), '']),
    '## Each rule with its tests', '',
    ...rules.flatMap((r) => [`### ${r.id}`, '', `${r.plain}${r.held.length ? ` Held by ${r.held.map((f) => `\`${f}\``).join(', ')}.` : ''}`, '', ...tests(r.tests), '']),
    '## What is left', '',
    'A person who truly holds code and birthday; tools at the cabinet; somebody with root on the board during a pickup; two persons who together do what two persons may. What is tested and what is not is said in [safety.md](safety.md).', '',
  ].join('\n');
}

function faults() {
  const found = [];
  const missing = (what, wanted, rows) => wanted.filter((id) => !rows.some((r) => r.id === id)).forEach((id) => found.push(`${what} ${id} has no row`));
  missing('rule', RULES, table.rules);
  missing('hazard', HAZARDS, table.hazards);
  for (const row of [...table.hazards, ...table.rules]) {
    if (row.tests.length === 0) found.push(`${row.id} has no test`);
    for (const t of row.tests) if (!exists(t)) found.push(`${row.id}: there is no test "${t}"`);
    for (const f of row.held ?? []) if (!existsSync(f)) found.push(`${row.id}: there is no file ${f}`);
    for (const r of row.rules ?? []) if (!table.rules.some((x) => x.id === r)) found.push(`${row.id}: there is no rule ${r}`);
  }
  for (const part of ['sim', 'bus']) for (const kind of neverInjected(report(part)?.faults)) found.push(`${part}: "${kind}" was never injected`);
  return found;
}

const found = faults();
for (const f of found) console.error(`safety case: ${f}`);
if (!process.argv.includes('--check')) writeFileSync('docs/safety-case.md', page());
process.exitCode = found.length > 0 ? 1 : 0;
