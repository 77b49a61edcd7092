// SPDX-License-Identifier: Apache-2.0
// Orders: the list, one order with its history and acts, and the three ways to enter new ones.
import { html, Component, t, say, ask, poll, exact, moment, Form, Field, Choice, Act, Notice, OrderState, Progress, Undo } from './parts.mjs';
import { Table } from './table.mjs';
import { ContactSection, ToldTag } from './contact.mjs';
import { BagSections } from './bag.mjs';

const POLL_MS = 1000;
const NEWEST = 200; // orders of one list; older ones are found by searching
const OPEN = 'registered,packed,in_transit,ready,unconfirmed,withdrawing,withdrawn,expired,recalled,returned';

// Of slips and screens, each in its own words.
const LANGUAGES = [['nl', 'Nederlands'], ['en', 'English'], ['tr', 'Türkçe'], ['ar', 'العربية'], ['pl', 'Polski'], ['uk', 'Українська']];

// ---------------------------------------------------------------- the list
export class OrdersPage extends Component {
  constructor() {
    super();
    this.state = { orders: null, filter: OPEN, search: '', error: null };
  }

  componentDidMount() {
    this.watch();
  }

  componentWillUnmount() {
    this.stop?.();
  }

  watch() {
    const { filter, search } = this.state;
    const query = new URLSearchParams({ state: filter, limit: String(NEWEST) });
    if (search) query.set('search', search);
    this.stop?.();
    this.stop = poll(`/api/orders?${query}`, POLL_MS, {
      onNews: (news) => news && this.setState({ orders: news.orders, error: null }),
      onError: (error) => this.setState({ error }),
    });
  }

  choose(change) {
    this.setState(change, () => this.watch());
  }

  render({ me }, { orders, filter, search, error }) {
    return html`<h1>${t('nav.orders')}</h1>
      <div class="tools">
        <${Choice} label=${t('orders.show')} value=${filter} options=${[[OPEN, t('orders.open')], ['', t('orders.all')], ['ready', say('state', 'ready')], ['collected', say('state', 'collected')]]}
          name="filter" onChoose=${(value) => this.choose({ filter: value })} />
        ${me.knows_patients && html`<label class="field"><span>${t('orders.search')}</span><input type="search" value=${search} maxlength="80" onInput=${(e) => this.choose({ search: e.target.value })} /></label>`}
        ${me.knows_patients && html`<a class="button primary" href="#/new">${t('nav.new')}</a>`}
      </div>
      <${Notice} error=${error} />
      ${orders?.length === NEWEST && html`<p>${t('orders.newest', { n: NEWEST })}</p>`}
      ${orders === null ? t('busy') : html`<${OrderTable} orders=${orders} me=${me} />`}`;
  }
}

const place = (o) => (o.locker ? `${o.locker.name}${o.door ? `, ${o.door}` : ''}` : null);

const OrderTable = ({ orders, me }) => {
  const columns = [
    { key: 'number', label: t('order.number'), value: (o) => o.number, show: (o) => html`<a href="#/order/${o.id}">${o.number}</a>` },
    { key: 'state', label: t('order.state'), value: (o) => say('state', o.state), show: (o) => html`<${OrderState} order=${o} />`, choose: true },
    ...(me.knows_patients
      ? [
          { key: 'patient', label: t('order.patient'), value: (o) => o.patient },
          { key: 'told', label: t('order.told'), kind: 'time', value: (o) => o.told_ms },
        ]
      : []),
    { key: 'place', label: t('order.place'), value: place, choose: false },
    { key: 'until', label: t('order.until'), kind: 'time', value: (o) => (o.not_after_s ? o.not_after_s * 1000 : null) },
    { key: 'changed', label: t('order.changed'), kind: 'time', value: (o) => o.changed_ms },
  ];
  return html`<${Table} id="orders" caption=${t('nav.orders')} rows=${orders} columns=${columns} rowKey=${(o) => o.id}
    rowProps=${(o) => ({ 'data-order': o.id, 'data-state': o.state })} empty=${t('orders.none')} />`;
};

// ---------------------------------------------------------------- one order
const STEPS = {
  pharmacist: ['depart', 'arrive_back', 'withdraw', 'take_back', 'counter', 'restock', 'destroy', 'cancel'],
  logistics: ['depart', 'arrive_back', 'take_back'],
};

