// SPDX-License-Identifier: Apache-2.0
// One order: what happens next, what can be done, its facts and its history.
import { html, Component, t, say, ask, day, exact, orderPlace, LANGUAGES, Form, Choice, Act, Notice, OrderState, Undo, detailWords } from './parts.mjs';
import { ContactSection, ToldTag } from './contact.mjs';
import { BagSections } from './bag.mjs';

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
    ...(me.knows_patients ? ['patient', 'birth_date', 'medicine', 'quantity', 'reference', 'destination'].map((k) => [k, k === 'birth_date' ? day(o[k]) : o[k]]) : []),
    ['class', say('class', o.class)],
    ['size', `${say('size', o.size)}${o.size_given ? '' : ` (${t('order.proposed')})`}`],
    ['zone', say('zone', o.zone)],
    ['place', orderPlace(o)],
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

// What doors and people did, in one line of time.
const History = ({ o }) => {
  const rows = [
    ...o.events.map((e) => ({ at: e.told_ms ?? e.received_ms, what: say('event', e.type), who: t('order.by_locker') })),
    ...o.acts.map((a) => ({ at: a.at_ms, what: say('action', a.action), who: a.actor, detail: detailWords(a) })),
  ].sort((a, b) => a.at - b.at);
  return html`<section class="card">
    <h2>${t('order.history')}</h2>
    ${o.history_cut && html`<p class="notice warn">${t('cut')}</p>`}
    <ol class="history" tabindex="0" aria-label=${t('order.history')}>${rows.map((r) => html`<li><time>${exact(r.at)}</time> ${r.what} <span class="who">${r.who}${r.detail ? `: ${r.detail}` : ''}</span></li>`)}</ol>
  </section>`;
};
