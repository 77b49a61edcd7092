// SPDX-License-Identifier: Apache-2.0
// Rows of a table as a file that spreadsheets read.
export const isNothing = (v) => v === null || v === undefined || v === '' || Number.isNaN(v);

// RFC 4180. A text that a spreadsheet would run as a formula is made a text again.
export function csvCell(v) {
  if (isNothing(v)) return '';
  let text = String(v);
  if (typeof v !== 'number' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toCsv(rows, columns) {
  const cell = (c, row) => {
    if (c.csv) return csvCell(c.csv(row));
    const v = c.value(row);
    return c.kind === 'time' && typeof v === 'number' ? csvCell(new Date(v).toISOString()) : csvCell(v);
  };
  return [columns.map((c) => csvCell(c.label)), ...rows.map((row) => columns.map((c) => cell(c, row)))].map((line) => `${line.join(',')}\r\n`).join('');
}

export function save(name, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
