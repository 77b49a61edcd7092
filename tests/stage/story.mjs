// SPDX-License-Identifier: Apache-2.0
// What people do, as functions over a stage: a pharmacist packs and loads, a patient collects, somebody forces a door.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { until, run, sampleBundle, DOORS, ROOT } from './stage.mjs';

const PIN = '2580';

// Each order is another person's, unless the fields say whose: bags of one person are collected in one visit.
let people = 0;

// An order from a FHIR bundle or from plain JSON; gives the order as the hub has it.
export async function order(stage, fields) {
  if (!fields) {
    const bundle = sampleBundle();
    const answer = await stage.ok('POST', '/fhir/Bundle', bundle.text, { 'content-type': 'application/fhir+json' });
    return { ...answer, source: bundle.name };
  }
  return stage.ok('POST', '/api/orders', { patient: `J. Voorbeeld ${++people}`, birth_date: '1961-03-14', ...fields });
}

// Packs it: code, voucher and pickup token as they are printed.
export async function pack(stage, id, fields = {}) {
  await stage.ok('POST', `/api/orders/${id}/pack`, { locker: stage.lockerId, ...fields });
  const label = await stage.ok('GET', `/api/orders/${id}/label`);
  const slip = await stage.ok('GET', `/api/orders/${id}/slip`);
  const voucher = tokens(label).find((t) => t.startsWith('4D4C31'));
  const token = tokens(slip).find((t) => t.startsWith('4D5131'));
  const strip = tokens(slip).find((t) => t.startsWith('4D4331'));
  const code = slip.match(/\b(\d{3}) (\d{3}) (\d{4})\b/)?.slice(1).join('');
  if (!voucher || !code) throw new Error('label or slip without voucher or code');
  return { id, voucher, token, strip, code, birthday: fields.birthday };
}

const tokens = (html) => [...html.matchAll(/data-token="([0-9A-F]+)"/g)].map((m) => m[1]);

export async function badge(stage, user = 'pharmacist1') {
  if (!stage.badge) {
    const made = await stage.ok('POST', '/api/badges', { user, locker: stage.lockerId, pin: PIN, days: 30 });
    stage.badge = made.token ?? tokens(await stage.ok('GET', `/api/badges/${made.badge ?? made.id}/page`))[0];
  }
  return stage.badge;
}

export const doorLabel = (stage, door) => {
  const number = DOORS.find((d) => d.name === door).number;
  return `4D4431${stage.lockerId.toUpperCase()}${number.toString(16).toUpperCase().padStart(4, '0')}`;
};

export async function staffEnter(stage) {
  await stage.scan(await badge(stage));
  await stage.waitScreen('staff-pin');
  await stage.type(PIN);
  await stage.key('ok');
  return stage.waitScreen('staff-menu');
}

export async function staffLeave(stage) {
  await stage.key('clear', 'clear');
  return stage.waitScreen('start');
}

// A door that is pushed while its lock still has current springs open again: people wait that half second without knowing why.
export async function shut(stage, door) {
  await until(`the lock of ${door} to rest`, async () => !(await stage.cabinet(`door ${door}`)).energised, stage.patienceMs, 20);
  await stage.cabinet(`close ${door}`);
}

// Pulses that the locks felt, over all doors.
export const pulses = async (stage) => (await stage.cabinet('ghost')).pulses;

// Scans the bag, puts it into the door that opens, closes, scans the door's label. Gives the door.
export async function load(stage, packed) {
  await stage.scan(packed.voucher);
  // "Try again" is what the kiosk asks for while the locks are busy for a moment; people do.
  const { door } = await until('a door for the bag', async () => {
    const s = await stage.screen();
    if (s.screen === 'staff-menu' && s.notice === 'try-later') await stage.scan(packed.voucher);
    return s.screen === 'staff-load-open' && s;
  }, stage.patienceMs);
  await stage.cabinet(`put ${door} BAG`);
  await shut(stage, door);
  await stage.waitScreen('staff-load-label');
  await stage.scan(doorLabel(stage, door));
  await until('the bag to be loaded', async () => (await stage.screen()).notice === 'loaded', stage.patienceMs);
  return door;
}

