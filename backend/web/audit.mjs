// SPDX-License-Identifier: Apache-2.0
// The audit: who did what, and when; so many rows at a time, the newest first. A filter and a file of what is shown.
import { html, Component, t, say, ask, exact, Notice } from './parts.mjs';
import { Table } from './table.mjs';

const ROWS = 1000;

export class AuditPage extends Component {
  constructor() {
    super();
    this.state = { rows: [], last: 0, error: null, loaded: false };
  }

  componentDidMount() {
    this.load();
  }

  // Rows are numbered from 1 without gaps: below, the number above the newest that is wanted; without: the newest there are.
  async load(below) {
    const asked = below ? `above=${Math.max(0, below - 1 - ROWS)}&limit=${Math.min(ROWS, below - 1)}` : `newest=${ROWS}`;
    try {
      const rows = (await ask('GET', `/api/audit?${asked}`)).rows.reverse();
      this.setState((s) => ({ rows, last: below ? s.last : (rows[0]?.seq ?? 0), loaded: true, error: null }));
    } catch (error) {
      this.setState({ error });
    }
  }

  render({ me }, { rows, last, error, loaded }) {
    const columns = [
      { key: 'seq', label: t('audit.seq'), kind: 'number', value: (a) => a.seq },
      { key: 'at', label: t('audit.at'), kind: 'time', value: (a) => a.at_ms, show: (a) => exact(a.at_ms) },
      { key: 'who', label: t('audit.who'), value: (a) => a.actor, choose: true },
      { key: 'what', label: t('audit.what'), value: (a) => say('action', a.action), csv: (a) => a.action, choose: true },
      { key: 'subject', label: t('audit.subject'), value: (a) => a.subject },
      { key: 'detail', label: t('audit.detail'), value: (a) => a.detail },
      {
        key: 'order', label: t('audit.order'), value: (a) => a.order,
        show: (a) => (a.order ? (me.role === 'admin' ? html`<code>${a.order.slice(0, 8)}</code>` : html`<a href="#/order/${a.order}"><code>${a.order.slice(0, 8)}</code></a>`) : '–'),
      },
    ];
    const [newest, oldest] = [rows[0]?.seq ?? 0, rows.at(-1)?.seq ?? 0];
    const all = oldest <= 1 && newest === last;
    return html`<h1>${t('nav.audit')}</h1>
      <p>${t('audit.why')}</p>
      ${loaded && !all && html`<p role="status">${t('audit.part', { from: oldest, to: newest, m: last })}</p>`}
      <p class="tools">
        <button onClick=${() => this.load()}>${t('audit.again')}</button>
        ${oldest > 1 && html`<button onClick=${() => this.load(oldest)}>${t('audit.older')}</button>`}
        ${newest < last && html`<button onClick=${() => this.load(Math.min(last, newest + ROWS) + 1)}>${t('audit.newer')}</button>`}
      </p>
      <${Notice} error=${error} />
      ${loaded && html`<${Table} id="audit" caption=${t('audit.all')} rows=${rows} columns=${columns} rowKey=${(a) => a.seq} />`}`;
  }
}
