// SPDX-License-Identifier: Apache-2.0
// What an order's page has about who may collect, by what, and with what help: bags of one person, carers, a new code, opening at a
// distance. Nothing is shown as done before the locker has confirmed it.
import { html, Component, t, many, say, ask, exact, LANGUAGES, Form, Field, Choice, Act, Notice, Tag } from './parts.mjs';

const KINDS = { valid: 'good', revoking: 'warn', revoked: 'done', expired: 'done', replaced: 'done', used: 'done', pending: 'warn', done: 'good', refused: 'bad', asked: 'busy', opening: 'busy', opened: 'good', lapsed: 'warn' };
const OPEN_POLL_MS = 1000;
const IN_LOCKER = ['ready', 'unconfirmed'];
const COLLECTABLE = ['packed', 'in_transit', 'ready', 'unconfirmed'];

// Reads `where` when it is first shown, when the order or the board moved on, and after an act.
class Watched extends Component {
  constructor() {
    super();
    this.state = { news: null, error: null };
  }

  componentDidMount() {
    this.load();
  }

  componentDidUpdate(before) {
    if (before.order.id !== this.props.order.id || before.board?.revision !== this.props.board?.revision) this.load();
  }

  componentWillUnmount() {
    this.gone = true;
    clearTimeout(this.timer);
  }

  async load() {
    try {
      const news = await ask('GET', `/api/orders/${this.props.order.id}/${this.what}`);
      if (!this.gone) this.setState({ news, error: null });
    } catch (error) {
      if (!this.gone) this.setState({ error });
    }
  }
}

// ---------------------------------------------------------------- bags of one person
export const OpenTogether = ({ order }) =>
  order.with?.length > 0 &&
  html`<section class="card" id="together">
    <h2>${t('bag.together')}</h2>
    <p>${t('bag.together.why')}</p>
    <ul>${order.with.map((o) => html`<li key=${o.id}><a href="#/order/${o.id}">${o.number}</a>: ${say('state', o.state)}${o.door ? `, ${o.door}` : ''}</li>`)}</ul>
  </section>`;

// ---------------------------------------------------------------- carers
const dayAsSeconds = (day) => Math.floor(new Date(`${day}T23:59:59`).getTime() / 1000);

export class Carers extends Watched {
  constructor() {
    super();
    this.what = 'carers';
  }

  async grant(values, form) {
    const body = { name: values.name, kind: values.kind, with_code: values.with_code === 'on' };
    if (values.until && values.kind === 'standing') body.not_after_s = dayAsSeconds(values.until);
    const made = await ask('POST', `/api/orders/${this.props.order.id}/carers`, body);
    form.reset();
    this.setState({ made: { ...made, name: values.name, with_code: body.with_code } });
    await this.load();
  }

  async revoke(id) {
    await ask('POST', `/api/carers/${id}/revoke`, {});
    this.setState({ made: null });
    await this.load();
  }

  get language() {
    return this.state.language ?? this.props.order.language;
  }

  inLanguage(card) {
    return `${card}&language=${this.language}`;
  }

  renderPlace(carer, p) {
    const state = carer.state === 'valid' ? (carer.kind === 'strip' ? t('carer.strip.only') : p.code === 'none' ? t('carer.card.only') : say('carer.code', p.code)) : say('carer.revoke', p.revoke);
    return html`<li key=${p.locker}>
      ${p.name}: ${state}
      ${carer.state === 'valid' && p.card && html` <a class="button" href=${this.inLanguage(p.card)} target="_blank">${t('carer.print')}<span class="hidden"> ${carer.name}, ${p.name}</span></a>`}
    </li>`;
  }

  renderCarer(c) {
    return html`<li key=${c.id} data-carer=${c.id} data-state=${c.state}>
      <strong>${c.name ?? t('carer.strip')}</strong> <${Tag} kind=${KINDS[c.state]} value=${c.state} group="carer.state" /><br />
      ${say('carer.kind', c.kind)}, ${t('carer.until', { when: exact(c.not_after_s * 1000) })}
      ${c.state === 'revoking' && html`<p class="notice bad">${t('carer.revoking.why')}</p>`}
      <ul>${c.places.map((p) => this.renderPlace(c, p))}</ul>
      ${c.state === 'valid' && html`<${Act} label=${t('carer.revoke')} danger onAct=${() => this.revoke(c.id)} />`}
    </li>`;
  }

