// SPDX-License-Identifier: Apache-2.0
// hubctl and lockerctl against each other: what one writes the other accepts, and what was tampered with it refuses (docs/enrolment.md).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../stage/process.mjs';

const ROOT = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const BIN = path.join(ROOT, 'build', process.env.MEDLOCKER_CONFIG ?? 'release');

let dir;
let serial = 0;
const at = (...name) => path.join(dir, ...name);
const json = (file) => JSON.parse(readFileSync(file, 'utf8'));
const fingerprintIn = (text) => text.match(/[0-9a-f]{4}(-[0-9a-f]{4}){3}/)[0];

const initHub = (name) =>
  run(path.join(BIN, 'hubctl'), ['init', at(name), '--ura', '01236578', '--pharmacy', 'Apotheek Voorbeeld', '--telephone', '0800 1234', '--broker-host', 'localhost', '--broker-port', '18883']);
const hubctl = (hub, args, options) => run(path.join(BIN, 'hubctl'), ['--config', at(hub, 'hubd.conf'), ...args], options);
const lockerctl = (args, options) => run(path.join(BIN, 'lockerctl'), args, options);
const invite = async (hub, name) => JSON.parse((await hubctl(hub, ['--json', 'locker', 'invite', '--name', name])).out).secret;

// A locker with its keys and its request; nothing granted yet.
async function ask(hub, name, secret) {
  const state = at(`locker${++serial}`);
  const file = `${state}.request.json`;
  const r = await lockerctl(['enrol-request', '--state', state, '--secret', secret, '--hub-key', at(hub, 'hub-key.json')]);
  writeFileSync(file, r.out);
  return { name, state, file, fingerprint: fingerprintIn(r.err) };
}

async function grant(hub, locker, options) {
  const r = await hubctl(hub, ['locker', 'enrol', '--name', locker.name, '--request', locker.file, '--cost-mem-kib', '1024'], options);
  locker.grant = `${locker.state}.grant.json`;
  writeFileSync(locker.grant, r.out);
  return r;
}

const accept = (locker, options) => lockerctl(['--json', 'enrol-accept', '--state', locker.state, locker.grant], options);

before(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'medlocker-enrol-'));
  chmodSync(dir, 0o700);
  await initHub('hub');
});
after(() => dir && rmSync(dir, { recursive: true, force: true }));

test('a locker becomes one of the hub', async () => {
  const locker = await ask('hub', 'Hal', await invite('hub', 'Hal'));
  const granted = await grant('hub', locker);
  assert.equal(fingerprintIn(granted.err), locker.fingerprint);
  const { locker: id, name } = JSON.parse((await accept(locker)).out);
  assert.match(id, /^[0-9a-f]{16}$/);
  assert.equal(name, 'Hal');

  const identity = json(path.join(locker.state, 'identity.json'));
  assert.deepEqual(Object.keys(identity), ['v', 'locker', 'name', 'sign_key', 'epoch', 'key_epoch', 'cost', 'cmd_keys', 'token_key', 'broker', 'issued_ms']);
  assert.equal(identity.locker, id);
  assert.deepEqual(identity.cmd_keys, [json(at('hub', 'hub-key.json')).cmd_key]);
  assert.deepEqual(identity.broker, { host: 'localhost', port: 18883 });
  assert.equal(identity.cost.mem_kib, 1024);
  const key = readFileSync(path.join(locker.state, 'kepoch'));
  assert.equal(key.length, 36);
  assert.equal(key.readUInt32BE(0), 1);
  assert.ok(key.subarray(4).some((b) => b !== 0));
  for (const f of readdirSync(locker.state)) assert.equal(statSync(path.join(locker.state, f)).mode & 0o777, 0o600, f);

  const list = JSON.parse((await hubctl('hub', ['--json', 'locker', 'list'])).out);
  assert.ok(JSON.stringify(list).includes(id));
});

test('the certificate is for the key that never left the locker, and for this id', async () => {
  const locker = await ask('hub', 'Zijdeur', await invite('hub', 'Zijdeur'));
  await grant('hub', locker);
  const { locker: id } = JSON.parse((await accept(locker)).out);
  const read = (f) => readFileSync(path.join(locker.state, f), 'utf8');
  const cert = new crypto.X509Certificate(read('tls.cert.pem'));
  const ca = new crypto.X509Certificate(read('ca.pem'));
  assert.equal(cert.subject, `CN=${id}`);
  assert.ok(cert.verify(ca.publicKey));
  assert.ok(cert.checkPrivateKey(crypto.createPrivateKey(read('tls.key.pem'))));
  assert.deepEqual(cert.keyUsage, ['1.3.6.1.5.5.7.3.2']); // clientAuth only
  assert.equal(cert.ca, false);
});

