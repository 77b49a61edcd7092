// SPDX-License-Identifier: Apache-2.0
// The audit: who did what, and when; searched and cut into pages by the hub, the newest first.
import { html, t, say, exact, BagLink, detailWords } from './parts.mjs';
import { FarTable, dayRange } from './far.mjs';

const toQuery = ({ q, choices }) => ({ search: q.trim(), actor: choices.who, action: choices.what, ...dayRange(choices) });

const columnsFor = (me) => [
  { key: 'seq', label: t('audit.seq'), kind: 'number', sort: true, value: (a) => a.seq },
  { key: 'at', label: t('audit.at'), kind: 'time', value: (a) => a.at_ms, show: (a) => exact(a.at_ms) },
  { key: 'who', label: t('audit.who'), value: (a) => a.actor },
  { key: 'what', label: t('audit.what'), value: (a) => say('action', a.action), csv: (a) => a.action },
  { key: 'subject', label: t('audit.subject'), value: (a) => a.subject },
  { key: 'detail', label: t('audit.detail'), value: (a) => a.detail, show: (a) => detailWords(a) ?? '–' },
  { key: 'order', label: t('audit.order'), value: (a) => a.order_number, show: (a) => (a.order_number ? html`<${BagLink} order=${{ id: a.order, number: a.order_number }} me=${me} />` : '–') },
];

const choice = (list = [], words = (name) => name) => [['', t('table.all')], ...list.map((name) => [name, words(name)])];

export const AuditPage = ({ me }) => {
  const filters = [
    { key: 'who', label: t('audit.who'), options: (news) => choice(news?.actors) },
    { key: 'what', label: t('audit.what'), options: (news) => choice(news?.actions, (name) => say('action', name)) },
    { key: 'from', label: t('audit.from'), type: 'date' },
    { key: 'to', label: t('audit.to'), type: 'date' },
  ];
  return html`<h1>${t('nav.audit')}</h1>
    <p>${t('audit.why')}</p>
    <${FarTable} id="audit" where="/api/audit" list="rows" caption=${t('audit.all')} columns=${columnsFor(me)} filters=${filters} toQuery=${toQuery}
      searchLabel=${t('audit.search')} cursor=${(a) => a.seq} rowKey=${(a) => a.seq} />`;
};
