// SPDX-License-Identifier: Apache-2.0
// Faults, temperature over time, badges, labels for doors.
import { html, Component, t, say, ask, age, exact, moment, degrees, hubNow, Act, Form, Field, Choice, Notice, Tag } from './parts.mjs';
import { isSilent } from './board.mjs';
import { Table } from './table.mjs';

const lockerName = (board, id) => board.lockers.find((l) => l.id === id)?.name ?? id;

// ---------------------------------------------------------------- faults
export const FaultsPage = ({ board, me }) => {
  const mayAct = me.role !== 'admin';
  return html`<h1>${t('nav.faults')}</h1>
    ${board.faults.length === 0 && html`<p class="notice good">${t('faults.none')}</p>`}
    <ul class="faults">
      ${board.faults.map(
        (f) =>
          html`<li key=${f.id} class="card" data-fault=${f.kind}>
            <h2>${say('fault', f.kind)}${f.subject ? `: ${f.subject}` : ''}</h2>
            <p>${lockerName(board, f.locker)} · ${t('faults.since', { time: exact(f.opened_ms), age: age(f.opened_ms) })}${f.times > 1 ? ` · ${t('faults.times', { n: f.times })}` : ''}</p>
            ${f.detail && html`<p class="detail">${f.detail}</p>`}
            <p>${f.taken_by ? t('faults.taken', { who: f.taken_by }) : t('faults.untaken')}</p>
            ${mayAct &&
            html`<p class="tools">
              ${!f.taken_by && html`<${Act} label=${t('faults.take')} onAct=${() => ask('POST', `/api/faults/${f.id}/acknowledge`)} />`}
              <${Act} label=${t('faults.close')} question=${t('faults.close.ask')} needsComment onAct=${({ comment }) => ask('POST', `/api/faults/${f.id}/close`, { comment })} />
            </p>`}
          </li>`,
      )}
    </ul>`;
};

// ---------------------------------------------------------------- climate
const W = 720;
const H = 180;
const PAD = { left: 48, right: 8, top: 8, bottom: 22 };

// A line that stops where nothing was measured.
function Line({ points, from, to, label }) {
  const values = points.map((p) => p[2]).filter((v) => v != null);
  if (values.length === 0) return html`<p>${t('climate.none')}</p>`;
  const low = Math.floor(Math.min(...values) / 1000) * 1000 - 1000;
  const high = Math.ceil(Math.max(...values) / 1000) * 1000 + 1000;
  const x = (ms) => PAD.left + ((ms - from) / (to - from)) * (W - PAD.left - PAD.right);
  const y = (v) => PAD.top + ((high - v) / (high - low)) * (H - PAD.top - PAD.bottom);
  const gap = Math.max(180000, ((to - from) / 500) * 3);
  const lines = [];
  let last = null;
  for (const [at, state, v] of points) {
    if (v == null || state === 'missing') {
      last = null;
      continue;
    }
    if (last === null || at - last > gap) lines.push([]);
    lines[lines.length - 1].push(`${x(at).toFixed(1)},${y(v).toFixed(1)}`);
    last = at;
  }
  const middle = (low + high) / 2;
  return html`<svg class="climate" viewBox="0 0 ${W} ${H}" role="img" aria-label=${label}>
    ${[low, middle, high].map((v) => html`<g><line class="grid" x1=${PAD.left} x2=${W - PAD.right} y1=${y(v)} y2=${y(v)} /><text x=${PAD.left - 6} y=${y(v) + 4} text-anchor="end">${degrees(v)}</text></g>`)}
    ${lines.map((l) => (l.length > 1 ? html`<polyline points=${l.join(' ')} />` : html`<circle cx=${l[0].split(',')[0]} cy=${l[0].split(',')[1]} r="2" />`))}
    <text x=${PAD.left} y=${H - 4}>${moment(from)}</text>
    <text x=${W - PAD.right} y=${H - 4} text-anchor="end">${moment(to)}</text>
  </svg>`;
}

class LockerClimate extends Component {
  constructor() {
    super();
    this.state = { data: null, error: null };
  }

  componentDidMount() {
    this.load();
    this.timer = setInterval(() => this.load(), 30000);
  }

  componentWillUnmount() {
    clearInterval(this.timer);
  }

  componentDidUpdate(before) {
    if (before.hours !== this.props.hours) this.load();
  }

  async load() {
    try {
      this.setState({ data: await ask('GET', `/api/lockers/${this.props.locker.id}/climate?hours=${this.props.hours}`), error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  render({ locker, me, lost }, { data, error }) {
    const silent = Boolean(lost) || isSilent(locker, me);
    return html`<section class="card">
      <h2>${locker.name}</h2>
      <${Notice} error=${error} text=${silent ? t('locker.silent', { age: age(locker.seen_ms) }) : null} />
      ${locker.climate.length === 0 && html`<p>${t('climate.none')}</p>`}
      <ul class="now">
        ${locker.climate.map((c) => {
          const old = silent || hubNow() - c.at_ms > me.silent_after_s * 1000;
          return html`<li><b>${c.sensor}</b> <span class=${old ? 'old' : ''}>${degrees(c.milli_c)}</span>
            <${Tag} kind=${old ? '' : c.state === 'ok' ? 'good' : 'bad'} group="climate" value=${old ? 'old' : c.state} />
            ${c.permille != null && html`<span>${Math.round(c.permille / 10)} %</span>`} <span class="who">${age(c.at_ms)}</span></li>`;
        })}
      </ul>
      ${data?.sensors.map((s) => html`<h3>${s.sensor}</h3><${Line} points=${s.points} from=${data.from_ms} to=${data.to_ms} label=${t('climate.of', { sensor: s.sensor })} />`)}
    </section>`;
  }
}

export class ClimatePage extends Component {
  constructor() {
    super();
    this.state = { hours: 24 };
  }

  render({ board, me, lost }, { hours }) {
    return html`<h1>${t('nav.climate')}</h1>
      <p class="tools" role="group" aria-label=${t('climate.span')}>
        ${[1, 24, 168].map((n) => html`<button aria-pressed=${n === hours} onClick=${() => this.setState({ hours: n })}>${t(`climate.${n}`)}</button>`)}
      </p>
      ${board.lockers.map((l) => html`<${LockerClimate} key=${l.id} locker=${l} me=${me} lost=${lost} hours=${hours} />`)}`;
  }
}

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