// The only steps that another step takes back as if nothing had happened; the machine of orders knows no more.
const INVERSE = { depart: 'arrive_back', arrive_back: 'depart' };
// Where a bag can be asked back to be packed anew.
const REPLACEABLE = ['packed', 'in_transit', 'ready', 'unconfirmed'];

export class OrderPage extends Component {
  constructor() {
    super();
    this.state = { order: null, error: null, undo: null };
  }

  componentDidMount() {
    this.load();
  }

  // Reloads when the page shows another order, and when the board says that this one moved on.
  componentDidUpdate(before) {
    if (before.id !== this.props.id || before.board.revision !== this.props.board.revision) this.look();
  }

  // The list is asked, not the order itself: looking at a patient's order is written down, watching it is not.
  async look() {
    const { order } = this.state;
    if (!order || order.id !== this.props.id) return this.load();
    try {
      const { orders } = await ask('GET', `/api/orders?below=${order.number + 1}&limit=1`);
      if (orders[0] && orders[0].id === order.id && orders[0].changed_ms !== order.changed_ms && !this.loading) await this.load(); // each look is written down: not twice
    } catch (error) {
      this.setState({ error });
    }
  }

  // One after the other, so that the last answer is the newest.
  load() {
    const mine = (this.loading ?? Promise.resolve()).then(() => this.fetch());
    this.loading = mine;
    return mine.finally(() => {
      if (this.loading === mine) this.loading = null;
    });
  }

