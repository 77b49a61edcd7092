// SPDX-License-Identifier: Apache-2.0
// What to do now, for a pharmacist: decide, pack, bring, fetch. Each number is a link to the work itself.
import { html, Component, t, many, say, ask, poll, moment, Choice, Notice, Progress, Undo, Act, OrderState } from './parts.mjs';
import { Table } from './table.mjs';

const POLL_MS = 1000;
const SHEET_MAX = 50; // bags of one print
const BACK = new Set(['expired', 'withdrawn', 'withdrawing']);

export const sheetOf = (orders) => `/api/sheet?orders=${orders.slice(0, SHEET_MAX).map((o) => o.number).join(',')}`;

// Doors that somebody must go to: the same doors as on the tour of that locker.
export const toFetch = (locker) => locker.doors.filter((d) => BACK.has(d.order?.state) || d.state === 'CHECK' || d.state === 'FORCED');

const Mark = ({ value, show }) => (show ? html` <span class="tag">${value}</span>` : null);
export const BagMarks = ({ order }) =>
  html`<${Mark} show value=${order.size} /><${Mark} show=${order.zone === 'cold'} value=${say('zone', 'cold')} /><${Mark} show=${order.low_door} value=${t('door.low')} /><${Mark}
      show=${order.class !== 'ordinary'} value=${say('class', order.class)} />`;

// ---------------------------------------------------------------- pack
class PackList extends Component {
  constructor() {
    super();
    this.state = { chosen: new Set(), locker: '', busy: false, done: 0, total: 0, packed: [], refused: [] };
  }

  toggle(id) {
    const chosen = new Set(this.state.chosen);
    if (!chosen.delete(id)) chosen.add(id);
    this.setState({ chosen });
  }

  // The place that was asked for, when it is one of ours; else what was chosen; else the hub chooses.
  lockerOf(order) {
    const wanted = this.props.board.lockers.find((l) => l.state === 'active' && l.name === order.destination);
    return wanted?.id ?? this.state.locker;
  }

  // One after the other: a refusal of one does not stop the rest.
  async pack(orders) {
    const packed = [];
    const refused = [];
    this.setState({ busy: true, done: 0, total: orders.length, packed, refused });
    for (const order of orders) {
      const locker = this.lockerOf(order);
      try {
        packed.push((await ask('POST', `/api/orders/${order.id}/pack`, locker ? { locker } : {})).order);
      } catch (error) {
        refused.push({ order, error });
      }
      this.setState((s) => ({ done: s.done + 1 }));
    }
    this.setState({ busy: false, packed, refused, chosen: new Set(refused.map((r) => r.order.id)) });
  }

  columns() {
    const { chosen } = this.state;
    const tick = (o) =>
      html`<input type="checkbox" aria-label=${t('today.choose', { number: o.number })} checked=${chosen.has(o.id)} onChange=${() => this.toggle(o.id)} /> <a href="#/order/${o.id}">${o.number}</a>`;
    return [
      { key: 'number', label: t('order.number'), value: (o) => o.number, show: tick },
      { key: 'patient', label: t('order.patient'), value: (o) => o.patient },
      { key: 'from', label: t('today.window'), kind: 'time', value: (o) => (o.not_before_s ? o.not_before_s * 1000 : o.created_ms), show: (o) => (o.not_before_s ? moment(o.not_before_s * 1000) : t('today.now')) },
      { key: 'place', label: t('order.destination'), value: (o) => o.destination, choose: true },
      { key: 'kind', label: t('order.class'), value: (o) => `${o.size} ${o.zone} ${o.class}`, show: (o) => html`<${BagMarks} order=${o} />` },
      { key: 'act', label: t('pack'), value: () => null, csv: () => '', show: (o) => html`<button disabled=${this.state.busy} onClick=${() => this.pack([o])}>${t('pack.do')}</button>` },
    ];
  }

  renderDone({ packed, refused }) {
    return html`${packed.length > 0 &&
      html`<div class="notice good packed" role="status">
        <p>${many('today.packed', packed.length)}</p>
        <a class="button primary" href=${sheetOf(packed)} target="_blank">${t('today.print')}</a>
        <ul class="plain-list">${packed.map((o) => html`<li><a href="#/order/${o.id}">${t('bag', { number: o.number })}</a>: ${o.locker.name}</li>`)}</ul>
      </div>`}
      ${refused.map(({ order, error }) => html`<${Notice} error=${`${t('bag', { number: order.number })}: ${error.message}`} />`)}`;
  }

  render({ orders, board }, { chosen, busy, done, total, locker, packed, refused }) {
    const those = orders.filter((o) => chosen.has(o.id));
    const lockers = board.lockers.filter((l) => l.state === 'active').map((l) => [l.id, l.name]);
    const all = those.length === orders.length;
    return html`<section class="card" id="pack">
      <h2>${t('today.pack')} <span class="count calm">${orders.length}</span></h2>
      ${busy && html`<${Progress} label=${t('today.packing')} done=${done} total=${total} />`}
      ${!busy && this.renderDone({ packed, refused })}
      ${orders.length > 0 &&
      html`<div class="tools">
        <${Choice} label=${t('pack.locker')} name="locker" value=${locker} options=${[['', t('pack.any')], ...lockers]} onChoose=${(v) => this.setState({ locker: v })} />
        <button onClick=${() => this.setState({ chosen: new Set(all ? [] : orders.map((o) => o.id)) })}>${all ? t('today.none') : t('today.all')}</button>
        <button class="primary" disabled=${busy || those.length === 0} onClick=${() => this.pack(those)}>${those.length === 0 ? t('today.pack') : t('today.pack.chosen', { n: those.length })}</button>
      </div>`}
      <${Table} id="pack" caption=${t('today.pack.list')} rows=${orders} columns=${this.columns()} rowKey=${(o) => o.id} rowProps=${(o) => ({ 'data-order': o.id })} sort="from" empty=${t('today.pack.empty')} />
    </section>`;
  }
}

