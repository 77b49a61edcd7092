// SPDX-License-Identifier: Apache-2.0
// A stage: the whole system in one temporary folder: broker with TLS, hub, one locker, its cabinet in software. Everything is made
// on the spot (keys, certificates, users); nothing is shared between stages. Used by make run, make demo, the scenario tests and the
// benchmarks.
import { mkdtempSync, mkdirSync, rmSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PATIENCE_MS, start, run, until, sleep } from './process.mjs';

export { PATIENCE_MS, until, sleep, run };
export const ROOT = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
export const URA = '01236578';
const SHARE = path.join(ROOT, 'build/share');

// Below those that the kernel gives to whoever connects (32768 and up): one of these would be taken again before its server listens.
export async function freePort() {
  for (;;) {
    const port = randomInt(20000, 32000);
    const server = createServer();
    const free = await new Promise((resolve) => server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)));
    if (!free) continue;
    await new Promise((r) => server.close(r));
    return port;
  }
}

// The 24 doors of the demo cabinet (hw/sim/cabinet.conf has the same wiring).
export const DOORS = ['A', 'B', 'C'].flatMap((row, r) =>
  Array.from({ length: 8 }, (_, i) => ({
    name: `${row}${i + 1}`,
    number: r * 8 + i + 1,
    board: `relay${r + 1}`,
    channel: i,
    contactBoard: row === 'C' ? 'input4' : `relay${r + 1}`,
    size: row === 'A' ? 'S' : row === 'B' || i >= 4 ? 'M' : 'L',
    zone: row === 'C' && i >= 4 ? 'cold' : 'room',
    row: r + 1,
    column: i + 1,
    low: row === 'C',
  })),
);

export class Stage {
  // config: build to run ('release' or 'asan'); baud of the serial bus; seed of the cabinet; timeoutMs of both buses: the longest there
  // is, for the boards are a program here, which may have to wait for its turn on a busy machine.
  constructor({ config = process.env.MEDLOCKER_CONFIG ?? 'release', baud = 115200, seed = 1, timeoutMs = 1000, keep = false, name = 'Servicepunt Noord' } = {}) {
    Object.assign(this, { config, baud, seed, timeoutMs, keep, name, patienceMs: PATIENCE_MS });
    this.bin = path.join(ROOT, 'build', config);
    this.dir = mkdtempSync(path.join(tmpdir(), 'medlocker-'));
    this.log = (who) => path.join(this.dir, `${who}.log`);
    for (const d of ['hub', 'locker', 'run']) mkdirSync(path.join(this.dir, d), { mode: 0o700 });
    this.hubDir = path.join(this.dir, 'hub');
    this.lockerDir = path.join(this.dir, 'locker');
    this.hubConf = path.join(this.hubDir, 'hubd.conf');
    this.lockerConf = path.join(this.dir, 'lockerd.conf');
  }

  program(name) {
    return path.join(this.bin, name);
  }

  // Keys, certificates, users, enrolment and all processes.
  async start({ beforeBroker, afterBroker } = {}) {
    await this.prepare();
    await this.startSim();
    this.writeLockerConf();
    await beforeBroker?.(this);
    await this.startBroker();
    await afterBroker?.(this);
    await this.startHub();
    await this.enrol();
    await this.startLocker();
    await this.login();
    await until('the hub to know every door', async () => {
      const doors = (await this.ok('GET', '/api/board')).lockers.find((l) => l.id === this.lockerId)?.doors ?? [];
      return doors.length > 0 && doors.every((d) => d.state);
    });
    return this;
  }

  async prepare() {
    this.brokerPort = await freePort();
    await run(this.program('hubctl'), [
      'init', this.hubDir, '--share', path.join(SHARE, 'web'), '--port', '0', '--broker-port', String(this.brokerPort), '--broker-host', 'localhost',
      '--insecure-cookie', '--ura', URA, '--pharmacy', 'Apotheek Voorbeeld', '--telephone', '0800 1234',
    ]);
  }

  // ------------------------------------------------------------ cabinet
  async startSim() {
    this.simControl = path.join(this.dir, 'run/sim.sock');
    this.rtuLink = path.join(this.dir, 'run/rtu');
    this.sim = await start('lockersim', this.program('lockersim'), [
      '--config', path.join(ROOT, 'hw/sim/cabinet.conf'), '--control', this.simControl, '--seed', String(this.seed),
      '--baud', String(this.baud), '--link', this.rtuLink, ...(this.simPort ? ['--port', String(this.simPort)] : []),
    ], { log: this.log('sim'), ready: 'json' });
    this.simPort = this.sim.hello.tcp;
  }

