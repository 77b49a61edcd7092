// SPDX-License-Identifier: Apache-2.0
// The daemon as a process: memory, processor time, start, and how soon a moved door is known; beside a Node.js program that does the
// smaller part of the same job on the same cabinet and broker (peer.mjs). One stage for both.
import { readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import path from 'node:path';
import mqtt from 'mqtt';
import { Stage, ROOT, until, sleep } from '../stage/stage.mjs';
import { start } from '../stage/process.mjs';
import { allowSpy, identity } from '../stage/spy.mjs';
import { wrongCode } from '../stage/damm.mjs';
import { cpuNs, figures, median, memory, nowUs, program } from './measure.mjs';

const BOARDS = 3; // with contacts: their polls are counted
const CPU_MS = 8000;
const STARTS = 5;
const BACKLOG = 10000;
const JOURNAL_ROWS = 100000;
const ARGON_MIB = 32;
const DEBOUNCE_MS = 50; // an opening counts after two agreeing reads at least so far apart

class Bench extends Stage {
  async open() {
    await this.start({ beforeBroker: allowSpy });
    this.conf = readFileSync(this.lockerConf, 'utf8');
    await this.watchDoors();
    await this.watchMessages();
    return this;
  }

  // Doors as the cabinet moves them: { door, open, at_us }.
  async watchDoors() {
    const socket = createConnection(this.simControl, () => socket.write('events\n'));
    socket.on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => {
      const e = JSON.parse(line);
      if (e.event === 'door') this.moved = e;
    });
  }

  // The last message about a door on the broker.
  async watchMessages() {
    await identity(this, 'spy');
    const file = (name) => readFileSync(path.join(this.dir, 'run', name));
    const client = mqtt.connect({ protocol: 'mqtts', host: 'localhost', port: this.brokerPort, protocolVersion: 5,
      ca: readFileSync(path.join(this.hubDir, 'broker/ca.pem')), cert: file('spy.pem'), key: file('spy.key') });
    client.on('message', (topic, bytes) => {
      const at = nowUs();
      const text = bytes.toString();
      const m = text.startsWith('{') ? JSON.parse(text) : JSON.parse(Buffer.from(text.split('.')[1], 'base64url'));
      if (m.typ.startsWith('door.')) this.told = { at, typ: m.typ, door: m.door ?? m.dat.door, bms: m.bms };
    });
    await new Promise((r) => client.on('connect', r));
    await client.subscribeAsync('mdl/v1/+/up/evt', { qos: 1 });
    this.spyClient = client;
  }

  async stop() {
    await this.spyClient?.endAsync(true);
    await super.stop();
  }

  async lastFrame() {
    for (let last = 0; ; ) {
      const answer = await this.cabinet(last ? `trace since ${last}` : 'trace');
      if (answer.frames.length === 0 || answer.last === last) return answer.last;
      last = answer.last;
    }
  }

  // Runs act and gives the microseconds until the first frame on a bus.
  async untilFrame(act) {
    await sleep(300);
    const since = await this.lastFrame();
    const begin = nowUs();
    const process = await act();
    const frame = await until('a first poll', async () => (await this.cabinet(`trace since ${since}`)).frames[0], 10000, 20);
    return { us: frame.at_us - begin, process };
  }
}

// What is compared: how to start it with so many polls for each second (0: as many as the line allows).
const pollMs = (perSecond) => (perSecond === 0 ? 0 : Math.round((1000 * BOARDS) / perSecond));

class Lockerd {
  static label = 'lockerd';

  static async run(stage, perSecond) {
    writeFileSync(stage.lockerConf, stage.conf.replaceAll(/^(bus .*) }$/gm, `$1 poll_ms = ${pollMs(perSecond)} }`));
    stage.subject = await start('lockerd', stage.program('lockerd'), ['--config', stage.lockerConf], { log: stage.log('locker') });
    return stage.subject;
  }
}

class Peer {
  static label = 'peer';

  static async run(stage, perSecond) {
    const cfg = { rtu: stage.rtuLink, baud: stage.baud, tcp: stage.simPort, poll_ms: pollMs(perSecond), broker: stage.brokerPort,
      state: stage.lockerDir, locker: stage.lockerId };
    stage.subject = await start('peer', 'node', [path.join(ROOT, 'tests/bench/peer.mjs'), JSON.stringify(cfg)], { log: stage.log('peer') });
    return stage.subject;
  }
}

async function requests(stage) {
  return (await stage.cabinet('counts')).frames;
}

// Share of one processor in percent, and the polls that were really made.
async function cpu(stage, pid) {
  const [ns, frames, begin] = [cpuNs(pid), await requests(stage), nowUs()];
  await sleep(CPU_MS);
  const us = nowUs() - begin;
  return { percent: (cpuNs(pid) - ns) / us / 10, rate: ((await requests(stage)) - frames) / (us / 1e6) };
}

// Opens each door, once because a door that was forced is set aside. Gives the ms to the event (its own time, where it has one) and
// to its message.
async function moves(stage, doors) {
  const told = [];
  for (const [i, door] of doors.entries()) {
    await sleep(150 + 37 * (i % 7)); // not in step with the polls
    stage.told = stage.moved = undefined;
    await stage.cabinet(`open ${door}`);
    await until(`the opening of ${door}`, () => stage.told?.door === door && stage.moved?.door === door, 5000, 1);
    told.push({ event: stage.told.bms - stage.moved.at_us / 1000, message: (stage.told.at - stage.moved.at_us) / 1000 });
    await stage.cabinet(`close ${door}`);
    await sleep(500);
  }
  return told;
}

const row = (letter) => [1, 2, 3, 4, 5, 6, 7, 8].map((n) => letter + n);

