// SPDX-License-Identifier: Apache-2.0
// The safety core: what decides whether a lock may move, and what makes a decision durable and tells it to the hub. Every branch of
// it is taken by a unit or contract test, but for the exceptions listed in tests/proof/exceptions.
export const CORE = [
  // the state machine of doors, orders and people
  ...['allot', 'badge', 'carer', 'choice', 'claim', 'commission', 'compartment', 'complaint', 'effect', 'floor', 'gate', 'handover', 'inspection', 'ledger', 'loading', 'locker', 'offer', 'opening', 'order',
    'pickup', 'pickup_screen', 'record', 'refusal', 'remote', 'screen', 'staff', 'visit'].map((n) => `controller/${n}.c`),
  'controller/limiter.c',
  // verifier
  'common/code.c', 'common/token.c',
  // envelope
  'common/msg.c', 'common/stream.c', 'controller/seal.c',
  // journal and outbox
  'controller/chain.c', 'controller/rows.c', 'controller/store.c',
  // rules of the bus
  ...['debounce', 'firewall', 'frame', 'pulse', 'schedule'].map((n) => `hw/${n}.c`),
];
