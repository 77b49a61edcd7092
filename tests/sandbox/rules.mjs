// SPDX-License-Identifier: Apache-2.0
// Reads a unit file of systemd/ and says what it means to a process, as rules for confine.c. Every directive of [Service] is either
// carried out, or named below as one that cannot be without the service manager: a new one in a unit must be added here.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const FAMILIES = { AF_UNIX: 1, AF_INET: 2, AF_INET6: 10 };
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx', 'pts'].map((d) => `/dev/${d}`);

export function readUnit(name) {
  const unit = {};
  let section = '';
  for (const line of readFileSync(path.join(ROOT, 'systemd', `${name}.service`), 'utf8').split('\n')) {
    if (/^\[.*\]$/.test(line)) section = line;
    else if (section === '[Service]' && /^[A-Z]/.test(line)) {
      const [key, ...value] = line.split('=');
      (unit[key] ??= []).push(value.join('='));
    }
  }
  return unit;
}

// The groups of the system that the tests run on: { '@io-event': ['epoll_create', …] }.
export function syscallGroups() {
  const groups = {};
  let group;
  const text = execFileSync('systemd-analyze', ['syscall-filter', '--no-pager'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  for (const line of text.split('\n')) {
    if (line.startsWith('@')) groups[(group = line.trim())] = [];
    else if (line.startsWith('# ')) group = undefined; // what no group holds
    else if (group && /^ +[a-z@0-9_-]/.test(line)) groups[group].push(line.trim());
  }
  return groups;
}

function expand(groups, name, into = new Set()) {
  if (!name.startsWith('@')) return into.add(name);
  if (!groups[name]) throw new Error(`no group of system calls is called ${name}`);
  for (const n of groups[name]) expand(groups, n, into);
  return into;
}

// As systemd does it: the first line decides that all else is refused; later ones add, or take away with "~".
export function allowedCalls(unit, groups = syscallGroups()) {
  const calls = expand(groups, '@default');
  for (const line of unit.SystemCallFilter) {
    const names = line.replace(/^~/, '').split(' ').flatMap((n) => [...expand(groups, n)]);
    for (const n of names) line.startsWith('~') ? calls.delete(n) : calls.add(n);
  }
  return [...calls].sort();
}

const bytes = (text) => Number.parseInt(text, 10) * { K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[text.at(-1)];
export const memoryMax = (name) => bytes(readUnit(name).MemoryMax[0]);
export const watchdogMs = (name) => Number(readUnit(name).WatchdogSec[0]) * 1000;

const isYes = (v, what) => {
  if (v[0] !== 'yes') throw new Error(`${what}=${v[0]} is not known here`);
};
const words = (word) => (v, key) => (isYes(v, key), [word]);
const only = (value, rules) => (v, key) => {
  if (v.join(' ') !== value) throw new Error(`${key}=${v.join(' ')} is not known here`);
  return rules;
};
const nodes = (pattern) => {
  const [dir, start] = { 'char-ttyS': ['/dev', 'ttyS'], 'char-ttyUSB': ['/dev', 'ttyUSB'], 'char-gpiochip': ['/dev', 'gpiochip'],
    'char-input': ['/dev/input', 'event'] }[pattern] ?? [];
  if (!dir) throw new Error(`DeviceAllow=${pattern} is not known here`);
  try {
    return readdirSync(dir).filter((n) => n.startsWith(start)).map((n) => `device ${path.join(dir, n)}`);
  } catch {
    return [];
  }
};
const ALREADY = () => []; // follows from another rule, or says how the service is started and stopped
const MANAGER_ONLY = () => []; // needs the service manager: told by notApplied()

const DIRECTIVES = {
  Type: only('notify', []), NotifyAccess: only('main', []), ExecStart: ALREADY, Restart: ALREADY, RestartSec: ALREADY, TimeoutStopSec: ALREADY,
  WatchdogSec: (v) => [`watchdog_us ${Number(v[0]) * 1e6}`],
  User: () => ['user 61184'], Group: ALREADY, SupplementaryGroups: ALREADY,
  StateDirectory: ALREADY, StateDirectoryMode: ALREADY, RuntimeDirectory: ALREADY, // the stage's folders, given as `writable`
  UMask: (v) => [`umask ${v[0]}`],
  DevicePolicy: only('closed', ['empty /dev', ...DEVICES.map((d) => `device ${d}`)]),
  PrivateDevices: (v, key) => (isYes(v, key), ALREADY()),
  DeviceAllow: (v) => v.flatMap((d) => nodes(d.split(' ')[0])),
  ProtectSystem: only('strict', []), // confine makes everything read-only first
  ProtectHome: (v, key) => (isYes(v, key), ['empty /home', 'empty /root', 'empty /run/user']),
  PrivateTmp: (v, key) => (isYes(v, key), ['scratch /tmp', 'scratch /var/tmp']),
  PrivateUsers: words('private-users'), PrivateIPC: words('private-ipc'), PrivateMounts: words('private-mounts'),
  NoNewPrivileges: words('no-new-privileges'), CapabilityBoundingSet: only('', []), AmbientCapabilities: only('', []),
  ProtectKernelTunables: words('read-only-kernel'), ProtectKernelModules: words('no-modules'), ProtectKernelLogs: words('no-kernel-log'),
  ProtectControlGroups: words('read-only-groups'), ProtectClock: words('no-clock'), ProtectHostname: words('no-hostname'),
  ProtectProc: only('invisible', ['proc hidepid=invisible,subset=pid']), ProcSubset: only('pid', []),
  RestrictNamespaces: words('no-namespaces'), RestrictRealtime: words('no-realtime'), RestrictSUIDSGID: words('no-setid'),
  RestrictAddressFamilies: (v) => v[0].split(' ').map((f) => `family ${FAMILIES[f]}`),
  IPAddressDeny: MANAGER_ONLY, IPAddressAllow: MANAGER_ONLY, MemoryMax: MANAGER_ONLY,
  LockPersonality: words('no-personality'), MemoryDenyWriteExecute: words('no-write-exec'),
  KeyringMode: only('private', []), RemoveIPC: ALREADY,
  SystemCallArchitectures: only('native', []), SystemCallFilter: ALREADY, // below
  SystemCallErrorNumber: only('EPERM', ['errno 1']),
  LimitCORE: (v) => [`limit_core ${v[0]}`], LimitNOFILE: (v) => [`limit_nofile ${v[0]}`], TasksMax: (v) => [`limit_tasks ${v[0]}`],
};

export const notApplied = (unit) => Object.keys(unit).filter((k) => DIRECTIVES[k] === MANAGER_ONLY);

// writable: the folders that take the place of StateDirectory and RuntimeDirectory.
export function rulesOf(unit, { writable, kill = false }) {
  const rules = [];
  for (const [key, value] of Object.entries(unit)) {
    if (!DIRECTIVES[key]) throw new Error(`${key} stands in a unit and nothing here carries it out`);
    rules.push(...DIRECTIVES[key](value, key));
  }
  rules.push(`readable ${ROOT}`, ...writable.map((w) => `writable ${w}`), ...allowedCalls(unit).map((c) => `call ${c}`));
  if (kill) rules.push('kill');
  return rules;
}

// The command that starts a daemon under the rules of its unit. MEDLOCKER_CONFINE is the path of confine; MEDLOCKER_DENY=kill ends
// the process at the first refused call. The log beside the rules tells every refusal and every notification.
export function confined(name, file, args, dir) {
  const rules = path.join(dir, `${name}.rules`);
  const log = path.join(dir, `${name}.confine.log`);
  const text = rulesOf(readUnit(name), { writable: [dir], kill: process.env.MEDLOCKER_DENY === 'kill' });
  const line = path.join(dir, 'run/rtu'); // the serial line: the unit's user is of the group that may use it
  if (existsSync(line)) text.push(`owned ${realpathSync(line)}`);
  writeFileSync(rules, `${text.join('\n')}\n`);
  return { file: process.env.MEDLOCKER_CONFINE, args: [rules, log, file, ...args], log };
}

// Why nothing can be confined here; false when it can.
export function whyNot() {
  if (!process.env.MEDLOCKER_CONFINE) return 'MEDLOCKER_CONFINE is not set';
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) return 'systemd-analyze is not installed';
  const dir = mkdtempSync(path.join(tmpdir(), 'medlocker-'));
  try {
    const { file, args } = confined('lockerd', '/bin/true', [], dir);
    const p = spawnSync(file, args, { encoding: 'utf8' });
    return p.status === 0 ? false : `this machine does not let programs be confined (${p.stderr.trim()})`;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

// Calls that are tried and not needed: clone3, for which the C library then takes clone; a netlink socket (family 16), by which it
// would look which families have an address before it looks up a name; the clock's state, for which common/clock.c then asks
// systemd-timesyncd. Everything else that is refused is a fault.
const HARMLESS = /^denied (clone3 |socket 0x10 |(clock_adjtime|adjtimex) )/;
export function refusals(log) {
  try {
    return readFileSync(log, 'utf8').split('\n').filter((l) => l.startsWith('denied ') && !HARMLESS.test(l));
  } catch {
    return [];
  }
}

export const notifications = (log) =>
  readFileSync(log, 'utf8').split('\n').filter((l) => l.startsWith('notify ')).map((l) => {
    const [, ms, ...text] = l.split(' ');
    return { ms: Number(ms), text: text.join(' ') };
  });
