// SPDX-License-Identifier: Apache-2.0
// The return tour of one locker: every door to look into and every bag to fetch, why, and where it goes. Stops are ticked by evidence;
// the tour ends when each is explained.
import { html, Component, t, many, say, ask, poll, clock, Act, Notice, Form, BagLink } from './parts.mjs';
import { toFetch } from './today.mjs';

const POLL_MS = 1000;

const Stop = ({ stop, open, onExplain, me }) => {
  const settled = stop.mark !== 'open';
  return html`<li class="card stop ${settled ? 'done' : ''}" data-place=${stop.place} data-door=${stop.door} data-mark=${stop.mark} data-reason=${stop.reason}>
    <div class="stop-head">
      <b class="big">${stop.door ?? '–'}</b>
      <span>${stop.order ? html`<${BagLink} order=${stop.order} me=${me} />` : t('tour.nobag')}</span>
      <span class="tag ${settled ? 'good' : 'warn'}">${settled ? `✓ ${say('tour.mark', stop.mark)}` : say('tour.mark', 'open')}</span>
    </div>
    <p>${t(`tour.why.${stop.reason}`)}</p>
    ${!settled && html`<p><b>${t(`tour.goal.${stop.goal}`)}</b></p>`}
    ${stop.mark === 'removed' && html`<p><b>${t(`tour.goal.${stop.goal}`)}</b></p>`}
    ${stop.note && html`<p>${stop.note} <span class="who">${stop.explained_by}</span></p>`}
    ${open && !settled && html`<${Act} label=${t('tour.explain')} question=${t('tour.explain.ask')} needsComment onAct=${({ comment }) => onExplain(stop.place, comment)} />`}
  </li>`;
};

class Tour extends Component {
  constructor() {
    super();
    this.state = { plan: null, error: null, scanned: null, ended: null };
  }

  componentDidMount() {
    this.stop = poll(this.url(), POLL_MS, {
      onNews: (plan) => this.setState((s) => ({ plan: plan ?? s.plan, error: null })),
      onError: (error) => this.setState({ error }),
    });
  }

  componentWillUnmount() {
    this.stop?.();
  }

  url(act) {
    return `/api/lockers/${this.props.locker.id}/tour${act ? `/${act}` : ''}`;
  }

  async act(name, body = {}) {
    const before = this.state.plan;
    const plan = await ask('POST', this.url(name), body);
    this.setState({ plan, ended: name === 'end' ? before : null });
  }

  async scan({ label }, form) {
    const text = label.trim();
    form.reset();
    form.elements.label.focus();
    this.setState({ scanned: null });
    await this.act('scan', { label: text });
    this.setState({ scanned: clock(Date.now()) });
  }

  renderScan(scanned) {
    return html`<section class="card scan">
      <${Form} name="scan" label=${t('tour.scan.do')} onSubmit=${(v, f) => this.scan(v, f)}>
        <label class="field"><span>${t('tour.scan')}</span><input name="label" required maxlength="511" autocomplete="off" autocapitalize="characters" spellcheck=${false} autofocus /><small>${t('tour.scan.hint')}</small></label>
      <//>
      <${Notice} text=${scanned && t('tour.scan.done', { time: scanned })} />
    </section>`;
  }

  renderEnded(plan) {
    const back = plan.stops.filter((s) => s.mark === 'removed');
    return html`<section class="notice good" role="status">
      <p><b>${t('tour.ended')}</b></p>
      ${back.length > 0 && html`<p>${many('tour.ended.back', back.length)}</p>`}
      <ul>${back.map((s) => html`<li><a href="#/order/${s.order.id}">${t('bag', { number: s.order.number })}</a>: ${t(`tour.goal.${s.goal}`)}</li>`)}</ul>
    </section>`;
  }

  render({ me }, { plan, error, scanned, ended }) {
    if (!plan) return html`<${Notice} error=${error} /><p aria-busy="true">${t('busy')}</p>`;
    const { open, stops, left } = plan;
    const done = stops.length - left;
    return html`<${Notice} error=${error} />
      ${ended && this.renderEnded(ended)}
      ${stops.length === 0 && html`<p class="notice good empty-list">${t('tour.none')}</p>`}
      ${open && html`<p class="count-line"><label><span>${t('tour.progress', { n: done, m: stops.length })}</span> <progress max=${stops.length} value=${done}></progress></label></p>
        <p>${t('tour.started', { who: plan.started_by, time: clock(plan.started_ms) })} ${t('tour.how')}</p>`}
      ${open && this.renderScan(scanned)}
      ${!open && stops.length > 0 && html`<p>${t('tour.lead')}</p><p class="tools"><${Act} label=${t('tour.start')} onAct=${() => this.act('start')} /></p>`}
      <ol class="stops">${stops.map((s) => html`<${Stop} key=${s.place} stop=${s} open=${open} me=${me} onExplain=${(place, note) => this.act('explain', { place, note })} />`)}</ol>
      ${open && (left > 0 ? html`<p class="notice warn">${many('tour.left', left)}</p>` : html`<div class="tools"><${Act} label=${t('tour.end')} onAct=${() => this.act('end')} /></div>`)}`;
  }
}

export const TourPage = ({ board, id, me }) => {
  const locker = board.lockers.find((l) => l.id === id);
  if (!locker)
    return html`<h1>${t('tour')}</h1>
      <p>${t('tour.choose')}</p>
      <ul class="plain-list">${board.lockers.map((l) => html`<li key=${l.id}><a class="button" href="#/tour/${l.id}">${l.name} (${toFetch(l).length})</a></li>`)}</ul>`;
  return html`<div class="phone">
    <h1>${t('tour')}: ${locker.name}</h1>
    <${Tour} key=${locker.id} locker=${locker} me=${me} />
  </div>`;
};
