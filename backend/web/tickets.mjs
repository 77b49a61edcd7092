// SPDX-License-Identifier: Apache-2.0
// Tickets: faults as work. The list, and one with its history and what can be done about it.
import { html, Component, t, many, say, ask, age, exact, lockerName, Act, Notice, Tag } from './parts.mjs';
import { Table } from './table.mjs';

const EVERY_MS = 5000;
const PORTION = 1000; // tickets that are over, of one request
const title = (f) => `${say('fault', f.kind)}${f.subject ? `: ${f.subject}` : ''}`;
const canAct = (me) => me.role !== 'admin';

const State = ({ fault }) =>
  fault.closed_ms
    ? html`<${Tag} kind="done" group="ticket" value="closed" />`
    : html`<${Tag} kind=${fault.urgent ? 'bad' : 'warn'} group="ticket" value=${fault.urgent ? 'urgent' : 'open'} />`;

const stateOf = (f) => say('ticket', f.closed_ms ? 'closed' : f.urgent ? 'urgent' : 'open');

class Ticket extends Component {
  constructor() {
    super();
    this.state = { fault: null, error: null };
  }

  componentDidMount() {
    this.load();
    this.timer = setInterval(() => this.load(), EVERY_MS);
  }

  componentWillUnmount() {
    clearInterval(this.timer);
  }

