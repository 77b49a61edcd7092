// SPDX-License-Identifier: Apache-2.0
// People and programs that mean harm or do not know better: at the broker, at the hub's HTTP door, at the kiosk, in files.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import path from 'node:path';
import { Stage, run, sleep, until, sampleBundle } from '../stage/stage.mjs';
import { allowSpy, startSpy, messages, publish, listen } from '../stage/spy.mjs';
import * as story from '../stage/story.mjs';

let stage;
before(async () => {
  stage = new Stage({ seed: 13 });
  await stage.start({ beforeBroker: allowSpy, afterBroker: startSpy });
}, { timeout: 300000 });
after(() => stage?.stop());

const STRANGER = 'ffffffffffffffff';
const pulses = () => story.pulses(stage);

test('a stranger with a certificate reads and writes nothing of a locker', async () => {
  const before = (await stage.lockerctl('status')).refused;
  for (const topic of [`mdl/v1/${stage.lockerId}/dn/cmd`, `mdl/v1/${stage.lockerId}/up/evt`]) {
    const { code, err } = await publish(stage, STRANGER, topic, 'x');
    assert.ok(code !== 0 || /not authori[sz]ed/i.test(err), `${topic}: ${code} ${err}`);
  }
  for (const topic of ['#', '$SYS/#', `mdl/v1/${stage.lockerId}/#`]) assert.deepEqual(await listen(stage, STRANGER, topic, 1500), [], topic);
  assert.equal((await stage.lockerctl('status')).refused, before);
});

test('without a certificate nobody connects', async () => {
  const r = await run('mosquitto_pub', ['-h', 'localhost', '-p', String(stage.brokerPort), '--cafile', path.join(stage.hubDir, 'broker/ca.pem'), '-t', 'x', '-m', 'x'], { accept: [1, 5, 7, 8] });
  assert.notEqual(r.code, 0);
});

test('forged, replayed, foreign and broken messages change nothing and are counted', async () => {
  const bag = await story.pack(stage, (await story.order(stage, { reference: 'hostile-1' })).id);
  await story.loadAll(stage, bag);
  await story.untilDrained(stage);
  const doors = JSON.stringify((await stage.lockerctl('doors')).doors.map((d) => [d.door, d.state]));
  const moved = await pulses();
  const heard = (part) => messages(stage).filter((m) => m.topic.includes(part));
  await until('the spy to have heard it', () => heard('/up/evt').length >= 5 && heard('/dn/').length >= 3);
  const [up, down] = [heard('/up/evt'), heard('/dn/')];
  const bad = (text) => {
    const [h, , s] = text.split('.');
    return `${h}.${Buffer.from('{"iss":"hub"}').toString('base64url')}.${s}`;
  };
  // The broker itself as the attacker: it may publish on every topic (identity "backend" is the hub's own).
  await stage.hub.stop();
  for (const m of down.slice(-3)) await publish(stage, 'backend', m.topic, m.text);
  for (const m of down.slice(-2)) await publish(stage, 'backend', m.topic, bad(m.text));
  for (const text of ['', '{', 'a.b.c', 'x'.repeat(60000), up[0].text]) await publish(stage, 'backend', `mdl/v1/${stage.lockerId}/dn/cmd`, text);
  await stage.startHub();
  await stage.login();
  await until('the locker to refuse them', async () => (await stage.lockerctl('status')).refused >= 5);
  // And a locker's own topic with its own old messages, as a broker would replay them.
  for (const m of up.slice(0, 5)) await publish(stage, stage.lockerId, m.topic, m.text, ['-x', '0']).catch(() => {});
  await sleep(1500);
  assert.equal(await pulses(), moved);
  assert.equal(JSON.stringify((await stage.lockerctl('doors')).doors.map((d) => [d.door, d.state])), doors);
  assert.equal(await story.orderState(stage, bag.id), 'ready');
});

