// SPDX-License-Identifier: Apache-2.0
// The serial bus: how much of the line the driver uses, and what one dead board costs. lockersim hands over every byte when its
// last bit would have left, and its boards answer at once, so that the line is the only limit. The limit is computed from the
// frames that were really on the line: every request and answer byte, 8N1, and two silences of 3.5 characters for each exchange.
import { writeFileSync, readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { Stage, ROOT, sleep, run } from '../stage/stage.mjs';
import { start } from '../stage/process.mjs';
import { median } from './measure.mjs';

const AIMS = { 9600: 0.95, 19200: 0.92, 115200: 0.8 };
const WINDOWS = 5;
const WINDOW_MS = 2000;
const DEAD_MS = 40000; // a dead board is asked again after at least ten times what it cost: one whole round

const gapUs = (baud) => (baud > 19200 ? 1750 : 3.5e7 / baud);
// The trace has hex; the check sum of a request is not in it.
const idealUs = (frame, baud) => ((frame.request.length + frame.reply.length) / 2 + 2) * (1e7 / baud) + 2 * gapUs(baud);

class Line {
  constructor(stage, baud) {
    Object.assign(this, { stage, baud });
  }

  // The cabinet with boards that answer at once, and the driver, both on one processor.
  static async open(table, baud) {
    const line = new Line(new Stage({ baud, timeoutMs: 200, name: 'bench' }), baud);
    const { stage } = line;
    const conf = path.join(stage.dir, 'cabinet.conf');
    writeFileSync(conf, readFileSync(path.join(ROOT, 'hw/sim/cabinet.conf'), 'utf8').replaceAll(/turnaround_ms = \d+/g, 'turnaround_ms = 0'));
    stage.simControl = path.join(stage.dir, 'run/sim.sock');
    stage.sim = await start('lockersim', 'taskset', ['-c', '1', stage.program('lockersim'), '--config', conf, '--control', stage.simControl,
      '--baud', String(baud)], { log: stage.log('sim'), ready: 'json' });
    line.driver = spawn('taskset', ['-c', '1', stage.program('tests/bench/bench_scan'), stage.sim.hello.rtu, String(baud),
      path.join(ROOT, 'hw/profiles')], { stdio: ['pipe', 'pipe', 'inherit'] });
    await line.ready();
    return line;
  }

  ready() {
    return new Promise((resolve, reject) => {
      createInterface({ input: this.driver.stdout }).on('line', resolve);
      this.driver.on('exit', (code) => reject(new Error(`bench_scan ended with ${code}`)));
    });
  }

  // Frames of the next ms on the serial bus.
  async frames(ms) {
    let { last } = await this.stage.cabinet('trace');
    const frames = [];
    for (const end = Date.now() + ms; Date.now() < end; ) {
      await sleep(Math.min(500, Math.max(1, end - Date.now())));
      for (let more = true; more; ) {
        const answer = await this.stage.cabinet(`trace since ${last}`);
        more = answer.frames.length > 0;
        last = answer.last;
        frames.push(...answer.frames.filter((f) => f.bus === 'rtu'));
      }
    }
    return frames;
  }

  // Exchanges for each second, and the same on a line without a pause.
  async rate(ms) {
    const frames = await this.frames(ms);
    const spanUs = frames.at(-1).at_us - frames[0].at_us;
    const ideal = frames.slice(1).reduce((sum, f) => sum + idealUs(f, this.baud), 0);
    return { rate: ((frames.length - 1) * 1e6) / spanUs, limit: ((frames.length - 1) * 1e6) / ideal };
  }

  async stop() {
    this.driver.removeAllListeners('exit');
    this.driver.stdin.end();
    await this.stage.stop();
  }
}

async function scanRate(table, baud) {
  const line = await Line.open(table, baud);
  await line.stage.cabinet('counts reset');
  const windows = [];
  for (let i = 0; i < WINDOWS; i++) windows.push(await line.rate(WINDOW_MS));
  const { rtu } = (await line.stage.cabinet('counts')).buses;
  table.add(`scan_${baud}`, median(windows.map((w) => w.rate)), 'reads/s', {
    limit: median(windows.map((w) => w.limit)), limitName: 'line with gaps', aim: ['>=', AIMS[baud]] });
  table.add(`scan_${baud}_gap_violations`, rtu.gap_violations + rtu.collisions + rtu.garbage, `of ${rtu.requests}`, { aim: ['<=', 0] });
  table.add(`scan_${baud}_min_gap`, rtu.min_gap_us / 1000, 'ms', { limit: gapUs(baud) / 1000, limitName: 'ms (t3.5)', aim: ['>=', 1] });
  await line.stop();
}

// Reads of the good board's contacts over a whole round (the first silences, then the rest), against the same while it rests.
async function deadBoard(table) {
  const line = await Line.open(table, 19200);
  await line.stage.cabinet('board input4 off');
  const frames = (await line.frames(DEAD_MS)).filter((f) => f.request.startsWith('0102'));
  await line.stop();
  const from = frames[0].at_us;
  const rate = (startMs, endMs) =>
    frames.filter((f) => f.at_us - from >= startMs * 1000 && f.at_us - from < endMs * 1000).length / (endMs - startMs);
  const loss = 1 - rate(0, DEAD_MS) / rate(10000, 30000);
  table.add('dead_board_loss', loss * 100, '%', { limitName: 'of the scan rate', aim: ['<=', 10] });
}

export async function measureScan(table) {
  await run('taskset', ['--version']);
  for (const baud of Object.keys(AIMS).map(Number)) await table.measure(`scan_${baud}`, () => scanRate(table, baud));
  await table.measure('dead_board', () => deadBoard(table));
}