  async fetch() {
    try {
      this.setState({ order: await ask('GET', `/api/orders/${this.props.id}`), error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  async step(event, comment) {
    await ask('POST', `/api/orders/${this.props.id}/step`, { event, ...(comment ? { comment } : {}) });
    this.setState({ undo: INVERSE[event] ? { event, at: Date.now() } : null });
    await this.load();
  }

  async pack(values) {
    const body = { ...(values.locker ? { locker: values.locker } : {}), size: values.size, low_door: values.low_door === 'on', ...(values.alone === 'on' ? { alone: true } : {}), strip: values.strip === 'on' };
    await ask('POST', `/api/orders/${this.props.id}/pack`, body);
    await this.load();
  }

  renderPack(o, board, me) {
    const lockers = board.lockers.filter((l) => l.state === 'active').map((l) => [l.id, l.name]);
    return html`<section class="card">
      <h2>${t('pack')}</h2>
      <${Form} name="pack" label=${t('pack.do')} onSubmit=${(v) => this.pack(v)}>
        <${Choice} label=${t('pack.locker')} name="locker" options=${[['', t('pack.any')], ...lockers]} value="" />
        <${Choice} label=${t('pack.size')} name="size" options=${['S', 'M', 'L'].map((s) => [s, say('size', s)])} value=${o.size} />
        <label class="field tick"><input type="checkbox" name="low_door" defaultChecked=${o.low_door} /> <span>${t('pack.low')}</span></label>
        <label class="field tick"><input type="checkbox" name="alone" /> <span>${t('pack.alone')}</span></label>
        <label class="field tick"><input type="checkbox" name="strip" defaultChecked=${me.strip} /> <span>${t('pack.strip')}</span></label>
      <//>
    </section>`;
  }

  renderActs(o, me, board) {
    const allowed = (STEPS[me.role] ?? []).filter((s) => o.may.includes(s));
    const canPrint = me.knows_patients && ['packed', 'in_transit', 'ready', 'unconfirmed'].includes(o.state);
    return html`${canPrint &&
      html`<p class="tools">
        <a class="button" href="/api/orders/${o.id}/label" target="_blank">${t('print.label')}</a>
        ${['packed', 'in_transit'].includes(o.state) && html`<a class="button" href="/api/orders/${o.id}/slip" target="_blank">${t('print.slip')}</a>`}
      </p>`}
      ${me.knows_patients && html`<p class="tools"><a href="/api/orders/${o.id}/trail?language=${o.language === 'nl' ? 'nl' : 'en'}" target="_blank">${t('order.trail')}</a></p>`}
      ${me.knows_patients && o.may.includes('pack') && this.renderPack(o, board, me)}
      <p class="tools">
        ${allowed.map(
          (s) =>
            html`<${Act} key=${s} label=${say('step', s)} danger=${['withdraw', 'destroy', 'cancel'].includes(s)} question=${t(`ask.${s}`)}
              onAct=${({ comment }) => this.step(s, comment)} />`,
        )}
        ${allowed.includes('withdraw') &&
        REPLACEABLE.includes(o.state) &&
        html`<${Act} label=${t('order.replace')} question=${t('order.replace.ask')} needsComment onAct=${({ comment }) => this.step('withdraw', `replace: ${comment}`)} />`}
      </p>`;
  }

  // What happens next, and where the work for it is done.
  renderNext(o, me) {
    const words = t(`order.next.${o.state}`);
    if (words === `order.next.${o.state}`) return null;
    const where = { withdrawn: 'tour', expired: 'tour', withdrawing: 'tour', packed: 'load', in_transit: 'load' }[o.state];
    return html`<p class="notice next">${words} ${where && o.locker && me.role !== 'admin' && html`<a href="#/${where}/${o.locker.id}">${t(`order.go.${where}`)}</a>`}</p>`;
  }

  render({ me, board }, { order: o, error }) {
    if (!o) return html`<h1>${t('order')}</h1><${Notice} error=${error} />`;
    const { undo } = this.state;
    return html`<h1>${t('order')} ${o.number} <${OrderState} order=${o} /> <${ToldTag} order=${o} /></h1>
      <${Notice} error=${error} text=${o.pending ? t('order.pending.why') : null} />
      ${undo && html`<${Undo} key=${undo.at} text=${t('order.done', { step: say('step', undo.event) })} onUndo=${() => this.step(INVERSE[undo.event])} onGone=${() => this.setState({ undo: null })} />`}
      ${this.renderNext(o, me)} ${this.renderActs(o, me, board)}
      <${BagSections} order=${o} board=${board} me=${me} reload=${() => this.load()} />
      <div class="beside">
        <${Facts} o=${o} me=${me} />
        ${o.contacts && html`<${ContactSection} order=${o} onKept=${() => this.load()} />`}
        <${History} o=${o} />
      </div>`;
  }
}

const inBrackets = (what, who) => (who ? `${what} (${who})` : what);

const Facts = ({ o, me }) => {
  const rows = [
    ...(me.knows_patients ? ['patient', 'birth_date', 'medicine', 'quantity', 'reference', 'destination'].map((k) => [k, o[k]]) : []),
    ['class', say('class', o.class)],
    ['size', `${say('size', o.size)}${o.size_given ? '' : ` (${t('order.proposed')})`}`],
    ['zone', say('zone', o.zone)],
    ['place', place(o)],
    ['language', LANGUAGES.find(([code]) => code === o.language)?.[1] ?? o.language],
    ['from', o.not_before_s ? exact(o.not_before_s * 1000) : null],
    ['until', o.not_after_s ? exact(o.not_after_s * 1000) : null],
    ['created', exact(o.created_ms)],
    ['packed', o.packed_ms && exact(o.packed_ms)],
    ['ready', o.ready_ms && exact(o.ready_ms)],
    ['proof', o.proof && inBrackets(say('actor', o.proof.actor), o.proof.strip ? t('carer.strip') : o.proof.carer_name ?? o.proof.staff)],
    ['opened', o.proof?.opened_ms && exact(o.proof.opened_ms)],
    ['closed', o.proof?.closed_ms && exact(o.proof.closed_ms)],
  ];
  return html`<section class="card">
    <h2>${t('order.facts')}</h2>
    <dl>${rows.filter(([, v]) => v).map(([k, v]) => html`<dt>${t(`order.${k}`)}</dt><dd>${v}</dd>`)}</dl>
    ${me.knows_patients && html`<p><a href="/fhir/MedicationDispense/${o.id}" target="_blank">${t('order.evidence')}</a></p>`}
  </section>`;
};

// "telephone, told" in words.
const inWords = (detail) => {
  const [how, outcome] = detail.split(', ');
  return `${say('contact.how', how)}, ${say('contact.outcome', outcome)}`;
};

// What doors and people did, in one line of time.
const History = ({ o }) => {
  const rows = [
    ...o.events.map((e) => ({ at: e.told_ms ?? e.received_ms, what: say('event', e.type), who: t('order.by_locker') })),
    ...o.acts.map((a) => ({ at: a.at_ms, what: say('action', a.action), who: a.actor, detail: a.action === 'order.contact' && a.detail ? inWords(a.detail) : a.detail })),
  ].sort((a, b) => a.at - b.at);
  return html`<section class="card">
    <h2>${t('order.history')}</h2>
    <ol class="history" tabindex="0" aria-label=${t('order.history')}>${rows.map((r) => html`<li><time>${exact(r.at)}</time> ${r.what} <span class="who">${r.who}${r.detail ? `: ${r.detail}` : ''}</span></li>`)}</ol>
  </section>`;
};

// ---------------------------------------------------------------- new ones
export class NewPage extends Component {
  constructor() {
    super();
    this.state = { done: null, reading: 0, others: [] };
  }

  // Other pharmacies that share the lockers: mostly there are none, and then nothing is asked.
  componentDidMount() {
    ask('GET', '/api/pharmacies').then(({ pharmacies }) => this.setState({ others: pharmacies }), () => {});
  }

  async one(values, form) {
    const body = Object.fromEntries(Object.entries(values).filter(([, v]) => v !== ''));
    if ('low_door' in body) body.low_door = true;
    const order = await ask('POST', '/api/orders', body);
    form.reset();
    location.hash = `#/order/${order.id}`;
  }

  // From the chosen file, or from what was pasted.
  async text(values) {
    return values.file?.size ? values.file.text() : values.text;
  }

  async bundle(values, form) {
    const dispense = await ask('POST', '/fhir/Bundle', await this.text(values), 'application/fhir+json');
    form.reset();
    location.hash = `#/order/${dispense.id}`;
  }

  async csv(values, form) {
    const text = await this.text(values);
    this.setState({ done: null, reading: text.trim().split('\n').length - 1 });
    try {
      const { created, orders } = await ask('POST', '/api/orders/csv', text, 'text/csv');
      form.reset();
      this.setState({ done: t('new.csv.done', { created, all: orders.length }) });
    } finally {
      this.setState({ reading: 0 });
    }
  }

  render({ me }, { done, reading, others }) {
    return html`<h1>${t('nav.new')}</h1>
      <div class="beside">
        <section class="card">
          <h2>${t('new.form')}</h2>
          <${Form} name="order" label=${t('new.save')} onSubmit=${(v, f) => this.one(v, f)}>
            <${Field} label=${t('order.patient')} name="patient" required maxlength="160" />
            <${Field} label=${t('order.birth_date')} name="birth_date" type="date" />
            <${Field} label=${t('order.reference')} name="reference" maxlength="160" />
            <${Field} label=${t('order.medicine')} name="medicine" maxlength="240" hint=${t('new.medicine.hint')} />
            <${Field} label=${t('order.quantity')} name="quantity" maxlength="80" />
            <${Field} label=${t('order.destination')} name="destination" maxlength="160" />
            <${Choice} label=${t('order.class')} name="class" value="ordinary" options=${['ordinary', 'sensitive', 'controlled'].map((c) => [c, say('class', c)])} />
            <${Choice} label=${t('order.size')} name="size" value="" options=${[['', t('new.size.auto')], ...['S', 'M', 'L'].map((s) => [s, say('size', s)])]} />
            <${Choice} label=${t('order.zone')} name="zone" value="room" options=${['room', 'cold'].map((z) => [z, say('zone', z)])} />
            <${Choice} label=${t('order.language')} name="language" value="nl" options=${LANGUAGES} />
            ${others.length > 0 && html`<${Choice} label=${t('order.pharmacy')} name="pharmacy" value="" options=${[['', me.pharmacy], ...others.map((p) => [p.ura, p.name])]} />`}
            <label class="field tick"><input type="checkbox" name="low_door" /> <span>${t('pack.low')}</span></label>
          <//>
        </section>
        <section class="card">
          <h2>${t('new.bundle')}</h2>
          <${Form} name="bundle" label=${t('new.send')} onSubmit=${(v, f) => this.bundle(v, f)}>
            <${Field} label=${t('new.file')} name="file" type="file" accept=".json,application/json,application/fhir+json" />
            <label class="field"><span>${t('new.paste')}</span><textarea name="text" rows="6" spellcheck=${false}></textarea></label>
          <//>
          <h2>${t('new.csv')}</h2>
          <${Form} name="csv" label=${t('new.send')} onSubmit=${(v, f) => this.csv(v, f)}>
            <${Field} label=${t('new.file')} name="file" type="file" accept=".csv,text/csv" />
            <label class="field"><span>${t('new.paste')}</span><textarea name="text" rows="6" spellcheck=${false}></textarea></label>
          <//>
          ${reading > 0 && html`<${Progress} label=${t('new.csv.reading', { n: reading })} />`}
          <${Notice} text=${done} />
          ${done && html`<p><a class="button primary" href="#/today">${t('new.csv.pack')}</a></p>`}
        </section>
      </div>`;
  }
}