test('a bundle that is not for us is refused with the element that is wrong', async () => {
  const good = JSON.parse(sampleBundle().text);
  const dispense = (b) => b.entry.find((e) => e.resource.resourceType === 'MedicationDispense');
  const cases = [
    ['no dispense', (b) => (b.entry = b.entry.filter((e) => e.resource.resourceType !== 'MedicationDispense')), /entry|MedicationDispense/],
    ['status', (b) => (dispense(b).resource.status = 'cancelled'), /status/],
    ['other pharmacy', (b) => (b.entry.find((e) => e.resource.resourceType === 'Organization').resource.identifier[0].value = '87654321'), /performer|Organization|identifier|entry/],
  ];
  for (const [name, change, where] of cases) {
    const b = structuredClone(good);
    change(b);
    const r = await stage.api('POST', '/fhir/Bundle', b, { 'content-type': 'application/fhir+json' });
    assert.ok(r.status >= 400 && r.status < 500, `${name}: ${r.status}`);
    assert.equal(r.body.resourceType, 'OperationOutcome', name);
    assert.match(JSON.stringify(r.body.issue), where, name);
  }
});

test('a CSV file with one bad line is refused whole, with line and column', async () => {
  const { orders: before } = await stage.ok('GET', '/api/orders');
  const csv = 'reference,patient,birth_date\nhostile-csv-1,J. Voorbeeld,1961-03-14\nhostile-csv-2,J. Voorbeeld,1961-99-14\n';
  const r = await stage.api('POST', '/api/orders/csv', csv, { 'content-type': 'text/csv' });
  assert.equal(r.status, 400, JSON.stringify(r.body));
  assert.match(JSON.stringify(r.body), /line 3/);
  assert.match(JSON.stringify(r.body), /column|birth_date/);
  assert.equal((await stage.ok('GET', '/api/orders')).orders.length, before.length);
});

const raw = (url, text) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const s = createConnection({ host: hostname, port: Number(port) }, () => s.end(text));
    let out = '';
    s.on('data', (c) => (out += c));
    s.on('end', () => resolve(out));
    s.on('error', reject);
    s.setTimeout(20000, () => s.destroy(new Error('no answer')));
  });

test('odd HTTP framing gets 400 at both servers', async () => {
  for (const url of [stage.hubUrl, stage.kioskUrl]) {
    const host = new URL(url).host;
    for (const [name, text] of [
      ['two lengths', `POST /key HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
      ['length and chunks', `POST /key HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
      ['no host', 'GET / HTTP/1.1\r\n\r\n'],
      ['NUL in path', `GET /%00x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`],
      ['dots in path', `GET /x/../../etc/passwd HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`],
    ])
      assert.match(await raw(url, text), /^HTTP\/1\.[01] (400|404)/, `${name} at ${url}`);
  }
});

test('the kiosk takes keys from its own page only', async () => {
  const r = await fetch(`${stage.kioskUrl}/key`, { method: 'POST', headers: { 'content-type': 'application/json', origin: 'http://evil.example' }, body: '{"key":"1"}' });
  assert.ok(r.status >= 400, String(r.status));
  for (const body of ['', '{', '{"key":"12"}', '{"key":1}', '{"key":"1","x":1}', '{"key":"1"}{}']) {
    const a = await fetch(`${stage.kioskUrl}/key`, { method: 'POST', headers: { 'content-type': 'application/json', origin: stage.kioskUrl }, body });
    assert.equal(a.status, 400, body);
  }
  assert.equal((await stage.screen()).screen, 'start');
});

test('a configuration with an unknown or contradictory key stops with file, line and reason', async () => {
  const file = path.join(stage.dir, 'bad.conf');
  for (const [text, where] of [
    ['state = "/nowhere"\ncolour = "red"\n', /bad\.conf:2: colour/],
    ['state = "/nowhere"\nstate = "/twice"\n', /bad\.conf:2: state/],
    ['kiosk_port = seven\n', /bad\.conf:1: kiosk_port/],
  ]) {
    writeFileSync(file, text);
    const r = await run(stage.program('lockerd'), ['--config', file], { accept: [2] });
    assert.match(r.err, where);
  }
  writeFileSync(file, 'state = "/nowhere"\ncolour = "red"\n');
  const r = await run(stage.program('hubd'), ['--config', file], { accept: [2] });
  assert.match(r.err, /bad\.conf:2: colour/);
});

test('a revoked locker is heard no more', async () => {
  await stage.hubctl('locker', 'revoke', stage.name);
  stage.broker.child.kill('SIGHUP');
  await sleep(500);
  const { lockers } = await stage.ok('GET', '/api/lockers');
  assert.ok(JSON.stringify(lockers).includes('revoked'));
});
