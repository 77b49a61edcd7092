// SPDX-License-Identifier: Apache-2.0
// Beside somebody who loads a locker, on a telephone: what to do next, which bags are in, what went wrong. It only looks: doors are
// opened at the kiosk, by scanning.
import { html, Component, t, many, say, poll, age, hubNow, clock, Notice } from './parts.mjs';
import { BagMarks } from './today.mjs';

const POLL_MS = 1000;
const STATES = 'packed,in_transit,ready,unconfirmed,withdrawing';
const RECENT_MS = 10 * 60 * 1000;
// Events that somebody who loads must act on, each with its words load.event.<name>.
const TROUBLE = { 'door.mismatch.v1': 'mismatch', 'door.jammed.v1': 'jam', 'door.left_open.v1': 'left_open', 'door.forced.v1': 'forced' };

// After one of these a label that was refused is no longer what somebody must act on.
const GOES_ON = new Set(['staff.entered.v1', 'door.pulsed.v1', 'order.loaded.v1']);

// When this round began, kept while the tab lives: a page that is loaded again counts on.
function roundOf(locker) {
  const key = `load.${locker}`;
  const kept = Number(sessionStorage.getItem(key));
  if (kept && hubNow() - kept < 12 * 3600 * 1000) return kept;
  const now = hubNow() - RECENT_MS;
  sessionStorage.setItem(key, String(now));
  return now;
}

const numberOf = (door) => Number(door.slice(1)) || 0;

// What the locker waits for now.
export function nextStep(locker, orders) {
  const open = locker.doors.find((d) => d.contact === 'open');
  if (open) return { what: open.state === 'LOADING' ? 'put' : 'close', door: open.door };
  const loading = locker.doors.find((d) => d.state === 'LOADING');
  if (loading) return { what: 'label', door: loading.door };
  return { what: orders.some((o) => o.state === 'packed' || o.state === 'in_transit') ? 'scan' : 'done', door: null };
}

// What went wrong lately, newest first: from events, and from doors that still say so.
export function troubles(locker, events, since) {
  const doors = locker.doors.filter((d) => d.state === 'CHECK' || d.state === 'FORCED').map((d) => ({ key: `door-${d.door}`, what: d.state === 'CHECK' ? 'check' : 'forced', door: d.door, at: d.told_ms }));
  const said = events
    .filter((e) => TROUBLE[e.type] && e.received_ms >= since && hubNow() - e.received_ms < RECENT_MS)
    .map((e) => ({ key: `event-${e.id}`, what: TROUBLE[e.type], door: e.door, moved: e.moved, at: e.received_ms }));
  const known = new Set(doors.map((d) => `${d.what} ${d.door}`));
  return [...said.filter((e) => !known.has(`${e.what} ${e.door}`)), ...doors].sort((a, b) => b.at - a.at);
}

// What the kiosk refused last, while nothing went on after it. Events come newest first.
export function refusal(events, since) {
  const last = events.find((e) => e.type === 'scan.refused.v1' || GOES_ON.has(e.type));
  return last?.type === 'scan.refused.v1' && last.received_ms >= since && hubNow() - last.received_ms < RECENT_MS ? last : null;
}

const Refused = ({ event: { cause, door, order, received_ms } }) =>
  html`<div class="notice bad" role="alert" data-refused=${cause}>
    <b>${order && `${t('load.refused.bag', { number: order.number })} `}${t(`load.refused.${cause}`, { door })}</b> <small>${clock(received_ms)}</small><br />${t(`load.refused.${cause}.do`, { door })}
  </div>`;

const Step = ({ step }) =>
  html`<div class="step ${step.what}" role="status" aria-live="polite" data-step=${step.what} data-door=${step.door}>
    ${step.door && html`<b class="big">${step.door}</b>`}
    <p>${t(`load.step.${step.what}`, { door: step.door })}</p>
  </div>`;

