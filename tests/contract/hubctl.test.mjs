// SPDX-License-Identifier: Apache-2.0
// hubctl as an administrator uses it: the same commands while hubd is stopped and while it runs.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { run, start } from '../stage/process.mjs';

const ROOT = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const BIN = path.join(ROOT, 'build', process.env.MEDLOCKER_CONFIG ?? 'release');
const SHARE = path.join(ROOT, 'build/share/web');

let dir;
let daemon = null;
const at = (...name) => path.join(dir, ...name);
const hubctl = (args, options) => run(path.join(BIN, 'hubctl'), ['--config', at('hub/hubd.conf'), ...args], options);
const json = async (...args) => JSON.parse((await hubctl(['--json', ...args])).out);
const refused = async (code, says, ...args) => {
  const r = await hubctl(args, { accept: [code] });
  assert.match(r.err, says);
};
const init = (extra = []) =>
  run(path.join(BIN, 'hubctl'), ['init', at('hub'), '--share', SHARE, '--port', '0', '--broker-port', '0', '--ura', '01236578', '--pharmacy', "Apotheek 't Hoekje", '--telephone', '0800', ...extra], { accept: [0, 1] });

before(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'medlocker-hubctl-'));
  const r = await init();
  assert.equal(r.code, 0, r.err);
});
after(async () => {
  if (daemon) await daemon.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

test('a new hub has keys that nobody else can read, and is never made twice', async () => {
  for (const key of ['command.seed', 'token.seed', 'ca.seed', 'store.key', 'link.key.pem']) assert.equal(statSync(at('hub/keys', key)).mode & 0o777, 0o600, key);
  const before = readFileSync(at('hub/keys/command.seed'));
  const again = await init();
  assert.equal(again.code, 1);
  assert.match(again.err, /command\.seed: exists already/);
  assert.deepEqual(readFileSync(at('hub/keys/command.seed')), before);
});

test('wrong use ends with 2, a refusal with 1, both say why', async () => {
  await refused(2, /no such command/, 'dance');
  await refused(2, /one name/, 'locker', 'revoke');
  await refused(2, /--role/, 'user', 'add', '--name', 'x');
  await refused(2, /--witness/, 'locker', 'lost', 'x', '--user', 'y');
  await refused(2, /--colour is not understood/, 'status', '--colour', 'red');
  await refused(1, /no locker has the name/, 'locker', 'revoke', 'Nowhere');
  await refused(1, /login name/, 'user', 'add', '--name', 'Not Good', '--role', 'admin');
  await refused(1, /role/, 'user', 'add', '--name', 'x', '--role', 'king');
  const bad = await run(path.join(BIN, 'hubctl'), ['--config', at('none.conf'), 'status'], { accept: [1] });
  assert.match(bad.err, /none\.conf/);
});

// The same story twice: hubctl alone, then through hubd.
for (const [mode, suffix] of [['stopped', 'a'], ['running', 'b']]) {
  test(`with hubd ${mode}`, async (t) => {
    if (mode === 'running') daemon = await start('hubd', path.join(BIN, 'hubd'), ['--config', at('hub/hubd.conf')], { log: at('hubd.log'), ready: 'json' });
    assert.equal((await json('status')).running, mode === 'running');

    await t.test('users', async () => {
      const made = await json('user', 'add', '--name', `anna${suffix}`, '--full-name', 'Anna', '--role', 'pharmacist');
      assert.match(made.password, /^[a-z0-9]{4}(-[a-z0-9]{4}){4}$/);
      await refused(1, /exists already/, 'user', 'add', '--name', `anna${suffix}`, '--role', 'pharmacist');
      const chosen = await hubctl(['--json', 'user', 'add', '--name', `bea${suffix}`, '--role', 'logistics', '--stdin'], { input: 'a long enough one\n' });
      assert.equal(JSON.parse(chosen.out).password, undefined);
      const short = await hubctl(['user', 'password', `bea${suffix}`, '--stdin'], { input: 'short\n', accept: [1] });
      assert.match(short.err, /12 to 128/);
      assert.notEqual((await json('user', 'password', `anna${suffix}`)).password, made.password);
      await hubctl(['user', 'disable', `bea${suffix}`]);
      const { users } = await json('user', 'list');
      assert.equal(users.find((u) => u.name === `bea${suffix}`).disabled, true);
    });

    await t.test('orders from files', async () => {
      writeFileSync(at('o.csv'), `patient,reference\nA. Zilvervogel,csv-1${suffix}\nB,csv-2${suffix}\n`);
      writeFileSync(at('o.json'), JSON.stringify({ patient: 'C. Zilvervogel', reference: `json-${suffix}` }));
      writeFileSync(at('bad.csv'), 'patient,colour\nA,red\n');
      assert.deepEqual((await json('import', at('o.csv'))).orders.map((o) => o.existed), [false, false]);
      assert.deepEqual((await json('import', at('o.csv'))).orders.map((o) => o.existed), [true, true]);
      assert.equal((await json('import', at('o.json'))).orders.length, 1);
      assert.equal((await json('import', path.join(ROOT, 'tests/stage/bundle.json'))).orders[0].existed, mode === 'running');
      await refused(1, /line 1, column 2/, 'import', at('bad.csv'));
      const list = await hubctl(['orders']);
      assert.match(list.out, /registered/);
      assert.ok(!list.out.includes('Zilvervogel'), 'the command line shows no names');
    });

    await t.test('audit and backup', async () => {
      const whole = await json('verify');
      assert.ok(whole.rows > 5);
      assert.match(whole.head, /^[0-9a-f]{64}$/);
      const copy = at(`copy-${suffix}.sqlite`);
      await hubctl(['backup', copy]);
      assert.equal(statSync(copy).mode & 0o777, 0o600);
      assert.ok(readFileSync(copy).subarray(0, 15).equals(Buffer.from('SQLite format 3')));
      await refused(1, /File exists/, 'backup', copy);
      await refused(1, /No such file/, 'backup', at('no/such/folder.sqlite'));
    });
  });
}

test('a second hubd does not start on the same state', async () => {
  const r = await run(path.join(BIN, 'hubd'), ['--config', at('hub/hubd.conf')], { accept: [1] });
  assert.match(r.err, /another process|busy|in use|has the database|locked/i);
  assert.equal((await json('status')).running, true);
});