// ---------------------------------------------------------------- bring
const Bring = ({ locker, orders, onDepart }) => {
  const here = orders.filter((o) => o.state === 'packed');
  const cold = orders.filter((o) => o.zone === 'cold').length;
  return html`<article class="bring" data-bring=${locker.id}>
    <h3>${locker.name} <span class="count calm">${orders.length}</span></h3>
    <p>${here.length > 0 && t('today.bring.here', { n: here.length })} ${here.length < orders.length && t('today.bring.away', { n: orders.length - here.length })}
      ${cold > 0 && html` <span class="tag busy">${t('today.bring.cold', { n: cold })}</span>`}</p>
    <ul class="bags">${orders.map((o) => html`<li key=${o.id}><a href="#/order/${o.id}">${o.number}</a> <${BagMarks} order=${o} /> <${OrderState} order=${o} /></li>`)}</ul>
    <div class="tools">
      <a class="button primary" href="#/load/${locker.id}">${t('today.load')}</a>
      ${here.length > 0 && html`<${Act} label=${t('today.depart', { n: here.length })} onAct=${() => onDepart(here)} />`}
      <a class="button" href=${sheetOf(orders)} target="_blank">${t('today.print')}</a>
    </div>
  </article>`;
};

// A link to another page, or a way down to a part of this one.
const Count = ({ n, words, href, part, kind }) =>
  html`<li class=${kind ?? ''}>${href
      ? html`<a href=${href}><b>${n}</b> ${words}</a>`
      : html`<button onClick=${() => document.getElementById(part).scrollIntoView({ block: 'start' })}><b>${n}</b> ${words}</button>`}</li>`;

// ---------------------------------------------------------------- the page
export class TodayPage extends Component {
  constructor() {
    super();
    this.state = { orders: null, error: null, gone: null };
  }

  componentDidMount() {
    this.stop = poll('/api/orders?state=registered,packed,in_transit&limit=1000', POLL_MS, {
      onNews: (news) => this.setState((s) => ({ orders: news ? news.orders : s.orders, count: news ? news.count : s.count, error: null })),
      onError: (error) => this.setState({ error }),
    });
  }

  componentWillUnmount() {
    this.stop?.();
  }

  async step(orders, event) {
    for (const o of orders) await ask('POST', `/api/orders/${o.id}/step`, { event });
  }

  async depart(orders) {
    await this.step(orders, 'depart');
    this.setState({ gone: orders });
  }

  renderBring(orders) {
    const lockers = new Map();
    for (const o of orders) lockers.set(o.locker.id, { locker: o.locker, orders: [...(lockers.get(o.locker.id)?.orders ?? []), o] });
    const { gone } = this.state;
    return html`<section class="card" id="bring">
      <h2>${t('today.bring')} <span class="count calm">${orders.length}</span></h2>
      ${gone &&
      html`<${Undo} key=${gone.map((o) => o.id).join()} text=${many('today.departed', gone.length)} onUndo=${() => this.step(gone, 'arrive_back')} onGone=${() => this.setState({ gone: null })} />`}
      ${orders.length === 0 && html`<p>${t('today.bring.empty')}</p>`}
      <div class="beside">${[...lockers.values()].map((l) => html`<${Bring} key=${l.locker.id} ...${l} onDepart=${(o) => this.depart(o)} />`)}</div>
    </section>`;
  }

  renderFetch(lockers) {
    return html`<section class="card" id="fetch">
      <h2>${t('today.fetch')}</h2>
      ${lockers.length === 0 && html`<p>${t('today.fetch.empty')}</p>`}
      <ul class="plain-list">
        ${lockers.map((l) => html`<li key=${l.id}><a class="button" href="#/tour/${l.id}">${many('today.fetch.do', toFetch(l).length, { name: l.name })}</a></li>`)}
      </ul>
    </section>`;
  }

  render({ board, exceptions }, { orders, error, count }) {
    if (!orders) return html`<h1>${t('nav.today')}</h1><${Notice} error=${error} /><p aria-busy="true">${t('busy')}</p>`;
    const pack = orders.filter((o) => o.state === 'registered');
    const bring = orders.filter((o) => o.state !== 'registered');
    const fetch = board.lockers.filter((l) => toFetch(l).length > 0);
    const decide = exceptions?.exceptions.length ?? 0;
    return html`<h1>${t('nav.today')}</h1>
      <${Notice} error=${error} />
      ${orders.length < count && html`<p class="notice warn">${t('cut')}</p>`}
      <ul class="work">
        <${Count} n=${decide} words=${t('today.count.decide')} href="#/exceptions" kind=${decide > 0 ? 'bad' : 'good'} />
        <${Count} n=${pack.length} words=${t('today.count.pack')} part="pack" />
        <${Count} n=${bring.length} words=${t('today.count.bring')} part="bring" />
        <${Count} n=${board.counts.ready} words=${t('today.count.ready')} href="#/orders" />
      </ul>
      <${PackList} orders=${pack} board=${board} />
      ${this.renderBring(bring)} ${this.renderFetch(fetch)}`;
  }
}
