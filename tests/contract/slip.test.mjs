// SPDX-License-Identifier: Apache-2.0
// What the paper of the hub and the locker must have in common.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const read = (file) => readFileSync(path.join(root, file), 'utf8');

test('the help code on slips is the help key of the locker', () => {
  const list = read('controller/event.h').match(/enum event_key \{([^}]*)\}/)[1].replace(/\/\*.*?\*\//gs, '');
  const number = Number(read('backend/slip.h').match(/#define SLIP_KEY_HELP (\d+)/)[1]);
  assert.equal(list.split(',')[number].trim(), 'EVENT_KEY_HELP');
});
