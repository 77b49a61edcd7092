// SPDX-License-Identifier: Apache-2.0
// Temperature: a curve for each sensor with its band, what was not fine and what people said about it, and the judgement of the window.
import { html, Component, t, many, say, ask, age, exact, degrees, hubNow, isSilent, Act, Notice, Reading, Tag } from './parts.mjs';
import { Curve } from './curve.mjs';
import { Table } from './table.mjs';

const HOURS = [24, 168, 744];
const EVERY_MS = 30000;
const KIND = { fine: 'good', look: 'warn', breach: 'bad', unknown: '' };

const minutes = (ms) => Math.round(ms / 60000);

// Points as uPlot wants them: a gap is a point without a value.
function plotOf(points, from_ms, to_ms) {
  const gap = Math.max(5 * 60000, ((to_ms - from_ms) / 500) * 3);
  const times = [];
  const values = [];
  let last = null;
  for (const [at, state, milli] of points) {
    const known = milli != null && (state === 'ok' || state === 'excursion');
    if (last !== null && at - last > gap) {
      times.push((last + 1) / 1000);
      values.push(null);
    }
    times.push(at / 1000);
    values.push(known ? milli / 1000 : null);
    last = at;
  }
  return { times, values };
}

const Judgement = ({ sensor }) => {
  const j = sensor.judgement;
  if (!j) return html`<p>${t('climate.noband')}</p>`;
  const days = Math.round(j.window_ms / 86400000);
  const known = t('climate.known', { n: Math.floor(j.known_ms / 3600000), m: Math.round(j.window_ms / 3600000) });
  return html`<p class="judgement">
    <${Tag} kind=${KIND[j.verdict]} group="verdict" value=${j.verdict} />
    ${' '}${days === 1 ? t('climate.window.day') : t('climate.window.days', { n: days })}.
    ${' '}${t('climate.mkt', { mkt: degrees(j.mkt_milli_c), max: degrees(j.mkt_max_milli_c) })} ${known}
    ${j.spike_ms > 0 ? ` ${many('climate.spike', minutes(j.spike_ms), { above: degrees(j.spike_milli_c) })}` : ''}
  </p>`;
};

const Spans = ({ locker, sensor, me, onSaid }) => {
  const seen = (s) => s.notes.map((n) => `${n.text} (${n.actor}, ${say('role', n.role)})`).join('; ');
  const save = (s) => async ({ comment }) => {
    await ask('POST', `/api/lockers/${locker.id}/climate/seen`, { sensor: sensor.sensor, start_ms: s.start_ms, comment });
    await onSaid();
  };
  const columns = [
    { key: 'start', label: t('climate.start'), kind: 'time', value: (s) => s.start_ms, show: (s) => exact(s.start_ms) },
    { key: 'what', label: t('climate.what'), value: (s) => say('climate', s.state), choose: true, show: (s) => html`<${Tag} kind=${s.state === 'excursion' ? 'bad' : 'warn'} group="climate" value=${s.state} />` },
    { key: 'end', label: t('climate.end'), kind: 'time', value: (s) => (s.open ? null : s.end_ms), show: (s) => (s.open ? t('climate.open') : exact(s.end_ms)) },
    { key: 'min', label: t('climate.lowest'), kind: 'number', value: (s) => (s.min_milli_c == null ? null : s.min_milli_c / 1000), show: (s) => degrees(s.min_milli_c) },
    { key: 'max', label: t('climate.highest'), kind: 'number', value: (s) => (s.max_milli_c == null ? null : s.max_milli_c / 1000), show: (s) => degrees(s.max_milli_c) },
    { key: 'minutes', label: t('climate.minutes'), kind: 'number', value: (s) => Math.round((s.end_ms - s.start_ms) / 60000), show: (s) => (s.end_ms - s.start_ms < 60000 ? '< 1' : Math.round((s.end_ms - s.start_ms) / 60000)) },
    {
      key: 'seen', label: t('climate.seen'), value: seen,
      show: (s) =>
        html`${s.notes.map((n) => html`<p class="said">${n.text} <span class="who">${n.actor}, ${say('role', n.role)}, ${exact(n.at_ms)}</span></p>`)}
          ${me.role !== 'admin' && html`<${Act} label=${t('climate.say')} question=${t('climate.say.ask')} needsComment onAct=${save(s)} />`}`,
    },
  ];
  return html`<${Table} id="spans-${sensor.sensor}" caption=${t('climate.spans', { sensor: sensor.sensor })} rows=${sensor.spans} columns=${columns} sort="-start"
    rowKey=${(s) => `${s.start_ms}${s.state}`} empty=${t('climate.spans.none')} />`;
};

