// SPDX-License-Identifier: Apache-2.0
// A table whose rows stay at the hub: it filters, sorts and cuts into pages, so that nothing that fits is missed; the file has all of it.
//
// <${FarTable} id="orders" where="/api/orders" list="orders" columns=${[...]} filters=${[...]} toQuery=${...} cursor=${...} />
//   id, caption, columns, rowKey, rowProps, empty  as of Table; only a column with sort: true can be sorted by
//   where, list   the address, and the member of its answer with the rows; "count" there says how many fit
//   filters       [{ key, label, options: [[value, words]] } or { key, label, type }]; what is chosen stands in the address; options may come from the last answer
//   toQuery       ({ q, choices }) to what is asked; cursor(row): what ?below= goes on from
import { html, Component, t, many, ask, poll, Notice, Progress } from './parts.mjs';
import { Grid, readView, writeView } from './table.mjs';
import { save, toCsv } from './file.mjs';

const POLL_MS = 1000;
const PAGE_ROWS = 100;
const PORTION = 1000; // rows of one request for the file
const FILE_MAX = 50000; // rows that a browser and a spreadsheet still hold well

// The day of a field as the moment when it begins here; days: so many later.
const dayStart = (text, days = 0) => {
  const [y, m, d] = text.split('-').map(Number);
  return Math.max(1, new Date(y, m - 1, d + days).getTime()); // a year that is not typed in full is long ago
};

// Two fields of type date as the hub is asked for them.
export const dayRange = ({ from, to }) => ({ ...(from ? { from_ms: dayStart(from) } : {}), ...(to ? { to_ms: dayStart(to, 1) } : {}) });

export class FarTable extends Component {
  constructor(props) {
    super(props);
    this.state = { ...readView(props.id), news: null, waiting: true, error: null, saving: null, note: null };
    this.onPlace = () => this.setState(readView(this.props.id), () => this.watch());
  }

  componentDidMount() {
    addEventListener('hashchange', this.onPlace);
    this.watch();
  }

  componentWillUnmount() {
    removeEventListener('hashchange', this.onPlace);
    this.gone = true;
    this.stop?.();
  }

  page() {
    return Math.max(1, Number(this.state.choices.page) || 1);
  }

  address(more) {
    const { where, toQuery } = this.props;
    const asked = Object.entries({ ...toQuery(this.state), ...more }).filter(([, value]) => value !== undefined && value !== '');
    return `${where}?${new URLSearchParams(asked)}`;
  }

  watch() {
    const page = this.page();
    this.stop?.();
    this.setState({ waiting: true });
    this.stop = poll(this.address({ sort: this.state.sort, limit: PAGE_ROWS, offset: (page - 1) * PAGE_ROWS }), POLL_MS, {
      onNews: (news) => {
        this.setState((s) => ({ news: news ?? s.news, waiting: false, error: null }));
        const last = Math.max(1, Math.ceil((news?.count ?? Infinity) / PAGE_ROWS));
        if (page > last) this.turn(last); // what stood there has gone
      },
      onError: (error) => this.setState({ error, waiting: false }),
    });
  }

  // Another question begins at its first page.
  change(part) {
    this.setState((s) => ({ ...part, choices: { ...(part.choices ?? s.choices), page: part.choices?.page ?? '' } }), () => {
      const { q, sort, choices } = this.state;
      writeView(this.props.id, { q, sort, choices });
      this.watch();
    });
  }

  turn(page) {
    this.change({ choices: { ...this.state.choices, page: page > 1 ? String(page) : '' } });
  }

  choose(key, value) {
    this.change({ choices: { ...this.state.choices, [key]: value, page: '' } });
  }

  // All that fits, not what is shown: newest first, each once, also while new ones come in.
  async file() {
    const { id, list, cursor, columns } = this.props;
    const rows = [];
    let total = null;
    this.setState({ saving: { done: 0, total: 0 }, note: null, error: null });
    try {
      for (let more = true; more && rows.length < FILE_MAX && !this.gone; ) {
        const answer = await ask('GET', this.address({ limit: PORTION, ...(rows.length ? { below: cursor(rows.at(-1)) } : {}) }));
        total ??= answer.count;
        rows.push(...answer[list]);
        more = answer[list].length === PORTION;
        this.setState({ saving: { done: rows.length, total } });
      }
      if (this.gone) return;
      save(`${id}.csv`, toCsv(rows, columns));
      if (rows.length < total) this.setState({ note: t('far.cut', { n: rows.length, m: total }) });
    } catch (error) {
      this.setState({ error });
    } finally {
      this.setState({ saving: null });
    }
  }

  renderTools({ q, choices, news, saving }) {
    const { id, caption, filters, searchLabel } = this.props;
    const from = (this.page() - 1) * PAGE_ROWS;
    const rows = news?.[this.props.list].length ?? 0;
    const all = news && rows === news.count;
    return html`<div class="table-tools">
      <label class="field"><span>${searchLabel}</span><input type="search" name="${id}.q" value=${q} maxlength="80" onInput=${(e) => this.change({ q: e.target.value })} /></label>
      ${filters.map(
        ({ key, label, options, type }) =>
          html`<label class="field"><span>${label}</span
            >${options
              ? html`<select name="${id}.is.${key}" onChange=${(e) => this.choose(key, e.target.value)}>
                  ${(typeof options === 'function' ? options(news) : options).map(([value, words]) => html`<option value=${value} selected=${(choices[key] ?? '') === value}>${words}</option>`)}
                </select>`
              : html`<input type=${type} name="${id}.is.${key}" value=${choices[key] ?? ''} onChange=${(e) => this.choose(key, e.target.value)} />`}</label
          >`,
      )}
      <span class="table-count" role="status"
        >${news && (all ? many('table.rows', rows) : rows === 0 ? t('far.none', { m: news.count }) : t('far.some', { from: from + 1, to: from + rows, m: news.count }))}</span
      >
      <button type="button" disabled=${saving !== null} onClick=${() => this.file()} aria-label=${t('table.csv.of', { name: caption })}>${t('table.csv')}</button>
    </div>`;
  }

  renderPages(count) {
    const page = this.page();
    const last = Math.ceil(count / PAGE_ROWS);
    if (last < 2) return null;
    return html`<nav class="tools" aria-label=${t('far.pages', { name: this.props.caption })}>
      <button type="button" disabled=${page === 1} onClick=${() => this.turn(page - 1)}>${t('far.before')}</button>
      <span class="soft">${t('far.page', { n: page, m: last })}</span>
      <button type="button" disabled=${page >= last} onClick=${() => this.turn(page + 1)}>${t('far.next')}</button>
    </nav>`;
  }

  render({ id, list, caption, columns, rowKey, rowProps, empty }, { news, waiting, error, saving, note, sort, q, choices }) {
    const asked = q || Object.values(choices).some(Boolean);
    return html`<${Notice} error=${error} text=${note} />
      <div class="table" data-table=${id} aria-busy=${waiting ? 'true' : null}>
        ${this.renderTools(this.state)} ${saving && html`<${Progress} label=${t('far.saving')} done=${saving.done} total=${saving.total} />`}
        ${news
          ? html`<${Grid} caption=${caption} columns=${columns} rows=${news[list]} sort=${sort} can=${(c) => c.sort} onTurn=${(turned) => this.change({ sort: turned })} rowKey=${rowKey} rowProps=${rowProps}
                nothing=${asked ? t('table.none') : (empty ?? t('table.empty'))} />
              ${this.renderPages(news.count)}`
          : !error && t('busy')}
      </div>`;
  }
}
