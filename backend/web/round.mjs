// SPDX-License-Identifier: Apache-2.0
// The round: where to drive until the end of tomorrow, and why; to print and take along.
import { html, Component, t, many, ask, age, exact, Notice, Reading } from './parts.mjs';
import { Table } from './table.mjs';

const EVERY_MS = 15000;

// The reasons as short sentences with their counts, most urgent first.
function reasons(s) {
  const list = [];
  const add = (key, n) => n > 0 && list.push(many(`round.${key}`, n));
  add('urgent', s.urgent);
  add('repair', s.repair - s.urgent);
  add('load', s.load);
  add('short', s.short);
  add('expired', s.expired);
  add('withdrawn', s.withdrawn);
  add('unconfirmed', s.unconfirmed);
  add('ending', s.ending);
  return list;
}

const Amount = ({ n, sign, kind }) => html`<span class="amount ${n > 0 ? kind : 'none'}"><span aria-hidden="true">${sign}</span> ${n}</span>`;

export class RoundPage extends Component {
  constructor() {
    super();
    this.state = { data: null, error: null };
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
      this.setState({ data: await ask('GET', '/api/round'), error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  renderStops(stops) {
    const columns = [
      { key: 'place', label: t('round.place'), kind: 'number', value: (s) => s.place },
      {
        key: 'locker', label: t('fleet.locker'), value: (s) => s.name,
        show: (s) => html`<a class="lockername" href="#/locker/${s.locker}">${s.name}</a>${s.address && html`<br /><span class="soft">${s.address}</span>`}${s.silent && html`<br /><span class="tag warn">${t('round.silent', { age: age(s.seen_ms) })}</span>`}`,
      },
      { key: 'load', label: t('round.bring'), kind: 'number', value: (s) => s.load, show: (s) => html`<${Amount} n=${s.load} sign="↓" kind="busy" />` },
      { key: 'empty', label: t('round.take'), kind: 'number', value: (s) => s.empty, show: (s) => html`<${Amount} n=${s.empty} sign="↑" kind="warn" />` },
      { key: 'repair', label: t('round.fix'), kind: 'number', value: (s) => s.repair, show: (s) => (s.repair > 0 ? html`<a href="#/tickets?tickets.is.locker=${encodeURIComponent(s.name)}"><${Amount} n=${s.repair} sign="✕" kind="bad" /></a>` : html`<${Amount} n=${0} sign="✕" kind="bad" />`) },
      { key: 'free', label: t('round.free'), kind: 'number', value: (s) => s.free },
      { key: 'why', label: t('round.why'), value: (s) => reasons(s).join('; '), show: (s) => html`<ul class="why">${reasons(s).map((r) => html`<li>${r}</li>`)}</ul>` },
    ];
    return html`<${Table} id="round" caption=${many('round.caption', stops.length)} rows=${stops} columns=${columns} rowKey=${(s) => s.locker}
      rowProps=${(s) => ({ 'data-locker': s.locker })} empty=${t('round.none')} />`;
  }

  render(_, { data, error }) {
    return html`<h1>${t('nav.round')}</h1>
      <${Notice} error=${error} />
      ${!data && !error && html`<${Reading} />`}
      ${data &&
      html`<div class="tools"><button onClick=${() => print()}>${t('round.print')}</button></div>
        <p class="soft">${t('round.until', { time: exact(data.now_ms) })}</p>
        ${this.renderStops(data.stops.map((s, i) => ({ ...s, place: i + 1 })))}
        ${data.quiet.length > 0 && html`<p>${t('round.quiet', { names: data.quiet.map((s) => s.name).join(', ') })}</p>`}
        <p class="soft">${t('round.explain')}</p>`}`;
  }
}
