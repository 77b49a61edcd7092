// SPDX-License-Identifier: Apache-2.0
// Use: when people come, how long bags wait, and what it saves. Times are those of the hub.
import { html, Component, t, many, ask, currentLanguage, Choice, Field, Notice, Reading } from './parts.mjs';
import { Curve } from './curve.mjs';
import { save, toCsv } from './file.mjs';
import { Table } from './table.mjs';

const DAYS = [7, 28, 91, 365];

// What is asked stands in the address, so that a view is a link.
function readAsk() {
  const query = new URLSearchParams(location.hash.split('?')[1] ?? '');
  const number = (name, fallback) => (/^\d{1,3}$/.test(query.get(name) ?? '') ? Number(query.get(name)) : fallback);
  return { days: number('days', 28), locker: query.get('locker') ?? '', shared: query.get('shared') === '1', counter: number('counter', null), load: number('load', null), back: number('back', null) };
}

function writeAsk(asked) {
  const [path, text = ''] = location.hash.split('?');
  const query = new URLSearchParams(text);
  for (const [name, value] of Object.entries(asked)) {
    if (value === null || value === '' || value === false) query.delete(name);
    else query.set(name, value === true ? '1' : String(value));
  }
  history.replaceState(history.state, '', `${path}?${query}`);
}

