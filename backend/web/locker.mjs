// SPDX-License-Identifier: Apache-2.0
// One locker: its doors as they hang, the room in it, its boards, temperature and tickets.
import { html, Component, t, many, say, age, moment, degrees, hubNow, isSilent, Tag, OrderState, BagLink } from './parts.mjs';
import { Wall, Legend, doorSummary } from './doors.mjs';
import { Table } from './table.mjs';

const DoorDetail = ({ door, me }) =>
  html`<div class="detail card" role="status">
    <h2>${t('door', { door: door.door })}</h2>
    <dl>
      <dt>${t('door.kind')}</dt>
      <dd>${say('size', door.size)}, ${say('zone', door.zone)}${door.low ? `, ${t('door.low')}` : ''}</dd>
      <dt>${t('door.state')}</dt>
      <dd>${door.state ? say('door', door.state) : t('door.unheard')}${door.cause ? ` (${say('doorcause', door.cause)})` : ''}</dd>
      <dt>${t('door.contact')}</dt>
      <dd>${say('contact', door.contact ?? 'unknown')}</dd>
      <dt>${t('door.told')}</dt>
      <dd>${age(door.told_ms)}</dd>
      ${door.order && html`<dt>${t('door.order')}</dt><dd><${BagLink} order=${door.order} me=${me} /> <${OrderState} order=${door.order} /></dd>`}
    </dl>
  </div>`;

// Doors: empty, promised, and free (empty and not promised), for each zone and size; low ones apart.
const Room = ({ locker }) => {
  const rows = locker.capacity.kinds
    .map((k) => ({ ...k, all: locker.doors.filter((d) => d.zone === k.zone && d.size === k.size).length }))
    .filter((k) => k.all > 0);
  const columns = [
    { key: 'kind', label: t('capacity.kind'), value: (k) => `${k.zone} ${k.size}`, show: (k) => `${k.size}, ${say('zone', k.zone)}`, csv: (k) => `${k.size} ${k.zone}` },
    { key: 'all', label: t('capacity.all'), kind: 'number', value: (k) => k.all },
    { key: 'empty', label: t('capacity.empty'), kind: 'number', value: (k) => k.empty },
    { key: 'low', label: t('capacity.low'), kind: 'number', value: (k) => k.empty_low },
    { key: 'promised', label: t('capacity.promised'), kind: 'number', value: (k) => k.promised },
    { key: 'free', label: t('capacity.free'), kind: 'number', value: (k) => k.free },
  ];
  return html`<${Table} id="room" caption=${t('capacity', { loaded: locker.capacity.loaded, total: locker.capacity.total })} rows=${rows} columns=${columns} />`;
};

const Stock = ({ locker, me }) => {
  const columns = [
    { key: 'door', label: t('stock.door'), value: (d) => d.door },
    { key: 'bag', label: t('stock.bag'), kind: 'number', value: (d) => d.order.number, show: (d) => html`<${BagLink} order=${d.order} me=${me} />` },
    { key: 'state', label: t('order.state'), value: (d) => say('state', d.order.state), show: (d) => html`<${OrderState} order=${d.order} />`, choose: true },
    { key: 'until', label: t('order.until'), kind: 'time', value: (d) => (d.order.not_after_s ? d.order.not_after_s * 1000 : null), show: (d) => (d.order.not_after_s ? moment(d.order.not_after_s * 1000) : '–') },
  ];
  const bags = locker.doors.filter((d) => d.order);
  return html`<${Table} id="stock" caption=${many('stock', bags.length)} rows=${bags} columns=${columns} rowKey=${(d) => d.door} empty=${t('stock.none')} />`;
};

const Boards = ({ locker, silent }) => {
  const state = (b) => (silent ? 'unknown' : b.state);
  const columns = [
    { key: 'board', label: t('boards.name'), value: (b) => b.board },
    { key: 'state', label: t('order.state'), value: (b) => say('board', state(b)), show: (b) => html`<${Tag} kind=${state(b) === 'unknown' ? '' : b.state === 'ok' ? 'good' : 'bad'} group="board" value=${state(b)} />` },
    { key: 'told', label: t('door.told'), kind: 'time', value: (b) => b.told_ms, show: (b) => age(b.told_ms) },
  ];
  return html`<${Table} id="boards" caption=${t('boards')} rows=${locker.boards} columns=${columns} rowKey=${(b) => b.board} empty=${t('boards.none')} />`;
};