  render({ order }, { news, error, made }) {
    return html`<section class="card" id="carers">
      <h2>${t('carer')}</h2>
      <${Notice} error=${error} />
      ${made &&
      html`<p class="notice" role="status">
        ${t(made.with_code ? 'carer.made.code' : 'carer.made', { name: made.name })}
        <a class="button primary" href=${this.inLanguage(made.card)} target="_blank">${t('carer.print')}</a>
      </p>`}
      ${news && news.carers.length === 0 && html`<p>${t('carer.none')}</p>`}
      ${(made || news?.carers.some((c) => c.state === 'valid' && c.places.some((p) => p.card))) &&
      html`<${Choice} label=${t('carer.language')} name="card_language" value=${this.language} options=${LANGUAGES} onChoose=${(language) => this.setState({ language })} />`}
      <ul class="plain-list">${news?.carers.map((c) => this.renderCarer(c))}</ul>
      ${COLLECTABLE.includes(order.state) &&
      html`<details>
        <summary>${t('carer.new')}</summary>
        <${Form} name="carer" label=${t('carer.give')} onSubmit=${(v, f) => this.grant(v, f)}>
          <${Field} label=${t('carer.name')} name="name" required maxlength="80" autocomplete="off" />
          <${Choice} label=${t('carer.what')} name="kind" value="once" options=${['once', 'standing'].map((k) => [k, say('carer.kind', k)])} />
          <${Field} label=${t('carer.end')} name="until" type="date" hint=${t('carer.end.hint')} />
          <label class="field tick"><input type="checkbox" name="with_code" /> <span>${t('carer.with_code')}</span></label>
        <//>
      </details>`}
    </section>`;
  }
}

// ---------------------------------------------------------------- a new code
export class Recode extends Watched {
  constructor() {
    super();
    this.what = 'recode';
  }

  async recode(reason) {
    await ask('POST', `/api/orders/${this.props.order.id}/recode`, { reason });
    await this.load();
    await this.props.reload?.();
  }

  render({ order }, { news, error }) {
    const may = ['packed', 'ready'].includes(order.state);
    if (!news || (!may && news.recodes.length === 0)) return error && html`<${Notice} error=${error} />`;
    const pending = news.recodes.some((r) => r.state === 'pending');
    return html`<section class="card" id="recode">
      <h2>${t('recode')}</h2>
      <${Notice} error=${error} />
      ${pending && html`<p class="notice bad" role="status">${t('recode.pending.why')}</p>`}
      ${order.state === 'ready' && !pending && news.slip && html`<p class="notice" role="status">${t('recode.done.why')} <a class="button primary" href=${news.slip} target="_blank">${t('print.slip')}</a></p>`}
      <ul>
        ${news.recodes.map(
          (r) =>
            html`<li key=${r.at_ms} data-recode=${r.state}>
              ${exact(r.at_ms)}: <${Tag} kind=${KINDS[r.state]} value=${r.state} group="recode.state" /> ${r.cause ? say('recode.cause', r.cause) : ''}
              <span class="who">${r.by}: ${r.reason}</span>
            </li>`,
        )}
      </ul>
      ${may && !pending && news.left > 0 && html`<${Act} label=${t('recode.do')} question=${t(`recode.ask.${order.state}`)} needsComment onAct=${({ comment }) => this.recode(comment)} />`}
      ${may && html`<p class="who">${many('recode.left', news.left)}</p>`}
    </section>`;
  }
}

// ---------------------------------------------------------------- opening at a distance
export class RemoteOpen extends Watched {
  constructor() {
    super();
    this.what = 'open';
  }

  // While somebody stands there, the page follows each step.
  async load() {
    await super.load();
    clearTimeout(this.timer);
    if (!this.gone && ['asked', 'opening'].includes(this.state.news?.state)) this.timer = setTimeout(() => this.load(), OPEN_POLL_MS);
  }

  async open(reason) {
    await ask('POST', `/api/orders/${this.props.order.id}/open`, { reason });
    await this.load();
  }

  render({ order }, { news, error }) {
    const may = IN_LOCKER.includes(order.state) && order.class !== 'controlled';
    if (!news || (!may && !news.state)) return error && html`<${Notice} error=${error} />`;
    const busy = ['asked', 'opening'].includes(news.state);
    return html`<section class="card" id="remote" data-open=${news.state ?? ''}>
      <h2>${t('open')}</h2>
      <${Notice} error=${error} />
      <div aria-live="polite">
        ${news.state &&
        html`<p><${Tag} kind=${KINDS[news.state]} value=${news.state} group="open.state" /> ${t(`open.${news.state}.why`)}${news.cause ? ` ${say('open.cause', news.cause)}` : ''}</p>`}
      </div>
      ${may && !busy && html`<p>${t('open.why')}</p><${Act} label=${t('open.do')} question=${t('open.ask')} needsComment onAct=${({ comment }) => this.open(comment)} />`}
    </section>`;
  }
}

// All of it, for the page of an order.
export const BagSections = ({ order, board, me, reload }) =>
  me.knows_patients &&
  html`<${OpenTogether} order=${order} />
    <div class="beside"><${Carers} order=${order} board=${board} /><div><${RemoteOpen} order=${order} board=${board} /><${Recode} order=${order} board=${board} reload=${reload} /></div></div>`;
