// SPDX-License-Identifier: Apache-2.0
// What an emulated board is put through, the same with either GPIO driver.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { ROOT } from '../stage/stage.mjs';
import { Board, BOARD_DOORS, SLOW, until, sleep } from './board.mjs';
import * as story from '../stage/story.mjs';
import { run } from '../stage/process.mjs';

const LOST_MS = 60000; // doors of a board that was silent for so long are given up

// everything: not only what the GPIO driver does, but serial lines, the pulled adapter and the minute after it.
export function boardStory(suite, library, { everything }) {
  let board;
  let n = 0;

  // A bag that fits only doors of this row, and those behind it.
  const packed = async (size) => {
    const o = await story.order(board, { reference: `${suite}-${++n}` });
    return story.pack(board, o.id, { size });
  };
  const door = async (name) => (await board.lockerctl('doors')).doors.find((d) => d.door === name);
  const boardState = async (name) => (await board.lockerctl('status')).boards.find((b) => b.board === name).state;
  const home = () => until('the start screen', async () => {
    const s = await board.screen();
    if (s.screen !== 'start') await board.key('clear').catch(() => {});
    return s.screen === 'start';
  }, SLOW, 200);

  // Which locks had current while doing it, and how often.
  async function struck(act) {
    const was = await board.strikes();
    await act();
    const is = await board.strikes();
    return Object.fromEntries(Object.keys(is).filter((d) => is[d] !== was[d]).map((d) => [d, is[d] - was[d]]));
  }

  // A busy host can cost a frame, and then the lock had no current: the screen says "push lightly and press OK", and people do.
  async function collect(bag) {
    await board.type(bag.code);
    for (let s = await board.waitScreen('open', 'jam'); ; s = await board.waitScreen('open', 'jam')) {
      if (s.screen === 'open') {
        await story.takeAndClose(board, s.door);
        await story.untilState(board, bag.id, 'collected');
        return s.door;
      }
      await board.key('ok');
      await board.waitScreen('opening', 'open');
    }
  }

  before(async () => {
    board = new Board(suite, { name: `Board ${suite}` });
    await board.start();
  }, { timeout: 900000 });
  after(async () => {
    if (board?.failed) console.log(board.lockerLog().split('\n').slice(-60).join('\n'));
    await board?.stop();
  });
  const step = (name, act, timeout = 900000) => test(name, { timeout }, async () => {
    assert.ok(!board.failed, "a step before failed");
    board.failed = true;
    await act();
    board.failed = false;
  });

  step(`lockerd for arm64 uses ${library}`, async () => {
    const { out } = await run('aarch64-linux-gnu-readelf', ['-hd', path.join(ROOT, 'build/board', suite, 'out/lockerd')]);
    assert.match(out, /AArch64/);
    assert.ok(out.includes(`[${library}]`), out);
    assert.equal(await board.guest('uname -m'), 'aarch64');
  });

  step('bags go into and out of doors on GPIO lines, a serial port and a USB adapter', async () => {
    const bags = [await packed('S'), await packed('M'), await packed('L')];
    let doors;
    const loading = await struck(async () => (doors = await story.loadAll(board, ...bags)));
    assert.deepEqual(doors.map((d) => d[0]), ['A', 'B', 'C']);
    assert.deepEqual(loading, Object.fromEntries(doors.map((d) => [d, 1])));
    const collecting = await struck(async () => {
      for (const [i, bag] of bags.entries()) {
        assert.equal(await collect(bag), doors[i]);
      }
    });
    assert.deepEqual(collecting, Object.fromEntries(doors.map((d) => [d, 1])));
  });

  step('a door on a GPIO line that is forced is known at the hub', async () => {
    await board.cabinet('force A4');
    await until('A4 to be forced', async () => (await door('A4')).state === 'FORCED');
    await until('the hub to know', async () => JSON.stringify(await board.ok('GET', '/api/faults')).includes('A4'));
    await board.cabinet('close A4');
    await story.allClosed(board);
  });

  step('kill -9 while a lock on a GPIO line has current: the same code opens the same door and no other', async () => {
    const bag = await packed('S');
    const [name] = await story.loadAll(board, bag);
    await board.cabinet(`jam ${name} on`);
    await board.guest('touch /run/kill');
    const killed = await struck(async () => {
      await board.type(bag.code).catch(() => {});
      assert.equal(await board.exitCode(), 137);
    });
    assert.deepEqual(killed, { [name]: 1 });
    await until('the line to be given back', async () => !(await board.cabinet(`door ${name}`)).energised, SLOW);
    await board.cabinet(`jam ${name} off`);
    const again = await struck(async () => {
      await board.startLocker();
      assert.equal(await collect(bag), name);
    });
    assert.deepEqual(again, { [name]: 1 });
  });

  for (const [row, size] of everything ? [['B', 'M'], ['C', 'L']] : [])
    step(`kill -9 during a pulse on a serial line (row ${row}): no other door opens, and the bag still gets to its owner`, async () => {
      const bag = await packed(size);
      const [name] = await story.loadAll(board, bag);
      assert.equal(name[0], row);
      await board.cabinet(`jam ${name} on`);
      const felt = async () => (await board.strikes())[name];
      const before = await felt();
      const killed = await struck(async () => {
        await board.type(bag.code).catch(() => {});
        await until('the pulse', async () => {
          if ((await felt()) > before) return true;
          if ((await board.screen()).screen === 'jam') await board.key('ok'); // a frame was lost: people try again
          return false;
        }, SLOW, 5);
        assert.equal(await board.endLocker('KILL'), 137);
      });
      assert.deepEqual(killed, { [name]: 1 });
      await board.cabinet(`jam ${name} off`);
      const again = await struck(async () => {
        await board.startLocker();
        assert.equal(await collect(bag), name);
      });
      assert.deepEqual(again, { [name]: 1 });
    });

  step('a GPIO line that another program holds: the reason is told, no door moves, and all works when it is free again', async () => {
    const bag = await packed('S');
    const [name] = await story.loadAll(board, bag);
    assert.equal(await board.endLocker(), 0);
    await board.holdLine('LOCK3');
    const logged = board.lockerLog().length;
    const still = await struck(async () => {
      await board.startLocker({ unknown: ['A1', 'A2', 'A3', 'A4'] });
      assert.match(board.lockerLog().slice(logged), /gpio chip "medlocker-board": outputs cannot be requested: Device or resource busy/);
      assert.notEqual(await boardState('lines'), 'ok');
      await board.type(bag.code).catch(() => {});
      await sleep(3000);
      assert.ok(!['open', 'opening'].includes((await board.screen()).screen));
    });
    assert.deepEqual(still, {});
    await board.releaseLine();
    await until('the lines to be back', async () => (await boardState('lines')) === 'ok', SLOW, 200);
    await story.allClosed(board);
    await home();
    assert.deepEqual(await struck(() => collect(bag)), { [name]: 1 });
  });

  async function signalsAreTold() {
    const told = async (input, active) => until(`${input} ${active}`, async () => {
      const { rows } = await board.lockerctl('journal', '20');
      const last = rows.filter((r) => r.typ === 'input.changed.v1' && r.dat.input === input).pop();
      return last?.dat.active === active;
    }, SLOW, 100);
    for (const input of ['tamper', 'mains']) {
      await board.signal(input.toUpperCase(), true);
      await told(input, true);
      await until('the hub to know', async () => JSON.stringify(await board.ok('GET', '/api/faults')).includes(`"${input}"`), SLOW);
      await board.signal(input.toUpperCase(), false);
      await told(input, false);
    }
  }

  if (!everything) {
    step('tamper and mains reach the hub', signalsAreTold);
  } else {
    step('the USB adapter is pulled: its doors are unknown and no door opens; put back, the same bag is there', async () => {
      const [near, far] = [await packed('S'), await packed('L')];
      const doors = await story.loadAll(board, near, far);
      assert.deepEqual(doors.map((d) => d[0]), ['A', 'C']);
      const pulled = await struck(async () => {
        await board.unplug();
        await until('the boards to be lost', async () => (await boardState('relay3')) === 'lost' && (await boardState('input4')) === 'lost', SLOW, 100);
        await until('just its doors to be unknown', async () =>
          (await board.lockerctl('doors')).doors.every((d) => d.contact === (d.door[0] === 'C' ? 'unknown' : 'closed')), SLOW, 100);
        await board.type(near.code).catch(() => {});
        await sleep(2000);
        assert.ok(!['open', 'opening'].includes((await board.screen()).screen));
      });
      assert.deepEqual(pulled, {});
      await board.replug();
      await until('the boards to be back', async () => (await boardState('relay3')) === 'ok' && (await boardState('input4')) === 'ok', SLOW, 100);
      await story.allClosed(board);
      await home();
      assert.deepEqual(await struck(() => collect(far)), { [doors[1]]: 1 });
      assert.deepEqual(await struck(() => collect(near)), { [doors[0]]: 1 });
    });

    step('tamper and mains reach the hub while an adapter is gone; after a minute the other doors work without its doors', async () => {
      const near = await packed('S');
      const [name] = await story.loadAll(board, near);
      const t = Date.now();
      await board.unplug();
      await signalsAreTold();
      await until('the doors to be given up', async () => (await door('C1')).state === 'OUT', LOST_MS + SLOW, 500);
      assert.ok(Date.now() - t > LOST_MS, `given up after ${Date.now() - t} ms`);
      await home();
      assert.deepEqual(await struck(() => collect(near)), { [name]: 1 });
      await board.replug();
      await until('the boards to be back', async () => (await boardState('relay3')) === 'ok', SLOW, 200);
    });
  }

  step('while the battery is low no lock has current', async () => {
    const bag = await packed('S');
    const [name] = await story.loadAll(board, bag);
    await board.signal('BATTERY', true);
    await until('the battery to be low', async () => JSON.stringify((await board.lockerctl('journal', '5')).rows).includes('"battery"'), SLOW, 100);
    assert.deepEqual(await struck(async () => {
      await board.type(bag.code).catch(() => {});
      await sleep(2000);
    }), {});
    await board.signal('BATTERY', false);
    await home();
    assert.deepEqual(await struck(() => collect(bag)), { [name]: 1 });
  });

  step('the journal is whole, the hub has all of it, and no dangerous frame was sent', async () => {
    assert.ok((await board.lockerctl('verify')).rows > 50);
    await story.untilDrained(board, SLOW);
    await board.hubctl('verify');
    assert.equal((await board.cabinet('counts')).dangerous, 0);
  });

  step('lockerd ends with 0 and leaves every line without current', async () => {
    assert.equal(await board.endLocker(), 0);
    for (const d of BOARD_DOORS) assert.equal((await board.cabinet(`door ${d.name}`)).energised, false, d.name);
  });
}