const Sensors = ({ locker, me, silent }) => {
  const old = (c) => silent || hubNow() - c.at_ms > me.silent_after_s * 1000;
  const state = (c) => (old(c) ? 'old' : c.state);
  const columns = [
    { key: 'sensor', label: t('climate.sensor'), value: (c) => c.sensor },
    { key: 'now', label: t('climate.now'), value: (c) => c.milli_c, csv: (c) => (c.milli_c == null ? '' : c.milli_c / 1000), show: (c) => html`<span class=${old(c) ? 'old' : ''}>${degrees(c.milli_c)}</span>` },
    { key: 'state', label: t('order.state'), value: (c) => say('climate', state(c)), show: (c) => html`<${Tag} kind=${state(c) === 'ok' ? 'good' : state(c) === 'old' || state(c) === 'unknown' ? '' : 'bad'} group="climate" value=${state(c)} />` },
    { key: 'at', label: t('door.told'), kind: 'time', value: (c) => c.at_ms, show: (c) => age(c.at_ms) },
  ];
  return html`<${Table} id="sensors" caption=${t('nav.climate')} rows=${locker.climate} columns=${columns} rowKey=${(c) => c.sensor} empty=${t('climate.nothing')} />
    <p><a href="#/climate/${locker.id}">${t('climate.more')}</a></p>`;
};

const Tickets = ({ faults }) => {
  const columns = [
    { key: 'what', label: t('tickets.what'), value: (f) => `${say('fault', f.kind)}${f.subject ? `: ${f.subject}` : ''}`, show: (f) => html`<a href="#/tickets/${f.id}">${say('fault', f.kind)}${f.subject ? `: ${f.subject}` : ''}</a>` },
    { key: 'since', label: t('tickets.since'), kind: 'time', value: (f) => f.opened_ms, show: (f) => age(f.opened_ms) },
    { key: 'who', label: t('tickets.who'), value: (f) => f.taken_by },
  ];
  return html`<${Table} id="tickets" caption=${t('nav.tickets')} rows=${faults} columns=${columns} rowKey=${(f) => f.id} empty=${t('tickets.none')} />`;
};

export class LockerPage extends Component {
  constructor() {
    super();
    this.state = { chosen: null };
  }

  renderHead(locker, silent, lost) {
    return html`<h1>${locker.name} ${locker.state !== 'active' && html`<${Tag} kind="bad" group="locker" value=${locker.state} />`}</h1>
      ${locker.address && html`<p class="soft">${locker.address}</p>`}
      <p class=${silent ? 'notice warn' : 'facts'}>
        ${silent && !lost ? t('locker.silent', { age: age(locker.seen_ms) }) : t('locker.heard', { age: age(locker.seen_ms) })}
        ${locker.commands_pending > 0 && html` · ${many('locker.commands', locker.commands_pending)}`}
        ${locker.outbox > 0 && html` · ${many('locker.outbox', locker.outbox)}`}
        ${locker.guess_mode && locker.guess_mode !== 'normal' && html` · ${say('guess', locker.guess_mode)}`}
      </p>`;
  }

  render({ board, me, id, lost }, { chosen }) {
    const locker = board.lockers.find((l) => l.id === id);
    if (!locker) return html`<h1>${t('nav.fleet')}</h1><p class="notice">${t('locker.none')}</p><p><a href="#/fleet">${t('locker.back')}</a></p>`;
    const silent = Boolean(lost) || isSilent(locker, me);
    const door = locker.doors.find((d) => d.door === chosen);
    return html`<p><a href="#/fleet">${t('locker.back')}</a></p>
      ${this.renderHead(locker, silent, lost)}
      ${locker.doors.length === 0 && html`<p>${t('locker.undescribed')}</p>`}
      ${locker.doors.length > 0 && html`<p>${doorSummary(locker, silent)}</p>`}
      <${Wall} locker=${locker} silent=${silent} chosen=${chosen} onChoose=${(name) => this.setState({ chosen: name === chosen ? null : name })} />
      <${Legend} />
      <p class="tools">
        ${me.role !== 'admin' && html`<a class="button" href="#/load/${id}">${t('locker.load')}</a> <a class="button" href="#/tour/${id}">${t('locker.tour')}</a>`}
        <a class="button" href="/api/lockers/${id}/door-labels" target="_blank">${t('locker.labels')}</a>
      </p>
      ${door && html`<${DoorDetail} door=${door} me=${me} />`}
      <div class="beside">
        <section class="card"><${Room} locker=${locker} /></section>
        <section class="card"><${Tickets} faults=${board.faults.filter((f) => f.locker === id)} /></section>
        <section class="card"><${Sensors} locker=${locker} me=${me} silent=${silent} /></section>
        <section class="card"><${Boards} locker=${locker} silent=${silent} /></section>
        <section class="card"><${Stock} locker=${locker} me=${me} /></section>
      </div>`;
  }
}
