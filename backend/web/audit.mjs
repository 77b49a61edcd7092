// SPDX-License-Identifier: Apache-2.0
// The audit: who did what, and when. The newest rows; a filter and a file of what is shown.
import { html, Component, t, say, ask, exact, Notice } from './parts.mjs';
import { Table } from './table.mjs';

const ROWS = 1000;

export class AuditPage extends Component {
  constructor() {
    super();
    this.state = { rows: [], error: null, loaded: false };
  }

  componentDidMount() {
    this.load();
  }

  async load() {
    try {
      this.setState({ rows: (await ask('GET', `/api/audit?newest=${ROWS}`)).rows.reverse(), loaded: true, error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  render({ me }, { rows, error, loaded }) {
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
    return html`<h1>${t('nav.audit')}</h1>
      <p>${t('audit.why', { n: ROWS })}</p>
      <p class="tools"><button onClick=${() => this.load()}>${t('audit.again')}</button></p>
      <${Notice} error=${error} />
      ${loaded && html`<${Table} id="audit" caption=${t('audit.all')} rows=${rows} columns=${columns} rowKey=${(a) => a.seq} />`}`;
  }
}