class Sensor extends Component {
  // The same answer draws once, however often the page is rendered.
  plot() {
    const { sensor, data } = this.props;
    if (this.of !== sensor) {
      this.of = sensor;
      this.kept = plotOf(sensor.points, data.from_ms, data.to_ms);
      this.spans = sensor.spans.map((s) => ({ from: s.start_ms / 1000, to: s.end_ms / 1000, kind: s.state }));
    }
    return this.kept;
  }

  render({ sensor, data, locker, me, silent, onSaid }) {
    const now = locker.climate.find((c) => c.sensor === sensor.sensor);
    const old = !now || silent || hubNow() - now.at_ms > me.silent_after_s * 1000;
    const state = old ? 'unknown' : now.state;
    const { times, values } = this.plot();
    const band = sensor.min_milli_c == null ? null : { low: sensor.min_milli_c / 1000, high: sensor.max_milli_c / 1000 };
    const known = values.filter((v) => v != null);
    return html`<section class="card" data-sensor=${sensor.sensor} aria-label="${locker.name}, ${sensor.sensor}">
      <h3>${sensor.sensor}${sensor.zone ? ` (${say('zone', sensor.zone)})` : ''}</h3>
      <p class="reading">
        <b class=${old ? 'old' : ''}>${degrees(now?.milli_c)}</b>
        ${' '}<${Tag} kind=${state === 'ok' ? 'good' : state === 'unknown' ? '' : 'bad'} group="climate" value=${state} />
        ${' '}<span class="soft">${now ? age(now.at_ms) : age(0)}${now?.permille != null ? ` · ${t('climate.humidity', { n: Math.round(now.permille / 10) })}` : ''}</span>
      </p>
      ${band && html`<p class="soft">${t('climate.band', { low: degrees(sensor.min_milli_c), high: degrees(sensor.max_milli_c) })}</p>`}
      <${Judgement} sensor=${sensor} />
      ${known.length === 0
        ? html`<p class="notice">${t('climate.none')}</p>`
        : html`<${Curve} label=${t('climate.of', { sensor: sensor.sensor, low: degrees(Math.min(...known) * 1000), high: degrees(Math.max(...known) * 1000) })}
            times=${times} series=${[{ label: sensor.sensor, values }]} band=${band} spans=${this.spans} from=${data.from_ms / 1000} to=${data.to_ms / 1000} unit=" °C" />`}
      <${Spans} locker=${locker} sensor=${sensor} me=${me} onSaid=${onSaid} />
    </section>`;
  }
}

class LockerClimate extends Component {
  constructor() {
    super();
    this.state = { data: null, of: null, error: null };
  }

  componentDidMount() {
    this.load();
    this.timer = setInterval(() => this.load(), EVERY_MS);
  }

  componentWillUnmount() {
    clearInterval(this.timer);
    this.gone = true;
  }

  componentDidUpdate(before) {
    if (before.hours !== this.props.hours) this.load();
  }

  async load() {
    const { locker, hours } = this.props;
    try {
      const data = await ask('GET', `/api/lockers/${locker.id}/climate?hours=${hours}`);
      if (!this.gone && hours === this.props.hours) this.setState({ data, of: hours, error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  render({ locker, me, lost, hours }, { data, of, error }) {
    const silent = Boolean(lost) || isSilent(locker, me);
    return html`<section aria-label=${locker.name}>
      <h2><a href="#/locker/${locker.id}">${locker.name}</a></h2>
      <${Notice} error=${error} />
      ${silent && html`<p class="notice warn">${t('locker.silent', { age: age(locker.seen_ms) })}</p>`}
      ${data?.sensors.length === 0 && html`<p class="notice">${t('climate.nothing')}</p>`}
      ${of !== hours && !error && html`<${Reading} />`}
      ${data?.sensors.map((s) => html`<${Sensor} key=${s.sensor} sensor=${s} data=${data} locker=${locker} me=${me} silent=${silent} onSaid=${() => this.load()} />`)}
    </section>`;
  }
}

export class ClimatePage extends Component {
  constructor() {
    super();
    this.state = { hours: HOURS[0] };
  }

  render({ board, me, id, lost }, { hours }) {
    const shown = id ? board.lockers.filter((l) => l.id === id) : board.lockers;
    return html`<h1>${t('nav.climate')}</h1>
      <div class="tools">
        <span role="group" aria-label=${t('climate.span')} class="together">
          ${HOURS.map((n) => html`<button aria-pressed=${n === hours} onClick=${() => this.setState({ hours: n })}>${t(`climate.${n}`)}</button>`)}
        </span>
        ${id && html`<a class="button" href="#/climate">${t('climate.all')}</a>`}
      </div>
      ${shown.length === 0 && html`<p>${t('board.empty')}</p>`}
      ${shown.map((l) => html`<${LockerClimate} key=${l.id} locker=${l} me=${me} lost=${lost} hours=${hours} />`)}
      <p class="soft">${t('climate.explain')}</p>`;
  }
}
