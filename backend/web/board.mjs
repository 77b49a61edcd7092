// SPDX-License-Identifier: Apache-2.0
// The board: every locker with its doors as they hang, what is free, and what is in them.
import { html, Component, t, say, age, hubNow, moment, Tag, OrderState } from './parts.mjs';

// Old news is not shown as news.
export const isSilent = (locker, me) => !locker.seen_ms || hubNow() - locker.seen_ms > me.silent_after_s * 1000;

// What a door looks like: state and contact are two facts, both shown; unknown is never green.
function doorKind(door, silent) {
  if (silent || !door.state) return 'unknown';
  if (door.state === 'FORCED' || door.state === 'OUT') return 'bad';
  if (door.contact === 'open') return 'open';
  if (door.contact !== 'closed') return 'unknown';
  if (door.state === 'CHECK') return 'warn';
  if (door.state === 'LOADED') return door.order?.state === 'ready' ? 'full' : 'warn';
  if (door.state === 'FREE' || door.state === 'TAKEN') return 'free';
  return 'busy';
}

const Door = ({ door, silent, chosen, onChoose }) => {
  const contact = silent ? 'unknown' : (door.contact ?? 'unknown');
  return html`<button
    class="door ${doorKind(door, silent)}"
    style=${{ gridRow: door.row, gridColumn: door.column }}
    aria-pressed=${chosen}
    data-door=${door.door}
    data-state=${door.state ?? ''}
    data-contact=${contact}
    onClick=${onChoose}
  >
    <b>${door.door}</b>
    <span>${door.state ? say('door', door.state) : t('door.unheard')}</span>
    <span class="contact ${contact}">${say('contact', contact)}</span>
    ${door.order && html`<span class="bag">${t('bag', { number: door.order.number })}</span>`}
  </button>`;
};

const DoorDetail = ({ door, me }) =>
  html`<div class="detail" role="status">
    <h3>${t('door', { door: door.door })}</h3>
    <dl>
      <dt>${t('door.kind')}</dt>
      <dd>${door.size}, ${say('zone', door.zone)}${door.low ? `, ${t('door.low')}` : ''}</dd>
      <dt>${t('door.state')}</dt>
      <dd>${door.state ? say('door', door.state) : t('door.unheard')}${door.cause ? ` (${door.cause})` : ''}</dd>
      <dt>${t('door.contact')}</dt>
      <dd>${say('contact', door.contact ?? 'unknown')}</dd>
      <dt>${t('door.told')}</dt>
      <dd>${age(door.told_ms)}</dd>
      ${door.order &&
      html`<dt>${t('door.order')}</dt>
        <dd>${me.role === 'admin' ? door.order.number : html`<a href="#/order/${door.order.id}">${t('bag', { number: door.order.number })}</a>`} <${OrderState} order=${door.order} /></dd>`}
    </dl>
  </div>`;

const Capacity = ({ capacity }) =>
  html`<table class="narrow">
    <caption>${t('capacity', { loaded: capacity.loaded, total: capacity.total })}</caption>
    <thead><tr><th scope="col">${t('capacity.kind')}</th><th scope="col">${t('capacity.free')}</th><th scope="col">${t('capacity.promised')}</th></tr></thead>
    <tbody>
      ${capacity.kinds
        .filter((k) => k.free + k.promised > 0)
        .map((k) => html`<tr><th scope="row">${k.size}, ${say('zone', k.zone)}</th><td>${k.free}</td><td>${k.promised}</td></tr>`)}
    </tbody>
  </table>`;

class Locker extends Component {
  constructor() {
    super();
    this.state = { chosen: null };
  }

  render({ locker, me, faults, lost }, { chosen }) {
    const silent = Boolean(lost) || isSilent(locker, me);
    const door = locker.doors.find((d) => d.door === chosen);
    return html`<section class="locker ${silent ? 'silent' : ''}" aria-label=${locker.name} data-locker=${locker.id}>
      <h2>
        ${locker.name} ${locker.state !== 'active' && html`<${Tag} kind="bad" group="locker" value=${locker.state} />`}
        ${faults > 0 && html`<a class="tag bad" href="#/faults">${faults === 1 ? t('locker.fault') : t('locker.faults', { n: faults })}</a>`}
      </h2>
      <p class=${silent ? 'notice warn' : 'facts'}>
        ${silent && !lost ? t('locker.silent', { age: age(locker.seen_ms) }) : t('locker.heard', { age: age(locker.seen_ms) })}
        ${locker.commands_pending > 0 && html` · ${t('locker.commands', { n: locker.commands_pending })}`}
        ${locker.outbox > 0 && html` · ${t('locker.outbox', { n: locker.outbox })}`}
        ${locker.guess_mode && locker.guess_mode !== 'normal' && html` · ${say('guess', locker.guess_mode)}`}
      </p>
      ${locker.doors.length === 0 && html`<p>${t('locker.undescribed')}</p>`}
      <div class="doors">
        ${locker.doors.map(
          (d) =>
            html`<${Door} key=${d.door} door=${d} silent=${silent} chosen=${d.door === chosen}
              onChoose=${() => this.setState({ chosen: d.door === chosen ? null : d.door })} />`,
        )}
      </div>
      ${door && html`<${DoorDetail} door=${door} me=${me} />`}
      <div class="beside">
        <${Capacity} capacity=${locker.capacity} />
        <table class="narrow">
          <caption>${t('boards')}</caption>
          <tbody>
            ${locker.boards.map((b) => html`<tr><th scope="row">${b.board}</th><td><${Tag} kind=${silent ? '' : b.state === 'ok' ? 'good' : 'bad'} group="board" value=${silent ? 'unknown' : b.state} /></td><td>${age(b.told_ms)}</td></tr>`)}
          </tbody>
        </table>
        <${Stock} locker=${locker} me=${me} />
      </div>
    </section>`;
  }
}

// What is where.
const Stock = ({ locker, me }) => {
  const bags = locker.doors.filter((d) => d.order);
  return html`<table class="narrow">
    <caption>${t('stock', { n: bags.length })}</caption>
    <tbody>
      ${bags.map(
        (d) =>
          html`<tr><th scope="row">${d.door}</th><td>${me.role === 'admin' ? d.order.number : html`<a href="#/order/${d.order.id}">${d.order.number}</a>`}</td><td><${OrderState} order=${d.order} /></td>
            <td>${d.order.not_after_s ? t('stock.until', { time: moment(d.order.not_after_s * 1000) }) : ''}</td></tr>`,
      )}
    </tbody>
  </table>`;
};

const Counts = ({ counts }) =>
  html`<ul class="counts">
    ${['registered', 'packed', 'in_transit', 'ready', 'unconfirmed', 'withdrawing', 'withdrawn', 'expired'].map(
      (s) => html`<li><b>${counts[s]}</b> ${say('state', s)}</li>`,
    )}
  </ul>`;

export const BoardPage = ({ board, me, lost }) =>
  html`<h1>${t('nav.board')}</h1>
    <${Counts} counts=${board.counts} />
    ${board.lockers.length === 0 && html`<p>${t('board.empty')}</p>`}
    ${board.lockers.map((l) => html`<${Locker} key=${l.id} locker=${l} me=${me} lost=${lost} faults=${board.faults.filter((f) => f.locker === l.id).length} />`)}`;
