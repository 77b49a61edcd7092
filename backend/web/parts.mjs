// SPDX-License-Identifier: Apache-2.0
// What all pages share: markup, words, requests, times, small components.
import { h, Component } from './vendor/preact.mjs';
import htm from './vendor/htm.mjs';

export const html = htm.bind(h);
export { Component };

// ---------------------------------------------------------------- words
let words = {};
let language = 'nl';

export async function loadWords(wanted) {
  const r = await fetch(`/${wanted}.json`);
  words = await r.json();
  language = wanted;
  document.documentElement.lang = wanted;
  document.title = t('title');
}

export const currentLanguage = () => language;
export const otherLanguage = () => (language === 'nl' ? 'en' : 'nl');

// The words for "page.<key>", with {name} replaced; a key without words shows itself.
export function t(key, values = {}) {
  const text = words[`page.${key}`] ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

// The same where a count decides the form of the words: "page.<key>.1" is for one. n is the count, unless values say what {n} is.
export const many = (key, n, values) => t(n === 1 && `page.${key}.1` in words ? `${key}.1` : key, { n, ...values });

// Words for a value of the hub ("state.ready"); a value that is new to the page shows itself.
export const say = (group, value) => (value == null ? '' : (words[`page.${group}.${value}`] ?? String(value)));

// ---------------------------------------------------------------- requests
export class Refused extends Error {
  constructor(status, message, need) {
    super(message);
    this.status = status;
    this.need = need; // what the hub wants first: "totp", "again", "password", "factor"
  }
}

// Shows who it is before a dangerous act; rejects when the user does not want to. Set by the app.
let proveAgain = null;
export const setProveAgain = (f) => (proveAgain = f);

// Answers with the body. A refusal is thrown with the sentence of the hub.
export async function ask(method, where, body, type = 'application/json') {
  const options = { method, headers: {}, credentials: 'same-origin' };
  if (method !== 'GET') {
    options.headers['x-medlocker'] = '1';
    options.headers['content-type'] = type;
    options.body = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  }
  let r;
  try {
    r = await fetch(where, options);
  } catch {
    throw new Refused(0, t('error.unreachable'));
  }
  const isJson = (r.headers.get('content-type') ?? '').includes('json');
  const answer = isJson ? await r.json() : await r.text();
  if (r.ok) return answer;
  if (answer.need === 'again' && proveAgain) {
    await proveAgain();
    return ask(method, where, body, type);
  }
  throw new Refused(r.status, where === '/api/again' && r.status === 401 ? t('again.wrong') : explain(r.status, answer), answer.need);
}

// What went wrong in our words; what the hub says about it, which is for experts, behind it.
function explain(status, answer) {
  const detail = answer.error ?? answer.issue?.[0]?.diagnostics ?? answer.issue?.[0]?.details?.text;
  const known = words[`page.error.${status}`] ?? words['page.error.other'];
  if (answer.need === 'totp') return t('login.code.missing');
  if (answer.need === 'password' || answer.need === 'factor') return t(`me.must.${answer.need}`);
  if (status === 401) return known;
  if (status === 429) return answer.at_once ? many('error.at_once', answer.wait_s) : many('error.429', answer.wait_s);
  const at = answer.line ? ` ${t('error.at', { line: answer.line, column: answer.column })}` : '';
  return detail ? `${known}${at} (${detail})` : `${known}${at}`;
}

// Asks again and again; calls back only when something changed. Stops when stop() is called.
export function poll(where, everyMs, { onNews, onError }) {
  let tag = null;
  let running = true;
  let timer = null;
  const turn = async () => {
    try {
      const r = await fetch(where, { headers: tag ? { 'if-none-match': tag } : {}, cache: 'no-store' });
      if (r.status === 200) {
        tag = r.headers.get('etag');
        const news = await r.json();
        if (running) onNews(news);
      } else if (r.status === 304) {
        if (running) onNews(null);
      } else if (running) {
        onError(new Refused(r.status, `${r.status}`));
      }
    } catch {
      if (running) onError(new Refused(0, t('error.unreachable')));
    }
    if (running) timer = setTimeout(turn, document.hidden ? 5000 : everyMs);
  };
  turn();
  return () => {
    running = false;
    clearTimeout(timer);
  };
}

// ---------------------------------------------------------------- times
let hubAhead = 0; // milliseconds by which the hub's clock is ahead of ours
export const setHubTime = (ms) => (hubAhead = ms - Date.now());
export const hubNow = () => Date.now() + hubAhead;

const locale = () => (language === 'en' ? 'en-GB' : 'nl-NL'); // 24 hours, the day first

export const clock = (ms) => (ms ? new Date(ms).toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit' }) : '–');
export const moment = (ms) =>
  ms ? new Date(ms).toLocaleString(locale(), { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }) : '–';
export const exact = (ms) => (ms ? new Date(ms).toLocaleString(locale(), { dateStyle: 'short', timeStyle: 'medium' }) : '–');
// A day as people say it: moments are in the reader's time zone; a text such as 1961-03-14 is that day everywhere.
export const day = (of) => {
  if (!of) return null;
  return new Date(of).toLocaleDateString(locale(), { dateStyle: 'long', ...(typeof of === 'string' ? { timeZone: 'UTC' } : {}) });
};

// "12 s", "4 min", "3 h", "2 d"
export function age(ms) {
  if (!ms) return t('age.never');
  const s = Math.max(0, Math.round((hubNow() - ms) / 1000));
  if (s < 90) return t('age.s', { n: s });
  if (s < 5400) return t('age.min', { n: Math.round(s / 60) });
  if (s < 172800) return t('age.h', { n: Math.round(s / 3600) });
  return many('age.d', Math.round(s / 86400));
}

export const degrees = (milli) => (milli == null ? '–' : `${(milli / 1000).toLocaleString(locale(), { minimumFractionDigits: 1, maximumFractionDigits: 1 })} °C`);

// ---------------------------------------------------------------- lockers
// Old news is not shown as news.
export const isSilent = (locker, me) => !locker.seen_ms || hubNow() - locker.seen_ms > me.silent_after_s * 1000;
export const lockerName = (board, id) => board.lockers.find((l) => l.id === id)?.name ?? id;

// ---------------------------------------------------------------- components
export const Notice = ({ error, text }) =>
  html`<div aria-live="polite">${error && html`<p class="notice bad" role="alert">${error.message ?? error}</p>`}${text && html`<p class="notice">${text}</p>`}</div>`;

export const Tag = ({ kind, value, group = 'state' }) => html`<span class="tag ${kind ?? ''}">${say(group, value)}</span>`;

// How a state of an order looks.
const kinds = {
  ready: 'good', collected: 'done', withdrawing: 'warn', unconfirmed: 'warn', withdrawn: 'warn', expired: 'warn', recalled: 'warn', lost: 'bad',
  packed: 'busy', in_transit: 'busy',
};
export const OrderState = ({ order }) =>
  html`<${Tag} kind=${kinds[order.state]} value=${order.state} />${order.pending && html` <span class="tag bad">${t('order.pending')}</span>`}`;

export const orderPlace = (o) => (o.locker ? `${o.locker.name}${o.door ? `, ${o.door}` : ''}` : null);

// A bag by its number: a link for who may read orders.
export const BagLink = ({ order, me }) => (me.role === 'admin' ? t('bag', { number: order.number }) : html`<a href="#/order/${order.id}">${t('bag', { number: order.number })}</a>`);

// What an act says of itself beyond its name: the words of the hub where it wrote a name of its own.
const details = {
  'order.registered': (detail) => say('source', detail),
  'order.contact': (detail) => detail.split(', ').map((word, i) => say(['contact.how', 'contact.outcome'][i], word)).join(', '),
};
export const detailWords = (act) => (act.detail && details[act.action]?.(act.detail)) || act.detail;

// Of slips and screens, each in its own words.
export const LANGUAGES = [['nl', 'Nederlands'], ['en', 'English'], ['tr', 'Türkçe'], ['ar', 'العربية'], ['pl', 'Polski'], ['uk', 'Українська']];

// A form that shows what the hub refused and is busy while it waits.
export class Form extends Component {
  constructor() {
    super();
    this.state = { busy: false, error: null };
  }

  async submit(event) {
    event.preventDefault();
    const form = event.target;
    this.setState({ busy: true, error: null });
    try {
      await this.props.onSubmit(Object.fromEntries(new FormData(form)), form);
      this.setState({ busy: false });
    } catch (error) {
      this.setState({ busy: false, error });
    }
  }

  render({ children, label, name }, { busy, error }) {
    return html`<form class="form" name=${name} onSubmit=${(e) => this.submit(e)}>
      ${children}
      <${Notice} error=${error} />
      <button class="primary" disabled=${busy}>${busy ? t('busy') : label}</button>
    </form>`;
  }
}

// A button for one act: asks for a reason where one is needed, shows what the hub refused.
export class Act extends Component {
  constructor() {
    super();
    this.state = { open: false, busy: false, error: null };
  }

  async run(values) {
    this.setState({ busy: true, error: null });
    try {
      await this.props.onAct(values);
      this.setState({ busy: false, open: false });
    } catch (error) {
      this.setState({ busy: false, error });
    }
  }

  render({ label, question, needsComment, danger }, { open, busy, error }) {
    if (!open)
      return html`<span class="act"
        ><button class=${danger ? 'danger' : ''} disabled=${busy} onClick=${() => (question ? this.setState({ open: true }) : this.run({}))}>${label}</button
        ><${Notice} error=${error}
      /></span>`;
    const submit = (e) => {
      e.preventDefault();
      this.run(Object.fromEntries(new FormData(e.target)));
    };
    return html`<form class="act ask" onSubmit=${submit}>
      <label>${question}<input name="comment" maxlength="200" required=${needsComment} autofocus /></label>
      <button class="primary" disabled=${busy}>${label}</button>
      <button type="button" onClick=${() => this.setState({ open: false, error: null })}>${t('cancel')}</button>
      <${Notice} error=${error} />
    </form>`;
  }
}

// value is what stands there at first: a page is drawn anew every second, and what somebody is typing must stay.
export const Field = ({ label, hint, value, ...input }) =>
  html`<label class="field"><span>${label}</span><input defaultValue=${value} ...${input} />${hint && html`<small>${hint}</small>`}</label>`;

export const Choice = ({ label, name, options, value, onChoose }) =>
  html`<label class="field"><span>${label}</span
    ><select name=${name} onChange=${(e) => onChoose?.(e.target.value)}>
      ${options.map(([v, text]) => html`<option value=${v} selected=${v === value}>${text}</option>`)}
    </select></label
  >`;

// How far a long act is: nothing in its first second, then a bar: moving with done and total, else just busy.
const PROGRESS_AFTER_MS = 1000;

export class Progress extends Component {
  constructor() {
    super();
    this.state = { shown: false };
  }

  componentDidMount() {
    this.timer = setTimeout(() => this.setState({ shown: true }), PROGRESS_AFTER_MS);
  }

  componentWillUnmount() {
    clearTimeout(this.timer);
  }

  render({ label, done, total }, { shown }) {
    if (!shown) return null;
    const known = total > 0;
    const count = known ? t('progress.of', { n: done ?? 0, m: total }) : t('busy');
    return html`<p class="progress">
      <label>${label ?? t('busy')} <progress max=${known ? total : null} value=${known ? (done ?? 0) : null}></progress></label>
      <span role="status">${count}</span>
    </p>`;
  }
}

// In the place of a report that is on its way.
export const Reading = () => html`<div aria-busy="true"><${Progress} label=${t('reading')} /></div>`;

// What was just done, with a button that takes it back, for some seconds; time stands still while somebody points at it
// or has the focus on it. key= makes a new one for each act.
const UNDO_S = 12;

export class Undo extends Component {
  constructor() {
    super();
    this.state = { left: UNDO_S, pointed: false, focused: false, busy: false, error: null };
  }

  componentDidMount() {
    this.timer = setInterval(() => this.tick(), 1000);
  }

  componentWillUnmount() {
    clearInterval(this.timer);
  }

  tick() {
    const { left, pointed, focused, busy, error } = this.state;
    if (pointed || focused || busy || error) return;
    if (left <= 1) this.props.onGone();
    else this.setState({ left: left - 1 });
  }

  async undo() {
    this.setState({ busy: true, error: null });
    try {
      await this.props.onUndo();
      this.props.onGone();
    } catch (error) {
      this.setState({ busy: false, error });
    }
  }

  render({ text, onGone }, { busy, error }) {
    const hold = (by) => () => this.setState(by);
    return html`<div class="undo notice" role="status" onMouseEnter=${hold({ pointed: true })} onMouseLeave=${hold({ pointed: false })} onFocusIn=${hold({ focused: true })} onFocusOut=${hold({ focused: false })}>
      <span>${text}</span>
      <button disabled=${busy} onClick=${() => this.undo()}>${t('undo')}</button>
      <button class="plain" onClick=${onGone}>${t('undo.close')}</button>
      <${Notice} error=${error} />
    </div>`;
  }
}
