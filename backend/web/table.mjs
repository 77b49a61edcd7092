// SPDX-License-Identifier: Apache-2.0
// A table for every page: filter, sort, a view that is a link, and a file of what is shown.
//
// <${Table} id="faults" caption=${...} rows=${[...]} columns=${[...]} />
//   id       short name, unique on its page: the view stands in the address as ?faults.q=door&faults.sort=-since
//   columns  [{ key, label, value(row), show?(row), csv?(row), kind?, choose? }]; the first one names its row
//            value: what is sorted, filtered and exported: a text, a number, a time in ms (kind 'time'), or null
//            show:  what is seen (default: the value); csv: what is exported (default: the value)
//            kind:  'number' (to the right), 'time' (seen as a moment, exported as ISO 8601); choose: a list of its values to pick from
//   rows     any objects; rowKey(row) for keys, rowProps(row) for attributes of the <tr>
//   sort     the order at first ('since', '-since'; default: as the rows come); empty: the sentence without rows
import { html, Component, t, many, moment, currentLanguage } from './parts.mjs';
import { isNothing, save, toCsv } from './file.mjs';

const PAGE_ROWS = 100;

// ---------------------------------------------------------------- the view in the address
const splitPlace = () => {
  const [path, query = ''] = location.hash.split('?');
  return [path, new URLSearchParams(query)];
};

// What the address says about one table.
export function readView(id) {
  const [, query] = splitPlace();
  const choices = {};
  for (const [name, value] of query) if (name.startsWith(`${id}.is.`)) choices[name.slice(id.length + 4)] = value;
  return { q: query.get(`${id}.q`) ?? '', sort: query.get(`${id}.sort`) ?? '', choices };
}

// Into the address, in place: Back leaves the page, not the last letter.
export function writeView(id, view) {
  const [path, query] = splitPlace();
  for (const name of [...query.keys()]) if (name.startsWith(`${id}.`)) query.delete(name);
  if (view.q) query.set(`${id}.q`, view.q);
  if (view.sort) query.set(`${id}.sort`, view.sort);
  for (const [key, value] of Object.entries(view.choices)) if (value) query.set(`${id}.is.${key}`, value);
  const text = query.toString();
  history.replaceState(history.state, '', text ? `${path}?${text}` : path || '#/');
}

// ---------------------------------------------------------------- pure: what is seen, and in which order
// Nothing is always last, whichever way is up.
export function compare(a, b, down) {
  if (isNothing(a) || isNothing(b)) return isNothing(a) - isNothing(b);
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), currentLanguage(), { numeric: true });
  return down ? -order : order;
}

const asText = (column, row) => {
  const v = column.value(row);
  if (isNothing(v)) return '';
  return column.kind === 'time' ? moment(v) : String(v);
};

// Every word of the filter is somewhere in the row; every choice holds.
export function select(rows, columns, { q = '', sort = '', choices = {} }) {
  const words = q.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const chosen = columns.filter((c) => choices[c.key]);
  const seen = rows.filter((row) => {
    if (chosen.some((c) => asText(c, row) !== choices[c.key])) return false;
    if (words.length === 0) return true;
    const text = columns.map((c) => asText(c, row)).join('\n').toLocaleLowerCase();
    return words.every((w) => text.includes(w));
  });
  const down = sort.startsWith('-');
  const column = columns.find((c) => c.key === (down ? sort.slice(1) : sort));
  return column ? seen.map((row, i) => [row, i]).sort(([a, i], [b, j]) => compare(column.value(a), column.value(b), down) || i - j).map(([row]) => row) : seen;
}

// ---------------------------------------------------------------- the table
const SORT_MARK = { ascending: '▲', descending: '▼' };

const shown = (column, row) => {
  if (column.show) return column.show(row);
  const v = column.value(row);
  if (isNothing(v)) return '–';
  return column.kind === 'time' ? moment(v) : v;
};