// Milliseconds between two reads of the contacts of one board when nothing happens.
async function scanMs(stage) {
  const last = await stage.lastFrame();
  await sleep(300);
  const { frames } = await stage.cabinet(`trace since ${last}`);
  const times = frames.filter((f) => f.request.startsWith('0102')).map((f) => f.at_us);
  return (times.at(-1) - times[0]) / (times.length - 1) / 1000;
}

// All figures that both have.
async function common(stage, subject) {
  const starts = [];
  for (let i = 0; i < STARTS; i++) {
    const { us, process } = await stage.untilFrame(() => subject.run(stage, 100));
    starts.push(us / 1000);
    await process.stop();
  }
  const out = { start: median(starts) };
  for (const rate of [10, 100]) {
    const process = await subject.run(stage, rate);
    await sleep(4000);
    out[rate] = await cpu(stage, process.child.pid);
    if (rate === 100) {
      out.memory = memory(process.child.pid);
      out.message = median((await moves(stage, row('B'))).map((t) => t.message));
    }
    await process.stop();
  }
  return out;
}

async function compare(table, stage) {
  const own = await common(stage, Lockerd);
  const peer = await common(stage, Peer);
  const beside = (figure, value, unit, other, aim) => table.add(figure, value, unit, { limit: other, limitName: 'Node.js', aim });
  beside('rss', own.memory.rss, 'MiB', peer.memory.rss, undefined);
  beside('rss_own', own.memory.own, 'MiB', peer.memory.own, undefined);
  for (const rate of [10, 100]) {
    table.add(`polls_${rate}`, own[rate].rate, '1/s', { limit: peer[rate].rate, limitName: 'Node.js' });
    beside(`cpu_${rate}`, own[rate].percent, '%', peer[rate].percent);
  }
  table.add('rss_idle', own.memory.rss, 'MiB', { limitName: `${own.memory.libraries.toFixed(1)} of it libraries`, aim: ['<=', 10] });
  table.add('cpu_100_polls', own[100].percent, '%', { aim: ['<=', 3] });
  beside('start_to_poll', own.start, 'ms', peer.start);
  beside('door_to_message', own.message, 'ms', peer.message);
}

async function fullSpeed(table, stage) {
  const process = await Lockerd.run(stage, 0);
  await sleep(3000);
  const scan = await scanMs(stage);
  const told = (await moves(stage, [...row('A'), ...row('C')])).map((t) => t.event);
  table.add('scan', scan, 'ms');
  table.add('door_to_journal_p50', median(told) + table.costs.commit_p50.value, 'ms', { limitName: `${DEBOUNCE_MS} ms of it debounce` });
  table.add('door_to_journal_max', Math.max(...told) + table.costs.commit_p50.value, 'ms');
  table.add('door_to_journal', median(told) + table.costs.commit_p50.value - DEBOUNCE_MS, 'ms', {
    limit: scan, limitName: 'ms (scan), after debounce', aim: ['<=', 2] });
  const full = await cpu(stage, process.child.pid);
  table.add('cpu_full_speed', full.percent, '%', { limitName: `at ${full.rate.toFixed(0)} polls/s` });
  await process.stop();
}

// The largest that it ever was, after it checked a code.
async function peak(table, stage) {
  await stage.startLocker();
  await stage.type(wrongCode('1234567890'));
  await stage.waitScreen('refused');
  const m = memory(stage.locker.child.pid);
  await stage.locker.stop();
  table.add('rss_peak', m.peak, 'MiB', { limitName: `with ${ARGON_MIB} MiB of Argon2id` });
  table.add('rss_peak_without', m.peak - ARGON_MIB, 'MiB', { aim: ['<=', 10] });
}

async function event(table, stage) {
  const f = await figures(program('bench_outbox'), ['event', stage.lockerConf]);
  table.add('event_acked_p50', f.event_acked_p50.value, 'ms', {
    limit: 2 * f.event_commit.value + 1, limitName: 'ms (two commits + 1 ms)', aim: ['<=', 1] });
  table.add('event_acked_p99', f.event_acked_p99.value, 'ms');
}

// A backlog through the whole system: TLS, broker, the hub's checks and commits.
async function backlog(table, stage) {
  await figures(program('bench_fill'), [stage.lockerConf, String(BACKLOG), 'waiting']);
  const begin = nowUs();
  await Lockerd.run(stage, 100);
  const acked = async () => {
    const status = await stage.lockerctl('status');
    return status.connected && status.outbox === 0;
  };
  await until('the backlog to be told', acked, 60000, 20);
  table.add('backlog_end_to_end', (BACKLOG * 1e6) / (nowUs() - begin), 'events/s', { limitName: 'with the start of lockerd' });
}

// Last, because the hub does not know these events.
async function longJournal(table, stage) {
  await stage.hub.stop();
  await figures(program('bench_fill'), [stage.lockerConf, String(JOURNAL_ROWS), 'told']);
  const starts = [];
  for (let i = 0; i < STARTS; i++) {
    const { us, process } = await stage.untilFrame(() => Lockerd.run(stage, 0));
    starts.push(us / 1000);
    await process.stop();
  }
  table.add('start_long_journal', median(starts), 'ms', { limitName: `${JOURNAL_ROWS} rows`, aim: ['<=', 100] });
}

export async function measureDaemon(table) {
  const stage = new Bench({ baud: 115200, name: 'bench' });
  try {
    await table.measure('stage', async () => {
      await stage.open();
      await stage.locker.stop();
    });
    for (const part of [compare, fullSpeed, peak, event, backlog, longJournal]) {
      await table.measure(part.name, () => part(table, stage));
      await stage.subject?.stop();
      await stage.locker?.stop();
    }
  } finally {
    await stage.stop();
  }
}
