// SPDX-License-Identifier: Apache-2.0
// lockerctl against a lockerd of a few lines: what it sends, how it shows the answer, what it says when there is none.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../stage/process.mjs';

const ROOT = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const PROGRAM = path.join(ROOT, 'build', process.env.MEDLOCKER_CONFIG ?? 'release', 'lockerctl');

const DOORS = { doors: [{ door: 'A1', number: 1, state: 'FREE', contact: 'closed', size: 'S', zone: 'room', board: 'relay1' }] };
let dir;
let server;
let heard;
let reply; // request line -> text to send, or null: hang up

before(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'medlocker-ctl-'));
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (chunk) => {
      heard = chunk.toString();
      const text = reply(heard);
      if (text === null) return socket.destroy();
      // In two pieces: an answer need not arrive at once.
      socket.write(text.slice(0, 5));
      setTimeout(() => socket.end(text.slice(5)), 5);
    });
  });
  await new Promise((r) => server.listen(path.join(dir, 'sock'), r));
});
after(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

const ctl = (args, accept = [0]) => run(PROGRAM, ['--control', path.join(dir, 'sock'), ...args], { accept });

test('each command is one line of JSON', async () => {
  reply = () => '{}\n';
  for (const [args, expected] of [
    [['status'], { do: 'status' }],
    [['doors'], { do: 'doors' }],
    [['journal'], { do: 'journal', limit: 20 }],
    [['journal', '5'], { do: 'journal', limit: 5 }],
    [['verify'], { do: 'verify' }],
    [['release', 'relay1'], { do: 'release', board: 'relay1' }],
  ]) {
    await ctl(['--json', ...args]);
    assert.ok(heard.endsWith('\n'));
    assert.deepEqual(JSON.parse(heard), expected);
  }
});

test('--json gives the answer as it came, else people get a table', async () => {
  reply = () => `${JSON.stringify(DOORS)}\n`;
  assert.deepEqual(JSON.parse((await ctl(['doors', '--json'])).out), DOORS);
  const { out } = await ctl(['doors']);
  assert.match(out, /^DOOR +NUMBER +STATE/);
  assert.match(out, /\nA1 +1 +FREE +closed +S +room +relay1 +- +-\n$/);
});

test('a long answer arrives whole', async () => {
  const many = { doors: Array.from({ length: 5000 }, () => DOORS.doors[0]) };
  reply = () => `${JSON.stringify(many)}\n`;
  assert.deepEqual(JSON.parse((await ctl(['--json', 'doors'])).out), many);
});

test('a refusal exits 1 with the reason', async () => {
  reply = () => '{"error":"there is no board \\"x\\""}\n';
  const people = await ctl(['release', 'x'], [1]);
  assert.equal(people.out, '');
  assert.equal(people.err, 'lockerctl: there is no board "x"\n');
  const program = await ctl(['--json', 'release', 'x'], [1]);
  assert.deepEqual(JSON.parse(program.out), { error: 'there is no board "x"' });
});

test('what is no answer exits 1', async () => {
  for (const text of ['nonsense\n', '[]\n', '{"doors":[],"doors":[]}\n', '{"doors":', '\n', null]) {
    reply = () => text;
    const r = await ctl(['doors'], [1]);
    assert.match(r.err, /lockerd/, String(text));
    assert.equal(r.out, '');
  }
});

test('no lockerd is said plainly', async () => {
  const r = await run(PROGRAM, ['--control', path.join(dir, 'none'), 'status'], { accept: [1] });
  assert.match(r.err, /lockerd does not run/);
});

test('a command line that makes no sense exits 2 and asks nobody', async () => {
  heard = undefined;
  for (const args of [
    [], ['dance'], ['status', 'more'], ['journal', '0'], ['journal', '201'], ['journal', '1e2'], ['release'], ['release', 'a b'], ['release', ''],
    ['--nonsense'], ['status', '--state', dir], ['enrol-request'], ['enrol-request', '--state', dir], ['enrol-accept', 'x'], ['enrol-accept', '--state', dir],
  ]) {
    const r = await ctl(args, [2]);
    assert.equal(r.out, '', args.join(' '));
    assert.notEqual(r.err, '');
  }
  assert.equal(heard, undefined);
});

test('help and version', async () => {
  assert.match((await ctl(['--help'])).out, /^usage: lockerctl/);
  assert.match((await ctl(['--version'])).out, /^lockerctl \d+\.\d+\.\d+\n$/);
});

test('a resting store is read without lockerd', async () => {
  const missing = await ctl(['--state', dir, 'verify'], [1]);
  assert.match(missing.err, /locker\.db/);
  assert.ok(!existsSync(path.join(dir, 'locker.db')));
  writeFileSync(path.join(dir, 'locker.db'), ''); // becomes an empty database
  const { out } = await ctl(['--json', '--state', dir, 'verify']);
  assert.equal(JSON.parse(out).rows, 0);
  assert.deepEqual(JSON.parse((await ctl(['--json', '--state', dir, 'journal'])).out), { rows: [] });
  writeFileSync(path.join(dir, 'locker.db'), 'this is no database, and long enough to be looked at by anybody who reads it '.repeat(20));
  await ctl(['--state', dir, 'verify'], [1]);
});