// Bags of one person, each with the door that it lies behind.
export async function loadedBags(stage, patient, count = 1, fields = {}) {
  const list = [];
  for (let i = 0; i < count; i++) list.push(await pack(stage, (await order(stage, { patient, birth_date: '1961-03-14', size: 'S', ...fields })).id));
  const doors = await loadAll(stage, ...list);
  return list.map((bag, i) => ({ ...bag, door: doors[i] }));
}

// The locker sees every door closed (it believes a closed contact after 300 ms).
export const allClosed = (stage) =>
  until('all doors to be closed', async () => (await stage.lockerctl('doors')).doors.every((d) => d.contact === 'closed'), stage.patienceMs);

// From scan to scan with the session around it.
export async function loadAll(stage, ...packed) {
  await allClosed(stage);
  await staffEnter(stage);
  const doors = [];
  for (const p of packed) doors.push(await load(stage, p));
  await staffLeave(stage);
  return doors;
}

// Types the code; gives the door that opened.
export async function openByCode(stage, code, birthday) {
  await stage.type(code);
  if (birthday) {
    await stage.waitScreen('birthday');
    await stage.type(birthday);
  }
  return (await stage.waitScreen('open')).door;
}

export async function takeAndShut(stage, door) {
  await stage.cabinet(`take ${door}`);
  await shut(stage, door);
}

export async function takeAndClose(stage, door) {
  await takeAndShut(stage, door);
  await stage.waitScreen('done', 'next', 'start');
}

export async function collect(stage, packed, birthday) {
  const door = await openByCode(stage, packed.code, birthday);
  await takeAndClose(stage, door);
  return door;
}

export const orderState = async (stage, id) => (await stage.ok('GET', `/api/orders/${id}`)).state;
export const untilState = (stage, id, state, timeoutMs) =>
  until(`order ${id.slice(0, 8)} to be ${state}`, async () => (await orderState(stage, id)) === state, timeoutMs);
// Everything that the locker wrote has reached the hub.
export const untilDrained = (stage, timeoutMs) =>
  until('the outbox to be empty', async () => (await stage.lockerctl('status')).outbox === 0, timeoutMs);

// The hub has every event that the locker wrote: 1, 2, 3, ... each once and in this order. Gives how many, and how many pulses.
export async function wholeHistory(stage) {
  await untilDrained(stage);
  const copy = path.join(stage.dir, `copy-${Date.now()}.sqlite`);
  await stage.hubctl('backup', copy);
  const { out } = await run('sqlite3', ['-separator', ' ', copy,
    'SELECT count(*), min(seq), max(seq), count(DISTINCT seq), (SELECT count(*) FROM events a JOIN events b ON b.id > a.id AND b.seq <= a.seq) FROM events']);
  const [count, min, max, distinct, disorder] = out.trim().split(' ').map(Number);
  const rows = (await stage.lockerctl('journal', '1')).rows;
  const last = rows[rows.length - 1].seq;
  const pulsed = Number((await run('sqlite3', [copy, "SELECT count(*) FROM events WHERE typ = 'door.pulsed.v1'"])).out);
  await followsContract(stage, copy);
  if (count !== max || min !== 1 || distinct !== count || disorder !== 0 || max !== last)
    throw new Error(`history: ${count} events, ${min}..${max}, ${distinct} distinct, ${disorder} out of order; the locker wrote ${last}`);
  return { count, pulsed };
}

// Every event that the hub has, as it was signed, against the published schemas.
async function followsContract(stage, copy) {
  const { out } = await run('sqlite3', ['-separator', ' ', copy, "SELECT 'mdl/v1/' || lower(hex(locker)) || '/up/evt', text FROM events"]);
  const file = path.join(stage.dir, 'events.txt');
  writeFileSync(file, out);
  const report = await run('node', [path.join(ROOT, 'tests/contract/validate.mjs'), file], { accept: [0, 1] });
  if (report.code !== 0) throw new Error(`events against the contract:\n${report.out}${report.err}`);
}