  // One command, one answer.
  async cabinet(line) {
    const answer = await lineRequest(this.simControl, line);
    if (answer.error) throw new Error(`lockersim: ${line}: ${answer.error}`);
    return answer;
  }

  // ------------------------------------------------------------ broker
  async startBroker() {
    this.broker = await start('mosquitto', 'mosquitto', ['-c', path.join(this.hubDir, 'broker/mosquitto.conf')], { log: this.log('broker') });
    await until('the broker to listen', () => canConnect(this.brokerPort));
  }

  // ------------------------------------------------------------ hub
  async startHub() {
    this.hub = await start('hubd', this.program('hubd'), ['--config', this.hubConf], { log: this.log('hub'), ready: 'json' });
    this.hubUrl = this.hub.hello.http;
    return this.hub;
  }

  async hubctl(...args) {
    return run(this.program('hubctl'), ['--config', this.hubConf, ...args]);
  }

  async hubctlJson(...args) {
    return JSON.parse((await this.hubctl('--json', ...args)).out);
  }

  // ------------------------------------------------------------ enrolment
  async enrol() {
    const secret = (await this.hubctlJson('locker', 'invite', '--name', this.name)).secret;
    const request = await run(this.program('lockerctl'), ['enrol-request', '--state', this.lockerDir, '--secret', secret, '--hub-key', path.join(this.hubDir, 'hub-key.json')]);
    const requestFile = path.join(this.dir, 'request.json');
    writeFileSync(requestFile, request.out);
    const grant = await this.hubctl('locker', 'enrol', '--name', this.name, '--request', requestFile);
    const grantFile = path.join(this.dir, 'grant.json');
    writeFileSync(grantFile, grant.out);
    await run(this.program('lockerctl'), ['enrol-accept', '--state', this.lockerDir, grantFile]);
    this.lockerId = JSON.parse(readFileSync(path.join(this.lockerDir, 'identity.json'), 'utf8')).locker;
  }

  // ------------------------------------------------------------ locker
  writeLockerConf(extra = '') {
    this.lockerControl = path.join(this.dir, 'run/lockerd.sock');
    const doors = DOORS.map(
      (d) =>
        `door "${d.name}" { number = ${d.number} board = "${d.board}" channel = ${d.channel} contact_board = "${d.contactBoard}" ` +
        `contact_input = ${d.channel} size = "${d.size}" zone = "${d.zone}" row = ${d.row} column = ${d.column} low = ${d.low} }`,
    ).join('\n');
    writeFileSync(
      this.lockerConf,
      `state = "${this.lockerDir}"
profiles = "${path.join(ROOT, 'hw/profiles')}"
share = "${path.join(SHARE, 'kiosk')}"
control = "${this.lockerControl}"
kiosk_address = "127.0.0.1"
kiosk_port = ${this.kioskPort ?? 0}
telephone = "0800 1234"
commissioning = "${this.commissioning ?? 'waived'}"
bus "rtu" { kind = "rtu" device = "${this.rtuLink}" baud = ${this.baud} parity = "none" timeout_ms = ${this.timeoutMs} }
bus "tcp" { kind = "tcp" device = "127.0.0.1" port = ${this.simPort} timeout_ms = ${this.timeoutMs} }
board "relay1" { bus = "rtu" unit = 1 profile = "waveshare-d" }
board "relay2" { bus = "tcp" unit = 2 profile = "waveshare-d" }
board "relay3" { bus = "rtu" unit = 3 profile = "r4d-fc06" }
board "input4" { bus = "rtu" unit = 4 profile = "di8-fc02" }
board "climate5" { bus = "rtu" unit = 5 profile = "xy-md02" }
climate "cold" { board = "climate5" probe = 0 zone = "cold" min_milli_c = 2000 max_milli_c = 8000 }
${doors}
${extra}
`,
    );
  }

  async startLocker() {
    this.locker = await start('lockerd', this.program('lockerd'), ['--config', this.lockerConf], { log: this.log('locker'), ready: 'json' });
    this.kioskUrl = this.locker.hello.kiosk;
    await until('every door to be known', async () => {
      const { doors } = await this.lockerctl('doors');
      return doors.length === DOORS.length && doors.every((d) => d.contact !== 'unknown');
    });
    return this.locker;
  }

