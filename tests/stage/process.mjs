// SPDX-License-Identifier: Apache-2.0
// Child processes of a stage: started, watched for their first JSON line, killed with the stage. Output goes to a log file each.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { confined, refusals } from '../sandbox/rules.mjs';

// Debian keeps the broker in /usr/sbin, which is not in the path of an ordinary user.
const PATH = `${process.env.PATH}:/usr/sbin`;
const environment = (more) => ({ ...process.env, PATH, ...more });

// With MEDLOCKER_CONFINE these run under the rules of their unit files; see tests/sandbox.
const CONFINED = ['lockerd', 'hubd'];

// How long is waited for what takes a second on an idle machine: long enough for one that does many things at once.
export const PATIENCE_MS = 45000;

const alive = new Set();
process.on('exit', () => alive.forEach((p) => p.child.kill('SIGKILL')));
// Who is ended by a signal ends its children too, unless it has its own way to stop (make run).
for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]])
  process.on(signal, () => process.listenerCount(signal) === 1 && process.exit(128 + number));

export class Process {
  constructor(name, child, logPath) {
    this.name = name;
    this.child = child;
    this.logPath = logPath;
    this.exited = once(child, 'exit').then(([code, signal]) => {
      alive.delete(this);
      this.code = code;
      this.signal = signal;
      return { code, signal };
    });
    alive.add(this);
  }

  get running() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  // System calls that the unit's filter refused.
  get refused() {
    return this.confinement ? refusals(this.confinement) : [];
  }

  // Resolves with the exit; SIGKILL follows when the process has not gone after graceMs.
  async stop(signal = 'SIGTERM', graceMs = 30000) {
    if (this.running) {
      this.child.kill(signal);
      const timer = setTimeout(() => this.child.kill('SIGKILL'), graceMs);
      await this.exited;
      clearTimeout(timer);
    }
    return this.exited;
  }
}

// Starts a program. ready: 'json' waits for a first line of JSON on standard output and keeps it as .hello.
export async function start(name, file, args, { log, env, ready, timeoutMs = PATIENCE_MS } = {}) {
  const rules = process.env.MEDLOCKER_CONFINE && CONFINED.includes(name) ? confined(name, file, args, path.dirname(log)) : undefined;
  const child = spawn(rules?.file ?? file, rules?.args ?? args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment(env) });
  const p = new Process(name, child, log);
  p.confinement = rules?.log;
  const sink = createWriteStream(log, { flags: 'a' });
  sink.write(`--- ${name} ${args.join(' ')}\n`);
  child.stderr.pipe(sink, { end: false });
  child.on('error', (e) => sink.write(`${name}: ${e.message}\n`));
  if (ready === 'json') p.hello = await firstJson(p, sink, timeoutMs);
  else child.stdout.pipe(sink, { end: false });
  return p;
}

function firstJson(p, sink, timeoutMs) {
  return new Promise((resolve, reject) => {
    let text = '';
    let done = false;
    const fail = (why) => {
      if (done) return;
      done = true;
      reject(new Error(`${p.name}: ${why}; see ${p.logPath}`));
    };
    const timer = setTimeout(() => fail(`not ready within ${timeoutMs} ms`), timeoutMs);
    p.exited.then(({ code, signal }) => fail(`ended with ${signal ?? code} before it was ready`));
    p.child.stdout.on('data', (chunk) => {
      sink.write(chunk);
      if (done) return;
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0) return;
      clearTimeout(timer);
      try {
        const hello = JSON.parse(text.slice(0, end));
        done = true;
        resolve(hello);
      } catch {
        fail(`first line is not JSON: ${text.slice(0, end)}`);
      }
    });
  });
}

// Runs a program to its end; throws with its standard error unless it exits 0 (or with one of `accept`).
export async function run(file, args, { input, env, accept = [0] } = {}) {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env: environment(env) });
  let out = '';
  let err = '';
  child.stdout.on('data', (c) => (out += c));
  child.stderr.on('data', (c) => (err += c));
  child.stdin.on('error', () => {}); // the program may end without reading its input
  child.stdin.end(input ?? '');
  const [code, signal] = await once(child, 'close');
  if (!accept.includes(code)) throw new Error(`${file} ${args.join(' ')}: exit ${signal ?? code}\n${err || out}`);
  return { code, out, err };
}

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

// Asks again every stepMs until look() gives something truthy, and once more after the deadline, for this program may have been late
// itself; the error names what was waited for.
export async function until(what, look, timeoutMs = PATIENCE_MS, stepMs = 50) {
  const end = Date.now() + timeoutMs;
  let last;
  for (;;) {
    const late = Date.now() > end;
    try {
      last = await look();
      if (last) return last;
    } catch (e) {
      last = e;
    }
    if (late)
      throw new Error(`waited ${timeoutMs} ms for ${what}${last instanceof Error ? `: ${last.message}` : ''}`);
    await sleep(stepMs);
  }
}
