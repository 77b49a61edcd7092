// SPDX-License-Identifier: Apache-2.0
// Badges, labels for doors.
import { html, Component, t, ask, moment, lockerName, Act, Form, Field, Choice, Notice } from './parts.mjs';
import { Table } from './table.mjs';

// ---------------------------------------------------------------- badges, labels, audit
export class ServicePage extends Component {
  constructor() {
    super();
    this.state = { users: [], badges: [], made: null, chosen: null, error: null };
  }

  componentDidMount() {
    if (this.props.me.role !== 'logistics') this.load();
  }

  async load() {
    try {
      const [{ users }, { badges }] = await Promise.all([ask('GET', '/api/users'), ask('GET', '/api/badges')]);
      this.setState({ users, badges, error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  async badge(values, form) {
    const { user, locker, pin, days, password } = values;
    const made = await ask('POST', '/api/badges', { user, locker, pin, days: Number(days), ...(password && { password }) });
    form.reset();
    this.setState({ made });
    await this.load();
  }

  async revoke(badge) {
    await ask('POST', `/api/badges/${badge}/revoke`);
    await this.load();
  }

  renderBadges(board, me, { users, badges, made, chosen }) {
    const staff = users.filter((u) => !u.disabled && u.role !== 'admin');
    const user = chosen ?? (staff.some((u) => u.name === me.name) ? me.name : staff[0]?.name);
    const person = (id) => users.find((u) => u.staff === id)?.full_name ?? id;
    const columns = [
      { key: 'user', label: t('badges.user'), value: (b) => person(b.staff) },
      { key: 'locker', label: t('badges.locker'), value: (b) => lockerName(board, b.locker), choose: true },
      { key: 'until', label: t('badges.until'), kind: 'time', value: (b) => b.not_after_s * 1000 },
      {
        key: 'revoked', label: t('badges.state'), kind: 'time', value: (b) => b.revoked_ms,
        show: (b) => (b.revoked_ms ? t('badges.revoked', { time: moment(b.revoked_ms) }) : html`<${Act} danger label=${t('badges.revoke')} onAct=${() => this.revoke(b.badge)} />`),
      },
    ];
    return html`<section class="card">
      <h2>${t('badges')}</h2>
      <${Form} name="badge" label=${t('badges.make')} onSubmit=${(v, f) => this.badge(v, f)}>
        <${Choice} label=${t('badges.user')} name="user" options=${staff.map((u) => [u.name, u.full_name])} value=${user} onChoose=${(name) => this.setState({ chosen: name })} />
        ${user && user !== me.name && html`<${Field} label=${t('badges.colleague')} hint=${t('badges.colleague.hint')} name="password" type="password" autocomplete="off" required />`}
        <${Choice} label=${t('badges.locker')} name="locker" options=${board.lockers.map((l) => [l.id, l.name])} value="" />
        <${Field} label=${t('badges.pin')} name="pin" type="password" inputmode="numeric" pattern="[0-9]{4,8}" autocomplete="off" required hint=${t('badges.pin.hint')} />
        <${Field} label=${t('badges.days')} name="days" type="number" min="1" max="365" value="90" required />
      <//>
      ${made && html`<p class="notice good"><a href=${made.page} target="_blank" onClick=${() => this.setState({ made: null })}>${t('badges.print')}</a></p>`}
      <${Table} id="badges" caption=${t('badges.all')} rows=${badges} columns=${columns} rowKey=${(b) => b.badge} />
    </section>`;
  }

  render({ board, me }, state) {
    return html`<h1>${t('nav.service')}</h1>
      <${Notice} error=${state.error} />
      <section class="card">
        <h2>${t('doorlabels')}</h2>
        <ul>${board.lockers.map((l) => html`<li><a href="/api/lockers/${l.id}/door-labels" target="_blank">${l.name}</a></li>`)}</ul>
        <p><a href="/api/key-card" target="_blank">${t('service.key_card')}</a></p>
      </section>
      ${me.role !== 'logistics' && this.renderBadges(board, me, state)}`;
  }
}
