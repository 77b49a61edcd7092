// SPDX-License-Identifier: Apache-2.0
// Users, for administrators: who may do what, and a new password for who forgot.
import { html, Component, t, say, ask, moment, Act, Form, Field, Choice, Notice, Tag } from './parts.mjs';
import { Table } from './table.mjs';

const ROLES = ['pharmacist', 'logistics', 'admin'];
const state = (u) => (u.disabled ? 'disabled' : u.locked ? 'locked' : u.must_change ? 'new' : 'active');
const kinds = { active: 'good', disabled: '', locked: 'warn', new: 'busy' };

// Seen once: it is nowhere to be read again.
export const OneTime = ({ made }) => html`<div class="notice good" role="status">
  <p>${t('users.made', { name: made.name })}</p>
  <p><code class="secret">${made.password}</code></p>
  <p>${t('users.made.hint')}</p>
</div>`;

export class UsersPage extends Component {
  constructor() {
    super();
    this.state = { users: [], made: null, error: null };
  }

  componentDidMount() {
    this.load();
  }

  async load() {
    try {
      this.setState({ users: (await ask('GET', '/api/users')).users, error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  async add({ name, full_name, role }, form) {
    const made = await ask('POST', '/api/users', { name, full_name, role });
    form.reset();
    this.setState({ made });
    await this.load();
  }

  async act(name, step, body = {}) {
    const answer = await ask('POST', `/api/users/${name}/${step}`, body);
    this.setState({ made: answer.password ? answer : null });
    await this.load();
  }

  renderUser(u) {
    return html`<section class="card" data-user=${u.name}>
      <h2>${u.full_name} <small>${u.name}</small></h2>
      <p><${Tag} kind=${kinds[state(u)]} group="users.state" value=${state(u)} /> ${t(`users.does.${u.role}`)}</p>
      <p class="tools">
        ${u.name === this.props.me.name
          ? html`<a class="button" href="#/me">${t('nav.me')}</a>`
          : html`<${Act} label=${t('users.reset')} onAct=${() => this.act(u.name, 'reset')} />`}
        ${u.locked && html`<${Act} label=${t('users.unlock')} onAct=${() => this.act(u.name, 'unlock')} />`}
        ${u.factor && html`<${Act} label=${t('users.forget')} onAct=${() => this.act(u.name, 'forget-factor')} />`}
        ${u.disabled
          ? html`<${Act} label=${t('users.enable')} onAct=${() => this.act(u.name, 'enable')} />`
          : html`<${Act} danger label=${t('users.disable')} onAct=${() => this.act(u.name, 'disable')} />`}
      </p>
      <${Form} key=${u.name + u.role} name="role" label=${t('users.role.set')} onSubmit=${({ role }) => this.act(u.name, 'role', { role })}>
        <${Choice} label=${t('users.role')} name="role" options=${ROLES.map((r) => [r, say('role', r)])} value=${u.role} />
      <//>
    </section>`;
  }

  render({ id }, { users, made, error }) {
    const chosen = users.find((u) => u.name === id);
    const columns = [
      { key: 'name', label: t('users.name'), value: (u) => u.name, show: (u) => html`<a href="#/users/${u.name}" aria-current=${u.name === id ? 'true' : null}>${u.name}</a>` },
      { key: 'full_name', label: t('users.full_name'), value: (u) => u.full_name },
      { key: 'role', label: t('users.role'), value: (u) => say('role', u.role), choose: true },
      { key: 'state', label: t('users.state'), value: (u) => say('users.state', state(u)), show: (u) => html`<${Tag} kind=${kinds[state(u)]} group="users.state" value=${state(u)} />`, choose: true },
      { key: 'factor', label: t('users.factor'), value: (u) => t(u.factor ? 'yes' : 'no'), choose: true },
      { key: 'created', label: t('users.created'), kind: 'time', value: (u) => u.created_ms, show: (u) => moment(u.created_ms) },
    ];
    return html`<h1>${t('nav.users')}</h1>
      <${Notice} error=${error} />
      ${made && html`<${OneTime} made=${made} />`}
      ${chosen && this.renderUser(chosen)}
      <${Table} id="users" caption=${t('users.all')} rows=${users} columns=${columns} rowKey=${(u) => u.name} sort="name" />
      <section class="card">
        <h2>${t('users.add')}</h2>
        <${Form} name="user" label=${t('users.add')} onSubmit=${(v, f) => this.add(v, f)}>
          <${Field} label=${t('users.name')} name="name" hint=${t('users.name.hint')} pattern="[a-z][a-z0-9._\\-]*" maxlength="32" autocapitalize="none" autocomplete="off" required />
          <${Field} label=${t('users.full_name')} name="full_name" maxlength="80" autocomplete="off" required />
          <${Choice} label=${t('users.role')} name="role" options=${ROLES.map((r) => [r, say('role', r)])} value="logistics" />
        <//>
      </section>`;
  }
}
