// SPDX-License-Identifier: Apache-2.0
// The one list of what needs a decision now. Nothing is ticked off here: an entry goes when its reason is gone.
import { html, Component, t, say, ask, age, moment, Act, Notice } from './parts.mjs';
import { ContactForm } from './contact.mjs';

const grave = new Set(['forced', 'reported', 'lost', 'contradiction', 'unconfirmed']);
const STEPS = new Set(['withdraw', 'take_back', 'counter', 'restock']);

export const exceptionPlace = (x, lockers) => {
  const locker = x.order?.locker?.name ?? lockers.find((l) => l.id === x.fault?.locker)?.name;
  const door = x.order?.door ?? (x.fault && ['jam', 'check', 'forced'].includes(x.fault.kind) ? x.fault.subject : null);
  return [locker, door && t('door', { door })].filter(Boolean).join(', ');
};

// One act, as the button or link that it is.
const ExceptionAct = ({ act, x, first, onCall }) => {
  const { order, fault } = x;
  const look = first ? 'button primary' : 'button';
  const locker = order?.locker?.id ?? fault?.locker;
  if (act === 'call') return order && html`<button class=${first ? 'primary' : ''} data-act="call" onClick=${onCall}>${t('exception.act.call')}</button>`;
  if (act === 'tour') return html`<a class=${look} data-act="tour" href="#/tour/${locker}">${t('exception.act.tour')}</a>`;
  if (act === 'retry') return html`<a class=${look} data-act="retry" href="#/order/${order.id}">${t('exception.act.retry')}</a>`;
  if (act === 'pack') return html`<a class=${look} data-act="pack" href="#/order/${order.id}">${t('exception.act.pack')}</a>`;
  if (act === 'order') return html`<a class=${look} data-act="order" href="#/new">${t('exception.act.order')}</a>`;
  if (act === 'settle')
    return html`<${Act} label=${t('exception.act.settle')} question=${t('faults.close.ask')} needsComment onAct=${({ comment }) => ask('POST', `/api/faults/${fault.id}/close`, { comment })} />`;
  if (STEPS.has(act))
    return html`<${Act} label=${say('step', act)} danger=${act === 'withdraw'} question=${t(`ask.${act}`)}
      onAct=${({ comment }) => ask('POST', `/api/orders/${order.id}/step`, { event: act, ...(comment ? { comment } : {}) })} />`;
  return null;
};

class Exception extends Component {
  constructor() {
    super();
    this.state = { calling: false };
  }

  render({ x, board }, { calling }) {
    const { order, fault, kind } = x;
    return html`<li class="card exception ${grave.has(kind) ? 'grave' : ''}" data-exception=${kind} data-order=${order?.id}>
      <h2>
        <span class="tag ${grave.has(kind) ? 'bad' : 'warn'}">${say('exception', kind)}</span>${' '}
        ${order ? html`<a href="#/order/${order.id}">${t('bag', { number: order.number })}</a>${order.patient ? html` <span>${order.patient}</span>` : ''}` : fault?.subject}
      </h2>
      <p class="facts">${exceptionPlace(x, board.lockers)} · ${t('exception.since', { age: age(x.since_ms), time: moment(x.since_ms) })}
        ${order?.not_after_s && kind === 'ending' ? html` · ${t('exception.ends', { time: moment(order.not_after_s * 1000) })}` : ''}</p>
      <p>${t(`exception.why.${kind}`)}${fault?.kind === 'reported' ? html` <b>${say('reported', fault.detail.split(',')[0])}</b>` : ''}${kind === 'contradiction' ? html` <small>${fault.detail}</small>` : ''}</p>
      ${x.contact_ms && html`<p>${t('exception.contact', { age: age(x.contact_ms) })}</p>`}
      <div class="tools">${x.acts.map((act, i) => html`<${ExceptionAct} key=${act} act=${act} x=${x} first=${i === 0} onCall=${() => this.setState({ calling: !calling })} />`)}</div>
      ${calling && html`<${ContactForm} id=${order.id} onKept=${() => this.setState({ calling: false })} />`}
      <p class="until"><small>${t(`exception.until.${kind}`)}</small></p>
    </li>`;
  }
}

export const ExceptionsPage = ({ board, exceptions }) => {
  if (!exceptions) return html`<h1>${t('nav.exceptions')}</h1><p aria-busy="true">${t('busy')}</p>`;
  const list = exceptions.exceptions;
  return html`<h1>${t('nav.exceptions')} ${list.length > 0 && html`<span class="count">${list.length}</span>`}</h1>
    ${exceptions.more && html`<${Notice} error=${t('exception.more', { n: list.length })} />`}
    ${list.length === 0
      ? html`<p class="notice good empty-list">${t('exception.none')}</p>`
      : html`<p>${t('exception.lead')}</p>
          <ul class="exceptions">${list.map((x) => html`<${Exception} key=${`${x.kind}-${x.order?.id ?? ''}-${x.fault?.id ?? ''}`} x=${x} board=${board} />`)}</ul>`}`;
};
