// SPDX-License-Identifier: Apache-2.0
// The staff pages: log in, then one page, chosen by the fragment of the address. A page is loaded when it is first shown.
import { render } from './vendor/preact.mjs';
import { html, Component, Form, Field, Notice, Refused, ask, poll, setProveAgain, loadWords, otherLanguage, currentLanguage, setHubTime, clock, hubNow, t, say } from './parts.mjs';

const POLL_MS = 500;
const EXCEPTIONS_MS = 1500;
const ALL = ['pharmacist', 'logistics', 'admin'];

// name: #/name; file and show: where the page comes from; under: not in the menu, it belongs to that page.
const pages = [
  { name: 'today', roles: ['pharmacist'], file: './today.mjs', show: 'TodayPage' },
  { name: 'exceptions', roles: ['pharmacist'], file: './exceptions.mjs', show: 'ExceptionsPage' },
  { name: 'fleet', roles: ALL, file: './fleet.mjs', show: 'FleetPage' },
  { name: 'locker', under: 'fleet', roles: ALL, file: './locker.mjs', show: 'LockerPage' },
  { name: 'orders', roles: ['pharmacist', 'logistics'], file: './orders.mjs', show: 'OrdersPage' },
  { name: 'order', under: 'orders', roles: ['pharmacist', 'logistics'], file: './order.mjs', show: 'OrderPage' },
  { name: 'load', under: 'fleet', roles: ['pharmacist', 'logistics'], file: './load.mjs', show: 'LoadPage' },
  { name: 'tour', under: 'fleet', roles: ['pharmacist', 'logistics'], file: './tour.mjs', show: 'TourPage' },
  { name: 'new', roles: ['pharmacist'], file: './new.mjs', show: 'NewPage' },
  { name: 'tickets', roles: ALL, file: './tickets.mjs', show: 'TicketsPage' },
  { name: 'climate', roles: ALL, file: './climate.mjs', show: 'ClimatePage' },
  { name: 'round', roles: ALL, file: './round.mjs', show: 'RoundPage' },
  { name: 'use', roles: ALL, file: './use.mjs', show: 'UsePage' },
  { name: 'service', roles: ALL, file: './service.mjs', show: 'ServicePage' },
  { name: 'users', roles: ['admin'], file: './users.mjs', show: 'UsersPage' },
  { name: 'policies', roles: ['admin'], file: './policies.mjs', show: 'PoliciesPage' },
  { name: 'lockers', roles: ['admin'], file: './lockers.mjs', show: 'LockersPage' },
  { name: 'audit', roles: ['pharmacist', 'admin'], file: './audit.mjs', show: 'AuditPage' },
  { name: 'me', under: 'me', roles: ALL, file: './me.mjs', show: 'MePage' },
];

// Shows a page when it has come; says so when it does not come.
class Loaded extends Component {
  constructor() {
    super();
    this.state = { name: null, Page: null, error: null };
  }

  componentDidMount() {
    this.load();
  }

  componentDidUpdate() {
    if (this.wanted !== this.props.page.name) this.load();
  }

  async load() {
    const { name, file, show } = this.props.page;
    this.wanted = name;
    try {
      const Page = (await import(file))[show];
      if (this.wanted === name) this.setState({ name, Page, error: null });
    } catch {
      if (this.wanted === name) this.setState({ name, Page: null, error: t('error.unreachable') });
    }
  }

  render({ page, ...rest }, { name, Page, error }) {
    if (name !== page.name) return t('busy');
    if (error) return html`<${Notice} error=${error} /><button onClick=${() => location.reload()}>${t('again')}</button>`;
    return html`<${Page} ...${rest} />`;
  }
}

class App extends Component {
  constructor() {
    super();
    this.state = { me: undefined, board: null, lost: null, where: location.hash };
    this.used = 0;
    setProveAgain(() => this.proveAgain());
  }

  async componentDidMount() {
    addEventListener('hashchange', () => this.setState({ where: location.hash, menu: false }));
    addEventListener('focusin', (e) => e.target.closest('dialog') || (this.focused = e.target));
    for (const event of ['pointerdown', 'keydown']) addEventListener(event, () => this.noteUse());
    setInterval(() => this.forceUpdate(), 1000); // ages grow also when nothing happens
    await this.enter();
  }

  // Somebody is there: keeps the session, at most once a minute. Polling does not.
  noteUse() {
    if (!this.state.me || Date.now() - this.used < 60000) return;
    this.used = Date.now();
    ask('GET', '/api/me').catch((e) => e.status === 401 && this.leave());
  }

  async enter() {
    try {
      const me = await ask('GET', '/api/me');
      this.used = Date.now();
      this.setState({ me });
      this.stop?.();
      if (me.must) return; // an own password or second factor comes first
      this.stop = poll('/api/board', POLL_MS, {
        onNews: (board) => {
          if (board) setHubTime(board.now_ms);
          this.setState((s) => ({ board: board ?? s.board, lost: null, heard: hubNow() }));
        },
        onError: (e) => (e.status === 401 ? this.leave() : this.setState((s) => ({ lost: s.lost ?? e }))),
      });
      this.stopExceptions?.();
      if (me.role === 'pharmacist') this.stopExceptions = poll('/api/exceptions', EXCEPTIONS_MS, { onNews: (news) => news && this.setState({ exceptions: news }), onError: () => {} }); // the board tells what is lost
    } catch {
      this.setState({ me: null });
    }
  }

