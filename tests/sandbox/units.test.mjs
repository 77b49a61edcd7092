// SPDX-License-Identifier: Apache-2.0
// The units as they are shipped: how systemd scores them, and that the daemons do their work under the same rules, tell the service
// manager when they are ready, and feed the watchdog in time.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT, Stage, sleep, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { allowedCalls, memoryMax, notApplied, notifications, whyNot, readUnit, rulesOf, watchdogMs } from './rules.mjs';

const CONFINE = process.env.MEDLOCKER_CONFINE;
const DAEMONS = ['lockerd', 'hubd'];
const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;
const needsAnalyze = { skip: analyze ? false : 'systemd-analyze is not installed' };
const needsConfine = { skip: whyNot(), timeout: 300000 };

// systemd-analyze looks for the program that a unit starts, and for unit files below a root of its own.
for (const [name, most] of [['lockerd', 1.5], ['hubd', 1.2]])
  test(`the unit of ${name} is scored at most ${most}`, needsAnalyze, () => {
    const root = mkdtempSync(path.join(tmpdir(), 'medlocker-'));
    try {
      const units = path.join(root, 'usr/lib/systemd/system');
      mkdirSync(units, { recursive: true });
      writeFileSync(path.join(units, `${name}.service`), readFileSync(path.join(ROOT, `systemd/${name}.service`)));
      const said = spawnSync('systemd-analyze', ['security', '--offline=true', `--threshold=${most * 10}`, `--root=${root}`, '--no-pager', `${name}.service`],
        { encoding: 'utf8' });
      const score = Number(/exposure level for \S+: ([0-9.]+)/.exec(said.stdout)?.[1]);
      assert.ok(score > 0, said.stderr);
      assert.ok(score <= most, `score ${score}\n${said.stdout}`);
      assert.equal(said.status, 0, said.stderr);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

test('every directive of the units is carried out, but for three that need the service manager', needsAnalyze, () => {
  for (const name of DAEMONS) {
    const unit = readUnit(name);
    rulesOf(unit, { writable: [] }); // throws for one it does not know
    assert.deepEqual(notApplied(unit).sort(), ['IPAddressAllow', 'IPAddressDeny', 'MemoryMax']);
  }
});

test('what could hurt is not among the allowed calls', needsAnalyze, () => {
  for (const name of DAEMONS) {
    const calls = new Set(allowedCalls(readUnit(name)));
    for (const bad of ['ptrace', 'mount', 'bpf', 'init_module', 'kexec_load', 'reboot', 'settimeofday', 'clock_settime', 'setuid', 'chroot', 'keyctl', 'ioperm', 'swapon', 'perf_event_open'])
      assert.ok(!calls.has(bad), `${name}: ${bad}`);
    for (const needed of ['read', 'write', 'openat', 'fsync', 'futex', 'socket', 'clock_gettime', 'execve']) assert.ok(calls.has(needed), `${name}: ${needed}`);
  }
});

const probe = (script, name = 'lockerd') => {
  const dir = mkdtempSync(path.join(tmpdir(), 'medlocker-'));
  try {
    const rules = path.join(dir, 'rules');
    const log = path.join(dir, 'log');
    writeFileSync(rules, `${rulesOf(readUnit(name), { writable: [dir] }).join('\n')}\n`);
    const p = spawnSync(CONFINE, [rules, log, '/bin/sh', '-c', script], { encoding: 'utf8', env: { ...process.env, DIR: dir } });
    return { ...p, log: readFileSync(log, 'utf8') };
  } finally {
    rmSync(dir, { recursive: true });
  }
};

test('the rules hold: a program under them can do none of this', needsConfine, () => {
  const can = (script) => probe(script).status === 0;
  assert.ok(can('echo x > "$DIR/file"'), 'it may write its own folder');
  assert.ok(!can(`echo x > ${ROOT}/build/not-allowed`), 'it writes elsewhere');
  assert.ok(!can('echo x > /etc/not-allowed'), 'it writes /etc');
  assert.ok(!can('cat /etc/shadow'), 'it reads the passwords');
  if (!/^\/(home|root)\//.test(ROOT)) assert.ok(!can('ls -A /home /root | grep -v : | grep -q .'), 'it sees the homes');
  assert.ok(!can('unshare -U true'), 'it makes a namespace');
  assert.ok(!can('mount -t tmpfs none /tmp'), 'it mounts');
  assert.ok(!can('chmod 4755 "$DIR/log"'), 'it makes a file set-user-id');
  assert.ok(!can('[ "$(id -u)" = 0 ]'), 'it is root');
  assert.ok(!can('ls /dev | grep -qE "sd|vd|mem|kmsg|loop"'), 'it sees disks or memory');
  assert.ok(!can('[ "$(grep CapEff /proc/self/status | tr -d "\\t ")" != "CapEff:0000000000000000" ]'), 'it has a capability');
  assert.ok(!can('! grep -q "NoNewPrivs:.1" /proc/self/status'), 'it may gain rights');
  assert.ok(!can('[ "$(ulimit -n)" != 1024 ]') && !can('[ "$(ulimit -c)" != 0 ]'), 'its limits are others');
  assert.match(probe('unshare -U true').log, /^denied unshare /m, 'a refusal is in the log');
});

test('both daemons are ready for the service manager, feed it in time, and stay below their memory', needsConfine, async () => {
  const stage = new Stage({ seed: 11 });
  try {
    await stage.start();
    const bag = await story.pack(stage, (await story.order(stage, { reference: 'confined' })).id);
    await story.loadAll(stage, bag);
    await story.collect(stage, bag);
    await story.untilState(stage, bag.id, 'collected');
    for (const [name, p] of [['lockerd', stage.locker], ['hubd', stage.hub]]) {
      const limit = watchdogMs(name);
      const said = await until(`${name} to feed the watchdog twice`, () => {
        const all = notifications(p.confinement);
        return all.filter((n) => n.text.includes('WATCHDOG=1')).length >= 2 && all;
      }, 3 * limit);
      assert.equal(said.filter((n) => n.text.includes('READY=1')).length, 1, `${name} says once that it is ready`);
      const fed = said.map((n) => n.ms);
      for (let i = 1; i < fed.length; i++) assert.ok(fed[i] - fed[i - 1] < limit * 0.8, `${name}: ${fed[i] - fed[i - 1]} ms between two`);
      const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${p.child.pid}/status`, 'utf8'))[1]) * 1024;
      assert.ok(peak < memoryMax(name), `${name} had ${peak} bytes in memory`);
    }
    for (const p of [stage.locker, stage.hub]) {
      await p.stop();
      assert.ok(await until(`${p.name} to take its leave`, () => notifications(p.confinement).some((n) => n.text.includes('STOPPING=1'))));
    }
  } finally {
    await stage.stop();
  }
});

test('a stopped daemon does not feed the watchdog', needsConfine, async () => {
  const stage = new Stage({ seed: 12 });
  try {
    await stage.start();
    const feeds = () => notifications(stage.locker.confinement).filter((n) => n.text.includes('WATCHDOG=1')).length;
    await until('the first feeding', () => feeds() > 0, 3 * watchdogMs('lockerd'));
    stage.locker.child.kill('SIGSTOP');
    await until('the daemon to stand still', () => / [tT] /.test(readFileSync(`/proc/${stage.locker.child.pid}/stat`, 'utf8')));
    await sleep(1000); // what it said before is written down
    const before = feeds();
    await sleep(watchdogMs('lockerd') / 2);
    assert.equal(feeds(), before);
    stage.locker.child.kill('SIGCONT');
    await until('the next feeding', () => feeds() > before, 3 * watchdogMs('lockerd'));
  } finally {
    await stage.stop();
  }
});