const Bag = ({ order }) => {
  const loaded = order.state === 'ready' || order.state === 'unconfirmed';
  return html`<li data-order=${order.id} data-loaded=${loaded} class=${loaded ? 'done' : ''}>
    <span class="tick" aria-hidden="true">${loaded ? '✓' : '○'}</span>
    <b>${order.number}</b> <span><${BagMarks} order=${order} /></span>
    <span class="state">${loaded ? t('load.in', { door: order.door }) : order.state === 'withdrawing' ? html`<span class="tag warn">${t('load.withdrawing')}</span>` : t('load.todo')}</span>
  </li>`;
};

const Help = () =>
  html`<details class="card"><summary>${t('load.help')}</summary>
    <dl class="help-list">${['refused', 'nodoor', 'closed', 'wrong', 'stop'].map((k) => html`<dt>${t(`load.help.${k}`)}</dt><dd>${t(`load.help.${k}.do`)}</dd>`)}</dl>
  </details>`;

class Loading extends Component {
  constructor(props) {
    super(props);
    this.state = { orders: null, events: [], error: null };
    this.since = roundOf(props.locker.id);
  }

  componentDidMount() {
    const { id } = this.props.locker;
    const onError = (error) => this.setState({ error });
    const stops = [
      poll(`/api/orders?locker=${id}&state=${STATES}&limit=1000`, POLL_MS, { onNews: (n) => this.setState((s) => ({ orders: n ? n.orders : s.orders, cut: n ? n.orders.length < n.count : s.cut, error: null })), onError }),
      poll(`/api/lockers/${id}/events?limit=50`, POLL_MS, { onNews: (n) => n && this.setState({ events: n.events }), onError }),
    ];
    this.stop = () => stops.forEach((stop) => stop());
  }

  componentWillUnmount() {
    this.stop?.();
  }

  render({ locker, me, lost }, { orders, events, error, cut }) {
    if (!orders) return html`<${Notice} error=${error} /><p aria-busy="true">${t('busy')}</p>`;
    const silent = Boolean(lost) || !locker.seen_ms || hubNow() - locker.seen_ms > me.silent_after_s * 1000;
    const bags = orders.filter((o) => o.state === 'packed' || o.state === 'in_transit' || o.state === 'withdrawing' || o.ready_ms >= this.since);
    const todo = bags.filter((o) => !o.door).sort((a, b) => a.number - b.number);
    const done = bags.filter((o) => o.door).sort((a, b) => b.ready_ms - a.ready_ms || numberOf(a.door) - numberOf(b.door));
    const total = todo.length + done.length;
    const wrong = troubles(locker, events, this.since);
    const no = refusal(events, this.since);
    return html`<${Notice} error=${error} />
      ${cut && html`<p class="notice warn">${t('cut')}</p>`}
      ${silent && html`<p class="notice warn" role="status">${t('load.silent', { age: age(locker.seen_ms) })}</p>`}
      <p class="count-line"><label><span>${many('load.progress', total, { n: done.length, m: total })}</span> <progress max=${total || 1} value=${done.length}></progress></label></p>
      ${no && html`<${Refused} key=${no.id} event=${no} />`}
      ${!silent && html`<${Step} step=${nextStep(locker, orders)} />`}
      ${wrong.map(
        (w) =>
          html`<div class="notice bad" role="alert" key=${w.key} data-trouble=${w.what}><b>${t(`load.trouble.${w.what}`, { door: w.door, moved: w.moved ?? '' })}</b> <small>${clock(w.at)}</small><br />${t(`load.trouble.${w.what}.do`, { door: w.door })}</div>`,
      )}
      ${total === 0 && html`<p class="notice">${t('load.none')}</p>`}
      <ul class="load">${[...todo, ...done].map((o) => html`<${Bag} key=${o.id} order=${o} />`)}</ul>
      <${Help} />`;
  }
}

export const LoadPage = ({ board, id, me, lost }) => {
  const locker = board.lockers.find((l) => l.id === id);
  if (!locker)
    return html`<h1>${t('load')}</h1>
      <p>${t('load.choose')}</p>
      <ul class="plain-list">${board.lockers.map((l) => html`<li key=${l.id}><a class="button" href="#/load/${l.id}">${l.name}</a></li>`)}</ul>`;
  return html`<div class="phone">
    <h1>${t('load')}: ${locker.name}</h1>
    <${Loading} key=${locker.id} locker=${locker} me=${me} lost=${lost} />
  </div>`;
};
