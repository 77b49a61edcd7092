// SPDX-License-Identifier: Apache-2.0
// All lockers: what is free in each, what lies ready, how it is. Each fact is known, unknown or old, and looks like it.
import { html, t, say, age, degrees, hubNow, isSilent, Tag } from './parts.mjs';
import { SmallWall } from './doors.mjs';
import { Table } from './table.mjs';

const STATES = ['registered', 'packed', 'in_transit', 'ready', 'unconfirmed', 'withdrawing', 'withdrawn', 'expired'];

const Counts = ({ counts }) =>
  html`<ul class="counts">${STATES.filter((s) => counts[s] > 0).map((s) => html`<li key=${s}><b>${counts[s]}</b> ${say('state', s)}</li>`)}</ul>`;

// Free doors of a zone for each size that is there; the hub takes out those that are promised.
function room(locker, zone) {
  return locker.capacity.kinds
    .filter((k) => k.zone === zone && locker.doors.some((d) => d.zone === zone && d.size === k.size))
    .map((k) => ({ size: k.size, free: k.free }));
}
const sum = (list) => list.reduce((n, k) => n + k.free, 0);

const Room = ({ locker, zone, silent }) => {
  const list = room(locker, zone);
  if (list.length === 0) return html`<span class="soft">${t('fleet.nodoors')}</span>`;
  const words = list.map((k) => t('fleet.free.size', { n: k.free, size: k.size })).join(', ');
  return html`<span class="room ${silent ? 'old' : ''}"
    ><span class="hidden">${silent ? `${t('fleet.old')}: ` : ''}${words}</span
    ><span aria-hidden="true">${list.map((k) => html`<span key=${k.size} class="chip ${silent ? '' : k.free > 0 ? 'some' : 'none'}"><i>${k.size}</i> ${silent ? `${k.free}?` : k.free}</span>`)}</span
  ></span>`;
};

// The worst of the sensors: unknown and excursion come before fine.
function worst(locker, me, silent) {
  const list = locker.climate.map((c) => ({ ...c, old: silent || hubNow() - c.at_ms > me.silent_after_s * 1000 }));
  const rank = (c) => (c.old || c.state === 'unknown' ? 2 : c.state === 'ok' ? 0 : 3);
  return list.sort((a, b) => rank(b) - rank(a) || a.sensor.localeCompare(b.sensor))[0];
}

const Temperature = ({ locker, me, silent }) => {
  const c = worst(locker, me, silent);
  if (!c) return html`<span class="soft">${t('fleet.nosensor')}</span>`;
  if (c.old) return html`<span class="old">${degrees(c.milli_c)}</span> <${Tag} group="climate" value="old" />`;
  return html`${degrees(c.milli_c)} <${Tag} kind=${c.state === 'ok' ? 'good' : c.state === 'unknown' ? '' : 'bad'} group="climate" value=${c.state} />`;
};

export const FleetPage = ({ board, me, lost }) => {
  const silent = (l) => Boolean(lost) || isSilent(l, me);
  const faults = (l) => board.faults.filter((f) => f.locker === l.id).length;
  const ready = (l) => l.doors.filter((d) => d.order?.state === 'ready').length;
  const columns = [
    {
      key: 'name', label: t('fleet.locker'), value: (l) => l.name,
      show: (l) => html`<a class="lockername" href="#/locker/${l.id}">${l.name}</a><${SmallWall} locker=${l} silent=${silent(l)} />`,
    },
    {
      key: 'heard', label: t('fleet.heard'), kind: 'time', value: (l) => l.seen_ms,
      show: (l) => html`<${Tag} kind=${l.state !== 'active' ? 'bad' : silent(l) ? 'warn' : 'good'} group="fleet.is" value=${l.state !== 'active' ? l.state : silent(l) ? 'silent' : 'heard'} /> <span class="soft">${age(l.seen_ms)}</span>`,
    },
    { key: 'room', label: t('fleet.room'), value: (l) => sum(room(l, 'room')), show: (l) => html`<${Room} locker=${l} zone="room" silent=${silent(l)} />` },
    { key: 'cold', label: t('fleet.cold'), value: (l) => sum(room(l, 'cold')), show: (l) => html`<${Room} locker=${l} zone="cold" silent=${silent(l)} />` },
    { key: 'ready', label: t('fleet.ready'), kind: 'number', value: ready, show: (l) => html`<span class=${silent(l) ? 'old' : ''}>${ready(l)}${silent(l) ? '?' : ''}</span>` },
    { key: 'climate', label: t('fleet.climate'), value: (l) => worst(l, me, silent(l))?.milli_c, csv: (l) => (worst(l, me, silent(l))?.milli_c ?? '') / 1000 || '', show: (l) => html`<${Temperature} locker=${l} me=${me} silent=${silent(l)} />` },
    {
      key: 'faults', label: t('fleet.faults'), kind: 'number', value: faults,
      show: (l) => (faults(l) > 0 ? html`<a class="tag bad" href="#/tickets?tickets.is.locker=${encodeURIComponent(l.name)}">${faults(l)}</a>` : silent(l) ? '?' : '0'),
    },
  ];
  return html`<h1>${t('nav.fleet')}</h1>
    <${Counts} counts=${board.counts} />
    <${Table} id="fleet" caption=${t('fleet.caption')} rows=${board.lockers} columns=${columns} sort="name" rowKey=${(l) => l.id} empty=${t('board.empty')}
      rowProps=${(l) => ({ 'data-locker': l.id, class: silent(l) ? 'silent' : '' })} />
    <p class="soft">${t('fleet.explain')}</p>`;
};
