// SPDX-License-Identifier: Apache-2.0
// make bench: speed and size, each beside a limit or a peer of the same run. docs/bench.md says how each figure is made. Names as
// arguments run only those parts. Exits 1 only when something could not be measured.
import { Table } from './measure.mjs';
import { measureScan } from './scan.mjs';

const parts = { scan: measureScan };
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts);
const table = new Table();
for (const name of wanted) await parts[name](table);
table.print();
process.exit(table.failed.length > 0 ? 1 : 0);
