// SPDX-License-Identifier: Apache-2.0
// A past for pages that show one: rows that a hub would have after weeks, written into its database while it does not run.
import { run } from '../stage/stage.mjs';

const SLOT_MS = 15 * 60 * 1000;
const DAY_MS = 86400000;
const KINDS = { opened: 0, loaded: 1, collected: 2, expired: 3, fault: 4 };

export async function writePast(stage, statements) {
  await stage.hub.stop();
  await run('sqlite3', [`${stage.hubDir}/hub.sqlite`], { input: `BEGIN;\n${statements.join('\n')}\nCOMMIT;\n` });
  await stage.startHub();
  await stage.login();
}

// A fridge that was fine for a day but for one excursion, a silence of an hour, and some minutes without its probe.
export function coldDay(stage, sensor = 'cold', now = Date.now()) {
  const rows = [];
  for (let i = 30 * 60; i >= 2; i--) {
    if (i > 300 && i < 360) continue;
    const hot = i > 600 && i <= 645;
    const missing = i > 120 && i <= 132;
    const milli = Math.round(hot ? 8200 + 1400 * Math.sin(((645 - i) / 45) * Math.PI) : 5000 + 900 * Math.sin(i / 37));
    rows.push(
      `INSERT INTO samples VALUES(x'${stage.lockerId}','${sensor}','${missing ? 'missing' : hot ? 'excursion' : 'ok'}',${now - i * 60000},${missing ? 0 : 1},1,${missing ? 0 : milli},${450 + (i % 60)});`,
    );
  }
  return rows;
}

// Weeks of use: busy after work, quiet on Sundays, the same on every run.
export function weeksOfUse(stage, days = 28, now = Date.now()) {
  const rows = [];
  const add = (at, kind, n) => n > 0 && rows.push(`INSERT INTO uses(slot,locker,kind,n) VALUES(${Math.floor(at / SLOT_MS)},x'${stage.lockerId}',${KINDS[kind]},${n}) ON CONFLICT DO UPDATE SET n=n+${n};`);
  for (let d = 1; d < days; d++) {
    const midnight = new Date(now - d * DAY_MS).setHours(0, 0, 0, 0);
    const quiet = new Date(midnight).getDay() === 0 ? 3 : 1;
    for (let h = 7; h < 22; h++) {
      const n = Math.round((2 + 7 * Math.exp(-(((h - 17.5) / 2) ** 2)) + ((d + h) % 3)) / quiet);
      add(midnight + h * 3600000, 'collected', n);
      add(midnight + h * 3600000, 'opened', n + (h === 8 ? 20 : 0));
    }
    add(midnight + 8 * 3600000, 'loaded', Math.round(60 / quiet));
    add(midnight + 12 * 3600000, 'expired', d % 5);
    add(midnight + 13 * 3600000, 'fault', d % 7 === 0 ? 2 : 0);
  }
  return rows;
}