  async lockerctl(...args) {
    return JSON.parse((await run(this.program('lockerctl'), ['--control', this.lockerControl, '--json', ...args])).out);
  }

  // ------------------------------------------------------------ kiosk
  async screen() {
    const r = await fetch(`${this.kioskUrl}/screen`);
    return r.json();
  }

  async post(where, body) {
    const r = await fetch(`${this.kioskUrl}${where}`, {
      method: 'POST', headers: { 'content-type': 'application/json', origin: this.kioskUrl }, body: JSON.stringify(body),
    });
    if (r.status >= 300) throw new Error(`kiosk ${where}: ${r.status} ${await r.text()}`);
  }

  async key(...keys) {
    for (const k of keys) await this.post('/key', { key: String(k) });
  }

  async type(digits) {
    await this.key(...digits);
  }

  async scan(text) {
    await this.post('/scan', { text });
  }

  async waitScreen(...ids) {
    return until(`the screen ${ids.join(' or ')}`, async () => {
      const s = await this.screen();
      this.lastScreen = s;
      return ids.includes(s.screen) && s;
    }, this.patienceMs).catch((e) => {
      throw new Error(`${e.message}; it shows ${JSON.stringify(this.lastScreen)}`);
    });
  }

  // ------------------------------------------------------------ staff at the hub
  async login(role = 'pharmacist') {
    this.users ??= {};
    this.users[role] ??= await this.hubctlJson('user', 'add', '--name', `${role}1`, '--role', role);
    const { name, password } = this.users[role];
    const r = await fetch(`${this.hubUrl}/api/login`, { method: 'POST', headers: this.headers(), body: JSON.stringify({ name, password }) });
    if (r.status !== 200) throw new Error(`login: ${r.status} ${await r.text()}`);
    this.cookie = r.headers.get('set-cookie').split(';')[0];
  }

  headers(more = {}) {
    return { 'content-type': 'application/json', 'x-medlocker': '1', origin: this.hubUrl, ...(this.cookie && { cookie: this.cookie }), ...more };
  }

  async api(method, where, body, more = {}) {
    const r = await fetch(`${this.hubUrl}${where}`, {
      method, headers: this.headers(more), body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await r.text();
    const type = r.headers.get('content-type') ?? '';
    return { status: r.status, body: type.includes('json') && text ? JSON.parse(text) : text };
  }

  async ok(method, where, body, more) {
    const r = await this.api(method, where, body, more);
    if (r.status >= 300) throw new Error(`${method} ${where}: ${r.status} ${JSON.stringify(r.body)}`);
    return r.body;
  }

  // ------------------------------------------------------------ end
  async stop() {
    for (const p of [this.spy, this.locker, this.hub, this.broker, this.sim]) if (p) await p.stop();
    const refused = [this.locker, this.hub].flatMap((p) => p?.refused.map((call) => `${p.name}: ${call}`) ?? []);
    if (refused.length > 0) throw new Error(`the unit's filter refused: ${[...new Set(refused)].join('; ')}`);
    if (!this.keep) rmSync(this.dir, { recursive: true, force: true });
  }
}

// The bundle that a story uses: a real dispensing record where one is at hand, else our own sample.
export function sampleBundle() {
  const real = path.resolve(ROOT, '../shared/data/nictiz-mp9/afleverlocatieMVE.json');
  return existsSync(real) ? { name: 'MP9 afleverlocatieMVE', text: readFileSync(real, 'utf8') }
    : { name: 'sample', text: readFileSync(path.join(ROOT, 'tests/stage/bundle.json'), 'utf8') };
}

function canConnect(port) {
  return new Promise((resolve) => {
    const s = createConnection({ port, host: '127.0.0.1' }, () => (s.destroy(), resolve(true)));
    s.on('error', () => resolve(false));
  });
}

function lineRequest(socketPath, line) {
  return new Promise((resolve, reject) => {
    const s = createConnection(socketPath, () => s.write(`${line}\n`));
    let text = '';
    s.setTimeout(70000, () => s.destroy(new Error(`no answer to "${line}"`)));
    s.on('error', reject);
    s.on('data', (c) => {
      text += c;
      const end = text.indexOf('\n');
      if (end < 0) return;
      s.destroy();
      resolve(JSON.parse(text.slice(0, end)));
    });
    s.on('close', () => reject(new Error(`connection closed before an answer to "${line}"`)));
  });
}
