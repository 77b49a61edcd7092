// SPDX-License-Identifier: Apache-2.0
// The five programs as somebody at a prompt meets them: the same manners, and a manual page for each program, option and setting.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { run } from '../stage/process.mjs';

const ROOT = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const BIN = path.join(ROOT, 'build', process.env.MEDLOCKER_CONFIG ?? 'release');
const PAGES = { hubd: 'hubd.8', hubctl: 'hubctl.1', lockerd: 'lockerd.8', lockerctl: 'lockerctl.1', lockersim: 'lockersim.1' };
// The files people write, and the tables that read them.
const SETTINGS = { 'hubd.conf.5': 'backend/config.c', 'lockerd.conf.5': 'controller/config.c', 'lockerd.profile.5': 'hw/profile.c', 'lockersim.1': 'hw/sim/layout.c' };
const read = (...name) => readFileSync(path.join(ROOT, ...name), 'utf8');
// A page as plain words: roff's \- and mdoc's "Fl Fl name" are the same option.
const words = (page) => read('docs/man', page).replaceAll('\\-', '-').replaceAll(/\bFl Fl (?=\w)/g, '--').replaceAll(/\bFl -(?=\w)/g, '--');
const VERSION = JSON.parse(read('package.json')).version;

for (const [name, page] of Object.entries(PAGES)) {
  const program = path.join(BIN, name);

  test(`${name} --help and --version`, async () => {
    const help = await run(program, ['--help']);
    assert.match(help.out, new RegExp(`^usage: ${name} `));
    assert.equal(help.err, '');
    const version = await run(program, ['--version']);
    assert.equal(version.out, `${name} ${VERSION}\n`);
    assert.equal(version.err, '');
  });

  test(`${name} says in one line what it does not understand`, async () => {
    for (const [args, says] of [
      [['--nonsense'], '--nonsense is not understood'], [['--nonsense=1'], '--nonsense=1 is not understood'], [['--help=1'], '--help=1 is not understood'],
      [['-x'], '-x is not understood'], [['-xy'], '-x is not understood'], [['--con'], null], [['--control'], null], [['extra'], null], [['--', 'extra'], null],
    ]) {
      const r = await run(program, args, { accept: [2] });
      assert.equal(r.out, '', args.join(' '));
      assert.match(r.err, new RegExp(`^${name}: [^\\n]+; see ${name} --help\\n$`), args.join(' '));
      if (says) assert.equal(r.err, `${name}: ${says}; see ${name} --help\n`);
    }
  });

  test(`${page} knows every option of --help`, async () => {
    const { out } = await run(program, ['--help']);
    const text = words(page);
    for (const [option] of out.matchAll(/--[a-z][a-z-]*/g)) assert.ok(new RegExp(`${option}\\b(?!-)`).test(text), `${page}: no ${option}`);
    for (const option of ['--help', '--version']) assert.ok(text.includes(option), `${page}: no ${option}`);
  });
}

for (const [page, source] of Object.entries(SETTINGS))
  test(`${page} knows every key that ${source} reads`, () => {
    const keys = [...read(source).matchAll(/\b(?:CFG_(?!END)[A-Z_]+|NUMBER)\("([a-z0-9_]+)"/g)].map((m) => m[1]);
    assert.ok(keys.length > 10, `only ${keys.length} keys found`);
    const text = words(page);
    for (const key of new Set(keys)) assert.ok(new RegExp(`\\b${key}\\b`).test(text), `${page}: no ${key}`);
  });

test('a page that is referred to is there', () => {
  const pages = readdirSync(path.join(ROOT, 'docs/man'));
  for (const page of pages)
    for (const [, name, section] of words(page).matchAll(/\b((?:hub|locker)[a-z.]*)(?: ?\(| )([158])\b/g)) assert.ok(pages.includes(`${name}.${section}`), `${page}: ${name}(${section})`);
});