  async load() {
    try {
      this.setState({ fault: await ask('GET', `/api/faults/${this.props.id}`), error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  async act(what, body) {
    await ask('POST', `/api/faults/${this.props.id}/${what}`, body);
    await this.load();
  }

  renderActs(f) {
    return html`<div class="tools">
      ${!f.closed_ms && !f.taken_by && html`<${Act} label=${t('tickets.take')} onAct=${() => this.act('acknowledge')} />`}
      <${Act} label=${t('tickets.comment')} question=${t('tickets.comment.ask')} needsComment onAct=${(v) => this.act('comment', v)} />
      ${f.may_close && html`<${Act} label=${t('tickets.close')} question=${t('tickets.close.ask')} needsComment onAct=${(v) => this.act('close', v)} />`}
    </div>`;
  }

  render({ board, me }, { fault: f, error }) {
    if (!f) return html`<${Notice} error=${error} />${!error && t('busy')}`;
    return html`<h1>${title(f)} <${State} fault=${f} /></h1>
      <${Notice} error=${error} />
      <section class="card">
        <dl>
          <dt>${t('fleet.locker')}</dt><dd><a href="#/locker/${f.locker}">${lockerName(board, f.locker)}</a></dd>
          <dt>${t('tickets.since')}</dt><dd>${exact(f.opened_ms)} (${age(f.opened_ms)})</dd>
          <dt>${t('tickets.last')}</dt><dd>${exact(f.last_ms)}</dd>
          <dt>${t('tickets.times')}</dt><dd>${f.times}${f.flaps > 0 ? ` (${many('tickets.flaps', f.flaps)})` : ''}</dd>
          <dt>${t('tickets.who')}</dt><dd>${f.taken_by ?? t('tickets.nobody')}</dd>
          ${f.detail && html`<dt>${t('tickets.detail')}</dt><dd>${say('doorcause', f.detail)}</dd>`}
          ${f.closed_ms && html`<dt>${t('tickets.closed')}</dt><dd>${exact(f.closed_ms)}, ${f.closed_by === 'evidence' ? t('tickets.by.evidence') : f.closed_by}</dd>`}
        </dl>
        ${!f.closed_ms && html`<p class="notice">${f.may_close ? t('tickets.people') : say('closes', f.kind)}</p>`}
        ${canAct(me) && this.renderActs(f)}
      </section>
      <section class="card">
        <h2>${t('tickets.history')}</h2>
        <ol class="timeline">
          ${f.notes.map((n) => html`<li><time>${exact(n.at_ms)}</time> <b>${say('note', n.what)}</b> <span class="who">${n.actor === 'evidence' ? t('tickets.by.evidence') : n.actor}</span>${n.text && html`<p>${n.text}</p>`}</li>`)}
        </ol>
      </section>`;
  }
}

class List extends Component {
  constructor() {
    super();
    this.state = { all: null, older: false, error: null, showAll: new URLSearchParams(location.hash.split('?')[1] ?? '').get('all') === '1' };
  }

  componentDidMount() {
    if (this.state.showAll) this.load();
  }

  // In the address too, so that the link shows the same.
  toggle() {
    const showAll = !this.state.showAll;
    const [path, text = ''] = location.hash.split('?');
    const query = new URLSearchParams(text);
    if (showAll) query.set('all', '1');
    else query.delete('all');
    history.replaceState(history.state, '', `${path}?${query}`);
    this.setState({ showAll });
    if (showAll) this.load();
  }

  // The newest; older ones on top of them when somebody asks.
  async load(before = []) {
    const below = before.length ? `&below=${before.at(-1).id}` : '';
    try {
      const { faults } = await ask('GET', `/api/faults?all=1&limit=${PORTION}${below}`);
      this.setState({ all: [...before, ...faults], older: faults.length === PORTION, error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  render({ board, me }, { all, older, error, showAll }) {
    const rows = showAll && all ? all : board.faults;
    const columns = [
      { key: 'what', label: t('tickets.what'), value: title, show: (f) => html`<a href="#/tickets/${f.id}">${title(f)}</a>` },
      { key: 'state', label: t('order.state'), value: stateOf, choose: true, show: (f) => html`<${State} fault=${f} />` },
      { key: 'locker', label: t('fleet.locker'), value: (f) => lockerName(board, f.locker), choose: true, show: (f) => html`<a href="#/locker/${f.locker}">${lockerName(board, f.locker)}</a>` },
      { key: 'since', label: t('tickets.since'), kind: 'time', value: (f) => f.opened_ms, show: (f) => age(f.opened_ms) },
      { key: 'times', label: t('tickets.times'), kind: 'number', value: (f) => f.times, show: (f) => (f.flaps > 0 ? many('tickets.times.flaps', f.flaps, { n: f.times, m: f.flaps }) : f.times) },
      {
        key: 'who', label: t('tickets.who'), value: (f) => f.taken_by,
        show: (f) => f.taken_by ?? (canAct(me) && !f.closed_ms ? html`<${Act} label=${t('tickets.take')} onAct=${() => ask('POST', `/api/faults/${f.id}/acknowledge`)} />` : '–'),
      },
      { key: 'closes', label: t('tickets.closes'), value: (f) => t(f.by_evidence ? 'tickets.closes.itself' : 'tickets.closes.people'), choose: true },
    ];
    return html`<h1>${t('nav.tickets')}</h1>
      <${Notice} error=${error} />
      <div class="tools"><button aria-pressed=${showAll} onClick=${() => this.toggle()}>${t('tickets.all')}</button></div>
      ${rows !== all && board.faults_cut && html`<p class="notice warn">${t('cut')}</p>`}
      <${Table} id="tickets" caption=${t(showAll ? 'tickets.caption.all' : 'tickets.caption')} rows=${rows} columns=${columns} rowKey=${(f) => f.id}
        rowProps=${(f) => ({ 'data-fault': f.kind })} empty=${t('tickets.none')} />
      ${rows === all && older && html`<p class="notice warn">${t('tickets.older.why', { n: all.length })} <button type="button" onClick=${() => this.load(all)}>${t('tickets.older')}</button></p>`}
      <p class="soft">${t('tickets.explain')}</p>`;
  }
}

export const TicketsPage = ({ id, ...rest }) =>
  id
    ? html`<p><a href="#/tickets">${t('tickets.back')}</a></p><${Ticket} key=${id} id=${id} ...${rest} />`
    : html`<${List} ...${rest} />`;
