// SPDX-License-Identifier: Apache-2.0
// The list of orders, all of them: searched, sorted and cut into pages by the hub.
import { html, t, say, orderPlace, OrderState } from './parts.mjs';
import { FarTable, dayRange } from './far.mjs';

const OPEN = ['registered', 'packed', 'in_transit', 'ready', 'unconfirmed', 'withdrawing', 'withdrawn', 'expired', 'recalled', 'returned'];
const OVER = ['collected', 'restocked', 'destroyed', 'lost', 'cancelled'];

// Only who knows patients searches in names and references; others by the number of the bag.
const toQuery = (me) => ({ q, choices }) => ({
  state: { all: '' }[choices.state] ?? (choices.state || OPEN.join(',')),
  locker: choices.locker,
  search: me.knows_patients ? q : q.replace(/\D/g, ''),
  ...dayRange(choices),
});

const columnsFor = (me) => [
  { key: 'number', label: t('order.number'), sort: true, value: (o) => o.number, show: (o) => html`<a href="#/order/${o.id}">${o.number}</a>` },
  { key: 'state', label: t('order.state'), sort: true, value: (o) => say('state', o.state), show: (o) => html`<${OrderState} order=${o} />` },
  ...(me.knows_patients
    ? [
        { key: 'patient', label: t('order.patient'), sort: true, value: (o) => o.patient },
        { key: 'reference', label: t('order.reference'), value: (o) => o.reference },
        { key: 'told', label: t('order.told'), kind: 'time', value: (o) => o.told_ms },
      ]
    : []),
  { key: 'place', label: t('order.place'), value: orderPlace },
  { key: 'until', label: t('order.until'), sort: true, kind: 'time', value: (o) => (o.not_after_s ? o.not_after_s * 1000 : null) },
  { key: 'changed', label: t('order.changed'), sort: true, kind: 'time', value: (o) => o.changed_ms },
];

export const OrdersPage = ({ me, board }) => {
  const states = [['', t('orders.open')], ['all', t('orders.all')], ...[...OPEN, ...OVER].map((s) => [s, say('state', s)])];
  const lockers = [['', t('table.all')], ...board.lockers.map((l) => [l.id, l.name])];
  const filters = [
    { key: 'state', label: t('orders.show'), options: states },
    { key: 'locker', label: t('fleet.locker'), options: lockers },
    { key: 'from', label: t('orders.from'), type: 'date' },
    { key: 'to', label: t('orders.to'), type: 'date' },
  ];
  return html`<h1>${t('nav.orders')}</h1>
    ${me.knows_patients && html`<p class="tools"><a class="button primary" href="#/new">${t('nav.new')}</a></p>`}
    <${FarTable} id="orders" where="/api/orders" list="orders" caption=${t('nav.orders')} columns=${columnsFor(me)} filters=${filters} toQuery=${toQuery(me)}
      searchLabel=${t(me.knows_patients ? 'orders.search' : 'orders.search.number')} cursor=${(o) => o.number} rowKey=${(o) => o.id}
      rowProps=${(o) => ({ 'data-order': o.id, 'data-state': o.state })} empty=${t('orders.none')} />`;
};
