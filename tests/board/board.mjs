// SPDX-License-Identifier: Apache-2.0
// A stage whose locker is an emulated arm64 board: the cross-built lockerd on Debian's kernel in QEMU. Broker, hub and the simulated RS-485 boards
// stay on the host. The cabinet has 12 doors, named and numbered as on the other stages:
//   A1-A4  GPIO lines of the kernel's gpio-sim; guest.sh moves the doors
//   B1-B4  board relay2, on the line of a 16550 serial port
//   C1-C4  boards relay3 and input4, on the line of a USB adapter that can be pulled
import { appendFileSync, mkdirSync, writeFileSync, copyFileSync, readFileSync, existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import path from 'node:path';
import { Stage, ROOT, DOORS, freePort, until, sleep } from '../stage/stage.mjs';
import { start, run } from '../stage/process.mjs';

const HERE = path.join(ROOT, 'tests/board');
const BUILT = path.join(ROOT, 'build/board');
const SERIAL = { B: ['ttyS0', 'board "relay2" { kind = "waveshare-d" unit = 2 bus = "rtu" }'],
  C: ['ttyUSB0', 'board "relay3" { kind = "r4d-fc06" unit = 3 bus = "rtu" }\nboard "input4" { kind = "di8-fc02" unit = 4 bus = "rtu" }'] };
export const BOARD_DOORS = DOORS.filter((d) => d.column <= 4).map((d) => (d.name[0] === 'A' ? { ...d, board: 'lines', contactBoard: 'lines' } : d));
const LINE_NAMES = ['LOCK1', 'LOCK2', 'LOCK3', 'LOCK4']; // as in guest.sh
export const SLOW = 240000; // a software-emulated board is 10 to 40 times slower than the host, and the host may be busy

export class Board extends Stage {
  // suite: 'bookworm' (libgpiod 1.6) or 'trixie' (libgpiod 2)
  constructor(suite, options = {}) {
    // Slow lines: the gap that ends a frame (15 ms at 2400) must be longer than the host may keep QEMU waiting.
    super({ baud: 2400, ...options });
    this.patienceMs = SLOW;
    this.suite = suite;
    this.mnt = path.join(this.dir, 'mnt');
    mkdirSync(this.mnt);
    this.rc = path.join(this.mnt, 'rc'); // how the last lockerd ended
    this.bags = new Map();
    this.sims = {};
  }

  // ------------------------------------------------------------ cabinet
  async startSim() {
    for (const [row, [, boards]] of Object.entries(SERIAL)) {
      const config = path.join(this.dir, `cabinet-${row}.conf`);
      const doors = BOARD_DOORS.filter((d) => d.name[0] === row).map((d) =>
        `door "${d.name}" { board = "${d.board}" channel = ${d.channel} contact_board = "${d.contactBoard}" contact_input = ${d.channel} }`);
      writeFileSync(config, `bus "rtu" { kind = "rtu" baud = ${this.baud} parity = "none" turnaround_ms = 5 }\n${boards}\n${doors.join('\n')}\n`);
      const control = path.join(this.dir, `run/sim-${row}.sock`);
      const link = path.join(this.dir, `run/line-${row}`);
      const p = await start(`lockersim-${row}`, this.program('lockersim'), ['--config', config, '--control', control, '--link', link, '--seed', String(this.seed)],
        { log: this.log(`sim-${row}`), ready: 'json' });
      this.sims[row] = { process: p, control, link };
    }
  }

  async cabinet(line) {
    const [verb, door, ...rest] = line.split(' ');
    if (door && door[0] !== 'A') {
      this.simControl = this.sims[door[0]].control;
      return super.cabinet(line);
    }
    if (door) return this.lineDoor(verb, Number(door.slice(1)), rest);
    const answers = [];
    for (const row of Object.keys(this.sims)) {
      this.simControl = this.sims[row].control;
      answers.push(await super.cabinet(line));
    }
    if (verb === 'ghost') answers.push({ pulses: (await this.lineStrikes()).reduce((a, b) => a + b) });
    const sum = (what) => answers.reduce((n, a) => n + (a[what] ?? 0), 0);
    return { ...answers[0], pulses: sum('pulses'), dangerous: sum('dangerous') };
  }

  // Doors on GPIO lines: DOORn reads 1 while the door is open.
  async lineDoor(verb, n, [word]) {
    const look = async () => {
      const [lock, contact] = await this.guest(`read -r l </run/LOCK${n}/value; read -r d </run/DOOR${n}/value; echo $l$d`);
      return { energised: lock === '1', open: contact === '1' };
    };
    const must = (what, holds) => {
      if (!holds) throw new Error(`door A${n}: ${what}`);
    };
    if (verb === 'door') return look();
    if (verb === 'close') await this.guest(`echo pull-down >/run/DOOR${n}/pull`);
    else if (verb === 'force') await this.guest(`echo pull-up >/run/DOOR${n}/pull`);
    else if (verb === 'jam') await this.guest(word === 'on' ? `touch /run/jam.${n}` : `rm -f /run/jam.${n}`);
    else if (verb === 'put') {
      must('is not open and empty', (await look()).open && !this.bags.has(n));
      this.bags.set(n, word);
    } else if (verb === 'take') {
      must('is not open with a bag', (await look()).open && this.bags.has(n));
      this.bags.delete(n);
    } else throw new Error(`no such thing at a GPIO door: ${verb}`);
    return {};
  }

  async lineStrikes() {
    return (await this.guest('for n in 1 2 3 4; do read -r felt </run/strikes/$n; echo $felt; done')).split('\n').map(Number);
  }

  // How often each lock had current, by door.
  async strikes() {
    const lines = await this.lineStrikes();
    const felt = {};
    for (const d of BOARD_DOORS) felt[d.name] = d.name[0] === 'A' ? lines[d.number - 1] : (await this.cabinet(`door ${d.name}`)).pulses;
    return felt;
  }

  // A signal of the cabinet: TAMPER, MAINS, BATTERY.
  signal(line, on) {
    return this.guest(`echo pull-${on ? 'up' : 'down'} >/run/${line}/pull`);
  }

  // Another program that holds a GPIO line; gpioset speaks differently in libgpiod 1.6 and 2.
  async holdLine(line) {
    const old = (await this.guest('gpioset --version')).includes('v1');
    await this.background(old ? `exec gpioset --mode=signal medlocker-board ${LINE_NAMES.indexOf(line)}=0` : `exec gpioset ${line}=0`);
    await until(`${line} to be held`, async () => (await this.guest(`gpioinfo | grep -w ${line}`)).includes('gpioset'), SLOW, 100);
  }

  releaseLine() {
    return this.guest('kill -9 $(pidof gpioset)');
  }

  // ------------------------------------------------------------ board
  async startBoard() {
    this.agentPort = await freePort();
    this.kioskPort = await freePort();
    this.kioskUrl = `http://127.0.0.1:${this.kioskPort}`;
    copyFileSync(path.join(HERE, 'guest.sh'), path.join(this.mnt, 'guest.sh'));
    for (const name of ['lockerd', 'lockerctl']) copyFileSync(path.join(BUILT, this.suite, 'out', name), path.join(this.mnt, name));
    writeFileSync(path.join(this.mnt, 'env'), `BROKER=${this.brokerPort} KIOSK=${this.kioskPort} NOW=${Math.ceil(Date.now() / 1000)}\n`);
    this.qmp = path.join(this.dir, 'run/qmp.sock');
    this.qemu = await start('qemu', 'qemu-system-aarch64', [
      '-accel', 'tcg,thread=multi', '-M', 'virt', '-cpu', 'cortex-a72', '-smp', '2', '-m', '512', '-nodefaults', '-display', 'none', '-no-reboot',
      '-kernel', path.join(BUILT, 'kernel/vmlinuz'), '-initrd', path.join(BUILT, 'kernel/initrd'), '-append', 'console=ttyAMA0 quiet panic=-1',
      '-serial', `file:${this.log('console')}`, '-qmp', `unix:${this.qmp},server=on,wait=off`,
      '-fsdev', `local,id=root,path=${path.join(BUILT, this.suite, 'root')},security_model=none,readonly=on`,
      '-device', 'virtio-9p-pci,fsdev=root,mount_tag=root',
      '-fsdev', `local,id=work,path=${this.mnt},security_model=none`, '-device', 'virtio-9p-pci,fsdev=work,mount_tag=work',
      '-netdev', `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${this.agentPort}-10.0.2.15:9000,` +
        `hostfwd=tcp:127.0.0.1:${this.kioskPort}-10.0.2.15:${this.kioskPort},guestfwd=tcp:10.0.2.100:8883-cmd:socat - TCP:127.0.0.1:${this.brokerPort}`,
      '-device', 'virtio-net-pci,netdev=net,romfile=',
      '-chardev', `serial,id=line,path=${this.sims.B.link}`, '-device', 'pci-serial,chardev=line',
      '-chardev', `serial,id=usb,path=${this.sims.C.link}`, '-device', 'qemu-xhci', '-device', 'usb-serial,chardev=usb,id=adapter',
    ], { log: this.log('qemu') });
    await until('the board to boot', async () => {
      if (!this.qemu.running) throw new Error(`qemu ended with ${this.qemu.code}`);
      return (await this.guest('ls /dev/ttyS0 /dev/ttyUSB0 && echo up', 2000)).endsWith('up');
    }, SLOW, 300);
  }

  // What took long, in the log of the stage.
  note(text) {
    appendFileSync(this.log('board'), `${new Date().toISOString()} ${text}\n`);
  }

  // Runs a line of shell on the board; gives what it printed. Fails unless it ended with 0.
  async guest(command, timeoutMs = SLOW) {
    this.note(command);
    const text = await new Promise((resolve, reject) => {
      const s = createConnection({ port: this.agentPort, host: '127.0.0.1' }, () => s.write(`${command}\n`));
      let all = '';
      s.setTimeout(timeoutMs, () => s.destroy(new Error(`the board does not answer to "${command}"`)));
      s.on('data', (c) => (all += c));
      s.on('error', reject);
      s.on('close', () => resolve(all));
    });
    const [, out, code] = text.match(/^([^]*?)exit=(\d+)\n$/) ?? [];
    if (code !== '0') throw new Error(`on the board: ${command}: ${code === undefined ? 'no answer' : `exit ${code}`}\n${text}`);
    return out.trim();
  }

  // Starts a line of shell that goes on.
  background(command) {
    return this.guest(`echo '${command}' >/run/jobs`);
  }

  // QEMU's machine protocol: one command.
  async machine(execute, args = {}) {
    return new Promise((resolve, reject) => {
      const s = createConnection(this.qmp);
      let text = '';
      s.setTimeout(SLOW, () => s.destroy(new Error(`no answer to ${execute}`)));
      s.on('error', reject);
      s.on('data', (c) => {
        text += c;
        const lines = text.split('\n');
        text = lines.pop();
        for (const m of lines.filter(Boolean).map((l) => JSON.parse(l))) {
          if (m.QMP) s.write(`${JSON.stringify({ execute: 'qmp_capabilities' })}\n${JSON.stringify({ execute, arguments: args, id: 1 })}\n`);
          else if (m.error) s.destroy(new Error(`${execute}: ${m.error.desc}`));
          else if (m.id === 1) s.end(() => resolve(m.return));
        }
      });
    });
  }

  unplug() {
    return this.machine('device_del', { id: 'adapter' });
  }

  replug() {
    return this.machine('device_add', { driver: 'usb-serial', chardev: 'usb', id: 'adapter' });
  }

  // ------------------------------------------------------------ locker
  writeLockerConf() {
    const doors = BOARD_DOORS.map((d) =>
      `door "${d.name}" { number = ${d.number} board = "${d.board}" channel = ${d.channel} contact_board = "${d.contactBoard}" ` +
      `contact_input = ${d.channel} size = "${d.size}" row = ${d.row} column = ${d.column} low = ${d.low} }`).join('\n');
    mkdirSync(path.join(this.mnt, 'profiles'));
    for (const p of ['waveshare-d', 'r4d-fc06', 'di8-fc02']) copyFileSync(path.join(ROOT, `hw/profiles/${p}.conf`), path.join(this.mnt, `profiles/${p}.conf`));
    copyFileSync(path.join(HERE, 'gpio-sim.conf'), path.join(this.mnt, 'profiles/gpio-sim.conf'));
    this.confText = () => `state = "/run/state"
profiles = "/mnt/profiles"
share = "/mnt/kiosk"
control = "/run/lockerd.sock"
kiosk_address = "127.0.0.1"
kiosk_port = ${this.kioskPort}
telephone = "0800 1234"
commissioning = "waived"
bus "gpio" { kind = "gpio" device = "medlocker-board" poll_ms = 25 }
bus "line" { kind = "rtu" device = "/dev/${SERIAL.B[0]}" baud = ${this.baud} parity = "none" poll_ms = 50 timeout_ms = 1000 }
bus "usb" { kind = "rtu" device = "/dev/${SERIAL.C[0]}" baud = ${this.baud} parity = "none" poll_ms = 50 timeout_ms = 1000 }
board "lines" { bus = "gpio" profile = "gpio-sim" }
board "relay2" { bus = "line" unit = 2 profile = "waveshare-d" timeout_ms = 1000 }
board "relay3" { bus = "usb" unit = 3 profile = "r4d-fc06" timeout_ms = 1000 }
board "input4" { bus = "usb" unit = 4 profile = "di8-fc02" timeout_ms = 1000 }
input "tamper" { board = "lines" input = 4 active = 1 }
input "mains" { board = "lines" input = 5 active = 1 }
input "battery" { board = "lines" input = 6 active = 1 }
${doors}
`;
  }

  // The first start boots the board and gives it what was enrolled on the host.
  async startLocker({ unknown = [] } = {}) {
    if (!this.qemu) {
      await this.startBoard();
      writeFileSync(path.join(this.mnt, 'lockerd.conf'), this.confText());
      await run('cp', ['-r', this.lockerDir, path.join(this.mnt, 'state')]);
      await run('cp', ['-r', path.join(ROOT, 'build/share/kiosk'), path.join(this.mnt, 'kiosk')]);
      await this.guest('cp -r /mnt/state /mnt/lockerd /mnt/lockerctl /run/ && chmod 700 /run/state && rm -rf /mnt/state');
    }
    await this.background('sh /run/locker');
    await until('the doors of the board to be known', async () => {
      const { doors } = await this.lockerctl('doors');
      return doors.every((d) => (d.contact === 'unknown') === unknown.includes(d.door));
    }, SLOW, 200);
    await until('the hub to know the board', async () => {
      const { connected, outbox } = await this.lockerctl('status');
      return connected && outbox === 0;
    }, SLOW, 200);
  }

  // Ends lockerd; gives the exit code that its shell saw.
  async endLocker(signal = 'TERM') {
    await this.guest(`kill -${signal} $(cat /run/lockerd.pid)`);
    return this.exitCode();
  }

  async exitCode() {
    return Number(await until('lockerd to end', () => existsSync(this.rc) && readFileSync(this.rc, 'utf8'), SLOW, 50));
  }

  async lockerctl(...args) {
    return JSON.parse(await this.guest(`/run/lockerctl --control /run/lockerd.sock --json ${args.join(' ')}`));
  }

  lockerLog() {
    return existsSync(path.join(this.mnt, 'lockerd.log')) ? readFileSync(path.join(this.mnt, 'lockerd.log'), 'utf8') : '';
  }

  async waitScreen(...ids) {
    return until(`the screen ${ids.join(' or ')}`, async () => {
      this.lastScreen = await this.screen();
      return ids.includes(this.lastScreen.screen) && this.lastScreen;
    }, SLOW, 50).catch((e) => {
      throw new Error(`${e.message}; it shows ${JSON.stringify(this.lastScreen)}`);
    });
  }

  async stop() {
    await this.qemu?.stop('SIGKILL');
    for (const s of Object.values(this.sims)) await s.process.stop();
    await super.stop();
  }
}

export { until, sleep };