test('a secret works once, for its name only, and in any spelling', async () => {
  const secret = await invite('hub', 'Balie');
  const locker = await ask('hub', 'Balie', secret.replaceAll('-', ' ').toUpperCase());
  const stranger = { ...locker, name: 'Hal' };
  assert.equal((await grant('hub', stranger, { accept: [1] })).out, '');
  await grant('hub', locker);
  const again = await grant('hub', { ...locker }, { accept: [1] });
  assert.equal(again.out, '');
  assert.notEqual(again.err, '');
});

test('a secret on standard input works too', async () => {
  const secret = await invite('hub', 'Stil');
  const state = at('silent');
  const r = await lockerctl(['enrol-request', '--state', state, '--secret', '-', '--hub-key', at('hub', 'hub-key.json')], { input: `${secret}\n` });
  const locker = { name: 'Stil', state, file: at('silent.request.json') };
  writeFileSync(locker.file, r.out);
  await grant('hub', locker);
  await accept(locker);
});

test('the hub refuses a request made with another secret, for another hub, or damaged', async () => {
  await initHub('other');
  const secret = await invite('hub', 'Kelder');
  const wrongSecret = await ask('hub', 'Kelder', '00112233445566778899aabbccddeeff');
  assert.match((await grant('hub', wrongSecret, { accept: [1] })).err, /invitation/);
  const wrongHub = await ask('other', 'Kelder', secret);
  assert.match((await grant('hub', wrongHub, { accept: [1] })).err, /sealed/);
  const locker = await ask('hub', 'Kelder', secret);
  const request = json(locker.file);
  for (const sealed of [`${request.sealed.slice(0, -8)}AAAAAAAA`, `${request.sealed.slice(0, -2)}\u00e9`, '', 'AAAA', `${request.sealed}=`]) {
    writeFileSync(`${locker.file}.bad`, JSON.stringify({ ...request, sealed }));
    const r = await grant('hub', { ...locker, file: `${locker.file}.bad` }, { accept: [1] });
    assert.equal(r.out, '', `sealed ${sealed.slice(0, 8)}`);
  }
  await grant('hub', locker); // the refused ones did not use the secret up
});

test('a locker refuses the grant of another locker, of another hub, and a changed one', async () => {
  const first = await ask('hub', 'Een', await invite('hub', 'Een'));
  const second = await ask('hub', 'Twee', await invite('hub', 'Twee'));
  await grant('hub', first);
  await grant('hub', second);
  const refused = async (locker, file, why) => {
    const r = await accept({ ...locker, grant: file }, { accept: [1] });
    assert.match(JSON.parse(r.out).error, why);
    assert.ok(!existsSync(path.join(locker.state, 'identity.json')));
  };
  await refused(first, second.grant, /another locker/);

  const good = json(first.grant);
  const payload = JSON.parse(Buffer.from(good.payload, 'base64url'));
  const changed = Buffer.from(JSON.stringify({ ...payload, broker: { host: 'elsewhere', port: 1 } })).toString('base64url');
  const { privateKey } = crypto.generateKeyPairSync('ed25519');
  const sign = (text) => crypto.sign(null, Buffer.from(`medlocker-grant-1.${text}`), privateKey).toString('base64url');
  for (const [change, why] of [
    [{ payload: changed }, /signature/],
    [{ sig: sign(good.payload) }, /signature/],
    [{ kid: '0011223344556677' }, /signed by/],
    [{ extra: 1 }, /extra/],
  ]) {
    writeFileSync(at('bad.json'), JSON.stringify({ ...good, ...change }));
    await refused(first, at('bad.json'), why);
  }
  await accept(first);
  const r = await accept(first, { accept: [1] });
  assert.match(JSON.parse(r.out).error, /enrolled already/);
});

test('the keys of a request are never replaced', async () => {
  const locker = await ask('hub', 'Vast', await invite('hub', 'Vast'));
  const seed = readFileSync(path.join(locker.state, 'device.seed'));
  const r = await lockerctl(['enrol-request', '--state', locker.state, '--secret', '0'.repeat(32), '--hub-key', at('hub', 'hub-key.json')], { accept: [1] });
  assert.match(r.err, /exists/);
  assert.deepEqual(readFileSync(path.join(locker.state, 'device.seed')), seed);
});
