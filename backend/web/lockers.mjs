// SPDX-License-Identifier: Apache-2.0
// Lockers, for administrators: identity, certificate, address, revoking; doors that nobody has tested.
import { html, Component, t, say, ask, age, day, moment, Act, Form, Field, Notice, Tag } from './parts.mjs';
import { Table } from './table.mjs';

const kinds = { active: 'good', frozen: 'bad', revoked: '', lost: 'bad' };
const MONTH_MS = 30 * 86400000;

export class LockersPage extends Component {
  constructor() {
    super();
    this.state = { lockers: [], revoked: null, error: null };
  }

  componentDidMount() {
    this.load();
  }

  async load() {
    try {
      this.setState({ lockers: (await ask('GET', '/api/lockers')).lockers, error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  async revoke(locker) {
    await ask('POST', `/api/lockers/${locker.id}/revoke`);
    this.setState({ revoked: locker.name });
    await this.load();
  }

  // what: address or hours, a line for the slip.
  async set(locker, what, values) {
    await ask('POST', `/api/lockers/${locker.id}/${what}`, { [what]: values[what] });
    await this.load();
  }

  renderLine(l, what, max) {
    return html`<${Form} key=${`${l.id} ${l[what] ?? ''}`} name=${what} label=${t(`lockers.${what}.save`)} onSubmit=${(v) => this.set(l, what, v)}>
      <${Field} label=${t(`lockers.${what}`)} hint=${t(`lockers.${what}.hint`)} name=${what} value=${l[what] ?? ''} maxlength=${max} autocomplete="off" />
    <//>`;
  }

  renderOne(l, untested) {
    const gone = l.state === 'revoked' || l.state === 'lost';
    return html`<section class="card" data-locker=${l.name}>
      <h2>${l.name}</h2>
      <dl>
        <dt>${t('lockers.id')}</dt><dd><code>${l.id}</code></dd>
        <dt>${t('lockers.certificate')}</dt><dd><code>${l.certificate}</code></dd>
        <dt>${t('lockers.enrolled')}</dt><dd>${moment(l.created_ms)}</dd>
        <dt>${t('lockers.pending')}</dt><dd>${l.commands_pending}</dd>
        <dt>${t('lockers.untested')}</dt><dd>${untested.length === 0 ? t('lockers.untested.none') : untested.join(', ')}</dd>
      </dl>
      ${!gone &&
      html`${this.renderLine(l, 'address', 200)} ${this.renderLine(l, 'hours', 80)}
        <details>
          <summary>${t('lockers.revoke')}</summary>
          <p>${t('lockers.revoke.why')}</p>
          <${Act} danger label=${t('lockers.revoke.go', { name: l.name })} onAct=${() => this.revoke(l)} />
        </details>`}
    </section>`;
  }

  render({ board, id }, { lockers, revoked, error }) {
    const untested = (l) => board.lockers.find((b) => b.id === l.id)?.doors.filter((d) => !d.tested).map((d) => d.door) ?? [];
    const chosen = lockers.find((l) => l.id === id);
    const ends = (l) => (l.state === 'active' && l.certificate_ends_ms - Date.now() < MONTH_MS ? 'warn' : '');
    const columns = [
      { key: 'name', label: t('lockers.name'), value: (l) => l.name, show: (l) => html`<a href="#/lockers/${l.id}" aria-current=${l.id === id ? 'true' : null}>${l.name}</a>` },
      { key: 'state', label: t('lockers.state'), value: (l) => say('lockers.state', l.state), show: (l) => html`<${Tag} kind=${kinds[l.state]} group="lockers.state" value=${l.state} />`, choose: true },
      { key: 'seen', label: t('lockers.seen'), kind: 'time', value: (l) => l.seen_ms, show: (l) => age(l.seen_ms) },
      { key: 'version', label: t('lockers.version'), value: (l) => l.version },
      { key: 'ends', label: t('lockers.ends'), kind: 'time', value: (l) => l.certificate_ends_ms, show: (l) => html`<span class="tag ${ends(l)}">${day(l.certificate_ends_ms)}</span>` },
      { key: 'untested', label: t('lockers.untested'), kind: 'number', value: (l) => untested(l).length },
      { key: 'address', label: t('lockers.address'), value: (l) => l.address },
      { key: 'hours', label: t('lockers.hours'), value: (l) => l.hours },
    ];
    return html`<h1>${t('nav.lockers')}</h1>
      <${Notice} error=${error} />
      ${revoked && html`<p class="notice warn" role="status">${t('lockers.revoked', { name: revoked })}</p>`}
      ${chosen && this.renderOne(chosen, untested(chosen))}
      <${Table} id="lockers" caption=${t('lockers.all')} rows=${lockers} columns=${columns} rowKey=${(l) => l.id} sort="name" />`;
  }
}