// What both kinds of table are drawn with: headers that sort where can(column) says so, rows, or a sentence.
export const Grid = ({ caption, columns, rows, sort, can = () => true, onTurn, rowKey, rowProps, nothing }) => {
  const down = sort.startsWith('-');
  const key = down ? sort.slice(1) : sort;
  return html`<table role="table">
    <caption>${caption}</caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map((c) => {
          const turned = c.key === key ? (down ? 'descending' : 'ascending') : null;
          return html`<th scope="col" role="columnheader" class=${c.kind ?? ''} aria-sort=${turned}
            >${can(c) ? html`<button type="button" class="sort" data-sort=${c.key} onClick=${() => onTurn(turned === 'ascending' ? `-${c.key}` : c.key)}>${c.label}<span aria-hidden="true"> ${SORT_MARK[turned] ?? ''}</span></button>` : c.label}</th
          >`;
        })}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (row, i) =>
          html`<tr role="row" key=${rowKey ? rowKey(row) : i} ...${rowProps?.(row) ?? {}}>
            ${columns.map((c, k) =>
              k === 0
                ? html`<th scope="row" role="rowheader" class=${c.kind ?? ''}>${shown(c, row)}</th>`
                : html`<td role="cell" class=${c.kind ?? ''}><span class="label" aria-hidden="true">${c.label}</span><span>${shown(c, row)}</span></td>`,
            )}
          </tr>`,
      )}
      ${rows.length === 0 && html`<tr role="row"><td role="cell" class="empty" colspan=${columns.length}>${nothing}</td></tr>`}
    </tbody>
  </table>`;
};

export class Table extends Component {
  constructor(props) {
    super(props);
    this.state = { ...readView(props.id), limit: PAGE_ROWS };
    this.onPlace = () => this.setState(readView(this.props.id)); // a link to another view of this table
  }

  componentDidMount() {
    addEventListener('hashchange', this.onPlace);
  }

  componentWillUnmount() {
    removeEventListener('hashchange', this.onPlace);
  }

  change(part) {
    this.setState({ ...part, limit: PAGE_ROWS }, () => {
      const { q, sort, choices } = this.state;
      writeView(this.props.id, { q, sort, choices });
    });
  }

  renderTools(seen, { q, choices }) {
    const { id, rows, columns, caption } = this.props;
    return html`<div class="table-tools">
      <label class="field"><span>${t('table.filter')}</span><input type="search" name="${id}.q" value=${q} maxlength="80" onInput=${(e) => this.change({ q: e.target.value })} /></label>
      ${columns
        .filter((c) => c.choose)
        .map((c) => {
          const values = [...new Set(rows.map((row) => asText(c, row)).filter(Boolean))].sort((a, b) => compare(a, b));
          if (choices[c.key] && !values.includes(choices[c.key])) values.unshift(choices[c.key]);
          return html`<label class="field"><span>${c.label}</span
            ><select name="${id}.is.${c.key}" onChange=${(e) => this.change({ choices: { ...choices, [c.key]: e.target.value } })}>
              <option value="" selected=${!choices[c.key]}>${t('table.all')}</option>
              ${values.map((v) => html`<option value=${v} selected=${choices[c.key] === v}>${v}</option>`)}
            </select></label>`;
        })}
      <span class="table-count" role="status">${seen.length === rows.length ? many('table.rows', rows.length) : many('table.some', rows.length, { n: seen.length, m: rows.length })}</span>
      <button type="button" onClick=${() => save(`${id}.csv`, toCsv(seen, columns))} aria-label=${t('table.csv.of', { name: caption })}>${t('table.csv')}</button>
    </div>`;
  }

  render({ id, caption, rows, columns, rowKey, rowProps, empty, sort: first = '' }, { q, sort, choices, limit }) {
    const order = sort || first;
    const seen = select(rows, columns, { q, sort: order, choices });
    return html`<div class="table" data-table=${id}>
      ${(rows.length > 0 || q) && this.renderTools(seen, { q, choices })}
      <${Grid} caption=${caption} columns=${columns} rows=${seen.slice(0, limit)} sort=${order} onTurn=${(turned) => this.change({ sort: turned })} rowKey=${rowKey} rowProps=${rowProps}
        nothing=${rows.length === 0 ? (empty ?? t('table.empty')) : t('table.none')} />
      ${seen.length > limit && html`<button type="button" onClick=${() => this.setState({ limit: limit + PAGE_ROWS })}>${t('table.more', { n: seen.length - limit })}</button>`}
    </div>`;
  }
}
