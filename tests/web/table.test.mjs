// SPDX-License-Identifier: Apache-2.0
// The pure part of the table of all staff pages: what is seen, in which order, and as a file.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../stage/stage.mjs';

const script = (name) => import(pathToFileURL(path.join(ROOT, 'build/share/web', name)));
const { select, compare } = await script('table.mjs');
const { toCsv, csvCell } = await script('file.mjs');

const columns = [
  { key: 'door', label: 'Door', value: (r) => r.door },
  { key: 'n', label: 'Times', kind: 'number', value: (r) => r.n },
  { key: 'kind', label: 'Kind', choose: true, value: (r) => r.kind },
];
const rows = [
  { door: 'A10', n: 3, kind: 'jam' },
  { door: 'A2', n: null, kind: 'forced' },
  { door: 'B1', n: 12, kind: 'jam' },
];
const doors = (list) => list.map((r) => r.door).join(' ');

test('names sort as people count, numbers as numbers, and nothing is last both ways', () => {
  assert.equal(doors(select(rows, columns, { sort: 'door' })), 'A2 A10 B1');
  assert.equal(doors(select(rows, columns, { sort: '-door' })), 'B1 A10 A2');
  assert.equal(doors(select(rows, columns, { sort: 'n' })), 'A10 B1 A2');
  assert.equal(doors(select(rows, columns, { sort: '-n' })), 'B1 A10 A2');
  assert.equal(doors(select(rows, columns, { sort: 'unknown' })), 'A10 A2 B1');
  assert.equal(compare(null, null), 0);
});

test('every word of the filter must be in the row, in any column and any case', () => {
  assert.equal(doors(select(rows, columns, { q: 'JAM a1' })), 'A10');
  assert.equal(doors(select(rows, columns, { q: '  ' })), 'A10 A2 B1');
  assert.equal(doors(select(rows, columns, { q: 'nowhere' })), '');
});

test('a choice holds exactly, together with the filter', () => {
  assert.equal(doors(select(rows, columns, { choices: { kind: 'jam' } })), 'A10 B1');
  assert.equal(doors(select(rows, columns, { choices: { kind: 'ja' } })), '');
  assert.equal(doors(select(rows, columns, { choices: { kind: 'jam' }, q: 'b1' })), 'B1');
});

test('a file is RFC 4180: quotes doubled, lines ended by CR LF, nothing is empty', () => {
  const file = toCsv([{ door: 'A "1", left', n: null, kind: 'two\nlines' }], columns);
  assert.equal(file, 'Door,Times,Kind\r\n"A ""1"", left",,"two\nlines"\r\n');
});

test('no cell of a file is a formula; a negative number stays a number', () => {
  for (const bad of ['=1+1', '+1', '-1', '@x', '\tx', '\rx']) assert.ok(csvCell(bad).replace(/^"/, '').startsWith("'"), bad);
  assert.equal(csvCell(-5), '-5');
});

test('a time is exported as ISO 8601, a column may export something else than it sorts by', () => {
  const file = toCsv([{ at: 0 }, { at: null }], [{ key: 'at', label: 'At', kind: 'time', value: (r) => r.at }, { key: 'x', label: 'X', value: () => 1, csv: () => 'one' }]);
  assert.equal(file, 'At,X\r\n1970-01-01T00:00:00.000Z,one\r\n,one\r\n');
});