const locale = () => (currentLanguage() === 'en' ? 'en-GB' : 'nl-NL');
const weekday = (i, style) => new Date(Date.UTC(2024, 0, 1 + i)).toLocaleDateString(locale(), { weekday: style, timeZone: 'UTC' }); // 1 January 2024: a Monday
// A date of the hub, whatever zone this screen is in.
const day = (date) => new Date(`${date}T12:00:00Z`).toLocaleDateString(locale(), { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' });

// Hours by weekday; every cell has its number, the colour only helps. Its order says what it has to say, and each cell is a part of the
// picture: so it is not sorted or filtered like a Table, but it is a file like one.
const Heat = ({ id, rows, label, few }) => {
  const most = Math.max(1, ...rows.flat().map((n) => n ?? 0));
  const step = (n) => (n === null ? 'few' : n === 0 ? 'h0' : `h${Math.min(5, Math.ceil((n / most) * 5))}`);
  const hours = [...Array(24).keys()];
  const told = (n) => (n === null ? `<${few}` : n);
  const columns = [{ label: t('use.weekday'), value: ([d]) => weekday(d, 'short') }, ...hours.map((h) => ({ label: h, value: ([, row]) => told(row[h]) }))];
  return html`<div data-heat=${id}><div class="scroll" tabindex="0" role="region" aria-label=${label}>
    <table class="heat">
      <caption>${label}</caption>
      <thead><tr><th scope="col"><span class="hidden">${t('use.weekday')}</span></th>${hours.map((h) => html`<th scope="col">${h}</th>`)}</tr></thead>
      <tbody>${rows.map((row, d) => html`<tr><th scope="row">${weekday(d, 'short')}</th>${row.map((n) => html`<td class=${step(n)}>${told(n) || ''}</td>`)}</tr>`)}</tbody>
    </table>
  </div>
  <p class="tools"><button type="button" onClick=${() => save(`use-${id}.csv`, toCsv([...rows.entries()], columns))} aria-label=${t('table.csv.of', { name: label })}>${t('table.csv')}</button></p></div>`;
};

const Chart = ({ days, keys, label }) => {
  const times = days.map((d) => Date.parse(`${d.date}T12:00:00`) / 1000);
  const half = 43200;
  if (!days.some((d) => keys.some(([key]) => d[key]))) return html`<figure><figcaption>${label}</figcaption><p class="soft">${t('use.nothing')}</p></figure>`;
  return html`<figure><figcaption>${label}</figcaption>
    <${Curve} label=${label} times=${times} series=${keys.map(([key, colour]) => ({ label: t(`use.${key}`), values: days.map((d) => d[key]), colour }))}
      from=${times[0] - half} to=${times[times.length - 1] + half} days bars=${keys.length === 1} />
    ${keys.length > 1 && html`<p class="legend">${keys.map(([key, colour]) => html`<span><i class="line" style=${{ background: `var(--${colour})` }} aria-hidden="true" /> ${t(`use.${key}`)}</span>`)}</p>`}
  </figure>`;
};

const Days = ({ days }) => {
  const columns = [
    { key: 'date', label: t('use.day'), value: (d) => d.date, show: (d) => day(d.date) },
    ...['loaded', 'collected', 'expired', 'fault', 'wait_min', 'saved_min'].map((key) => ({ key, label: t(`use.${key}`), kind: 'number', value: (d) => d[key] })),
  ];
  return html`<${Table} id="use" caption=${t('use.caption')} rows=${days} columns=${columns} sort="-date" rowKey=${(d) => d.date} />`;
};

export class UsePage extends Component {
  constructor() {
    super();
    this.state = { asked: readAsk(), data: null, of: null, error: null };
    this.onPlace = () => this.change(readAsk());
  }

  componentDidMount() {
    addEventListener('hashchange', this.onPlace);
    this.load();
  }

  componentWillUnmount() {
    removeEventListener('hashchange', this.onPlace);
  }

  change(part) {
    const asked = { ...this.state.asked, ...part };
    this.setState({ asked }, () => this.load());
    if (location.hash.startsWith('#/use')) writeAsk(asked);
  }

  async load() {
    const { asked } = this.state;
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(asked)) if (value !== null && value !== '' && value !== false) query.set(name, value === true ? '1' : String(value));
    try {
      const data = await ask('GET', `/api/use?${query}`);
      if (asked === this.state.asked) this.setState({ data, of: asked, error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  renderTools(board, { asked }) {
    return html`<div class="tools">
      <span role="group" aria-label=${t('use.span')} class="together">
        ${DAYS.map((n) => html`<button aria-pressed=${n === asked.days} onClick=${() => this.change({ days: n })}>${t(`use.days.${n}`)}</button>`)}
      </span>
      <${Choice} label=${t('fleet.locker')} name="locker" value=${asked.locker} options=${[['', t('use.lockers')], ...board.lockers.map((l) => [l.id, l.name])]} onChoose=${(locker) => this.change({ locker })} />
      <label class="field tick"><input type="checkbox" name="shared" checked=${asked.shared} onChange=${(e) => this.change({ shared: e.target.checked })} /><span>${t('use.shared')}</span></label>
    </div>`;
  }

  renderSaved(data) {
    const sum = (key) => data.days.reduce((n, d) => n + (d[key] ?? 0), 0);
    const total = sum('saved_min');
    const number = (name) => html`<${Field} label=${t(`use.minutes.${name}`)} type="number" min="0" max="120" name=${name} value=${data.minutes[name]} onChange=${(e) => this.change({ [name]: Number(e.target.value) })} />`;
    return html`<section class="card">
      <h2>${t('use.saved')}</h2>
      <p class="figures">
        <span><b>${sum('collected')}</b> ${t('use.collected')}</span> <span><b>${sum('loaded')}</b> ${t('use.loaded')}</span> <span><b>${sum('expired')}</b> ${t('use.expired')}</span>
        ${' '}<span><b>${(total / 60).toLocaleString(locale(), { maximumFractionDigits: 1 })}</b> ${many('use.hours', total / 60)}</span>
      </p>
      <p class="soft">${t('use.formula')}</p>
      <div class="tools">${number('counter')}${number('load')}${number('back')}</div>
    </section>`;
  }

  render({ board }, { data, of, error, asked }) {
    return html`<h1>${t('nav.use')}</h1>
      ${this.renderTools(board, { asked })}
      <${Notice} error=${error} />
      ${of !== asked && !error && html`<${Reading} />`}
      ${data?.shared && html`<p class="notice">${t('use.few', { n: data.few })}</p>`}
      ${data &&
      html`<section class="card"><${Heat} id="collected" rows=${data.heat.collected} label=${t('use.heat.collected')} few=${data.few} /><${Heat} id="opened" rows=${data.heat.opened} label=${t('use.heat.opened')} few=${data.few} /></section>
        ${this.renderSaved(data)}
        <section class="card pair">
          <${Chart} days=${data.days} keys=${[['collected', 'accent'], ['loaded', 'busy-ink']]} label=${t('use.chart.bags')} />
          <${Chart} days=${data.days} keys=${[['wait_min', 'accent']]} label=${t('use.chart.wait')} />
          <${Chart} days=${data.days} keys=${[['expired', 'accent']]} label=${t('use.chart.expired')} />
          <${Chart} days=${data.days} keys=${[['fault', 'accent']]} label=${t('use.chart.fault')} />
        </section>
        <${Days} days=${data.days} />
        <p class="soft">${t('use.explain')}</p>`}`;
  }
}