  leave() {
    this.stop?.();
    this.stopExceptions?.();
    this.setState({ me: null, board: null, exceptions: null });
  }

  // One dialog, however many requests wait for it.
  proveAgain() {
    this.proving ??= import('./again.mjs')
      .then(({ AgainDialog }) => new Promise((resolve, reject) => this.setState({ again: { AgainDialog, resolve, reject } })))
      .finally(() => {
        this.proving = null;
        this.setState({ again: null });
        setTimeout(() => this.focusBack(this.focused), 50);
      });
    return this.proving;
  }

  // Back to the button of the act as soon as it can: while its request is on the way it takes no focus.
  focusBack(to) {
    if (!to?.isConnected || document.activeElement !== document.body) return;
    if (to.disabled) setTimeout(() => this.focusBack(to), 50);
    else to.focus();
  }

  async login({ totp, ...values }) {
    try {
      await ask('POST', '/api/login', totp ? { ...values, totp } : values);
    } catch (e) {
      if (totp && e.status === 401) throw new Refused(401, t('login.code.wrong'));
      this.setState({ code: this.state.code || e.need === 'totp' });
      throw e;
    }
    this.setState({ code: false });
    await this.enter();
  }

  async logout() {
    await ask('POST', '/api/logout').catch(() => {});
    this.leave();
  }

  async changeLanguage() {
    await loadWords(otherLanguage());
    localStorage.setItem('language', currentLanguage());
    this.forceUpdate();
  }

  renderLogin() {
    return html`<main class="login">
      <h1>${t('title')}</h1>
      <${Form} name="login" label=${t('login.enter')} onSubmit=${(v) => this.login(v)}>
        <${Field} label=${t('login.name')} name="name" autocomplete="username" autocapitalize="none" required autofocus />
        <${Field} label=${t('login.password')} name="password" type="password" autocomplete="current-password" required />
        ${this.state.code && html`<${Field} label=${t('login.code')} hint=${t('login.code.hint')} name="totp" autocomplete="one-time-code" maxlength="24" />`}
      <//>
      <button class="plain" onClick=${() => this.changeLanguage()}>${t('language.other')}</button>
    </main>`;
  }

  renderHeader(current) {
    const { me, board, lost, exceptions, menu = false } = this.state;
    const counts = { tickets: board?.faults.filter((f) => !f.closed_ms).length ?? 0, exceptions: exceptions?.exceptions.length ?? 0 };
    const links = pages.filter((p) => !p.under && !me.must && p.roles.includes(me.role));
    const waiting = links.reduce((n, p) => n + (counts[p.name] ?? 0), 0);
    return html`<header>
        <strong>${me.pharmacy}</strong>
        <button class="menu" aria-expanded=${String(menu)} aria-controls="menu" onClick=${() => this.setState({ menu: !menu })}>
          ${t('menu')}${waiting > 0 && html` <span class="count">${waiting}</span>`}
        </button>
        <div id="menu" class=${menu ? 'open' : null}>
          <div class="own">
            <a class="me" href="#/me" title=${t('nav.me')} aria-current=${current === 'me' ? 'page' : null}>${me.full_name} (${say('role', me.role)})</a>
            <button class="plain" onClick=${() => this.changeLanguage()}>${t('language.other')}</button>
            <button class="plain" onClick=${() => this.logout()}>${t('logout')}</button>
          </div>
          <nav aria-label=${t('title')}>
            ${links.map(
              (p) =>
                html`<a href="#/${p.name}" aria-current=${p.name === current ? 'page' : null}
                  >${t(`nav.${p.name}`)}${counts[p.name] > 0 && html` <span class="count">${counts[p.name]}</span>`}</a
                >`,
            )}
          </nav>
        </div>
      </header>
      ${lost && html`<p class="banner bad" role="alert">${t('lost', { time: clock(this.state.heard) })}</p>`}
      ${board && !board.broker.up && html`<p class="banner warn" role="status">${t('broker.down')}</p>`}`;
  }

  render(_, { me, board, where, lost, again, exceptions }) {
    if (me === undefined) return html`<main></main>`;
    if (me === null) return this.renderLogin();
    const [, name, id] = where.split('?')[0].split('/');
    const wanted = me.must ? 'me' : name;
    const page = pages.find((p) => p.name === wanted && p.roles.includes(me.role)) ?? pages.find((p) => p.roles.includes(me.role));
    return html`${this.renderHeader(page.under ?? page.name)}
      <main>${board || me.must ? html`<${Loaded} page=${page} me=${me} board=${board} exceptions=${exceptions} id=${id} lost=${lost} onMe=${() => this.enter()} />` : t('busy')}</main>
      ${again && html`<${again.AgainDialog} factor=${me.factor} onProven=${again.resolve} onCancel=${() => again.reject(new Refused(0, t('again.stopped')))} />`}`;
  }
}

const kept = localStorage.getItem('language');
await loadWords(kept === 'en' || kept === 'nl' ? kept : navigator.language.startsWith('nl') ? 'nl' : 'en');
render(html`<${App} />`, document.getElementById('app'));
