// SPDX-License-Identifier: Apache-2.0
// The catalogues of the project, and what the controller can show.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const all = (text, pattern) => [...text.matchAll(pattern)].map((m) => m[1]);

function members(header) {
  const body = /struct screen \{([^}]*)\}/.exec(header)[1].replace(/\/\*[\s\S]*?\*\//g, '');
  return body.split(/[;,]/).map((part) => part.replace(/\[\w+\]/, '').trim().split(/\s+/).pop()).filter(Boolean);
}

// From the tables of the controller, so that a new screen or notice without words is found.
export function known() {
  const screen = read('controller/screen.c');
  return {
    languages: all(read('common/language.c'), /\[LANGUAGE_\w+\] = "([a-z]{2})"/g),
    ids: all(screen, /\[SCREEN_(?!NOTICE|SOUND)\w+\] = "([a-z-]+)"/g),
    notices: all(screen, /\[SCREEN_NOTICE_\w+\] = "([a-z-]+)"/g),
    // What a screen has, what the kiosk adds, and what the page makes of it.
    members: [...members(read('controller/screen.h')), 'telephone', 'minutes', 'n'],
    onlySaid: ['cleared', 'show', 'hide', 'left'],
    ofPatients: ['none', 'typo', 'date', 'bad-scan', 'try-later', 'extended', 'no-digit', 'told', 'nothing'],
  };
}

const catalogue = (file) => ({ file, language: path.basename(file, '.json').split('.').pop(), text: read(file) });
// Every catalogue of a folder: [{file, language, text}], Dutch first, which is the measure for the others.
export function folder(name, pattern) {
  const files = existsSync(path.join(ROOT, name)) ? readdirSync(path.join(ROOT, name)).filter((f) => pattern.test(f)) : [];
  return files.map((f) => catalogue(`${name}/${f}`)).sort((a, b) => (b.language === 'nl') - (a.language === 'nl') || a.file.localeCompare(b.file));
}
export const kiosk = () => folder('controller/kiosk', /^[a-z]{2}\.json$/);
export const hub = () => folder('backend/web', /^[a-z]{2}\.json$/);
export const slips = () => folder('backend/web', /^slip\.[a-z]{2}\.json$/);

const sources = (dir, ext) => readdirSync(path.join(ROOT, dir)).filter((f) => f.endsWith(ext)).map((f) => read(`${dir}/${f}`)).join('\n');
// The keys that pages and programs name in their text. A key that is put together, `nav.${name}`, is given up to there: "page.nav.".
export function mentioned() {
  const pages = sources('backend/web', '.mjs');
  const kioskPage = sources('controller/kiosk', '.mjs');
  return {
    hub: [
      ...all(pages, /\bt\('([^']+)'/g), ...all(pages, /\b(?:t|many)\(`([^$`]+)\$\{/g),
      ...all(pages, /\bmany\('([^']+)'/g).flatMap((key) => [key, `${key}.1`]), // a count has words for one
    ].map((key) => `page.${key}`),
    prints: all(sources('backend', '.c'), /\b(?:print_pair|print_words|print_open|text_get|put_both|put_twice|put_second)\(([^;]*);/g).flatMap((call) => all(call, /"([a-z]+(?:\.[a-z0-9_]+)+)"/g)),
    kiosk: all(kioskPage, /(?:\bt\[|plain\(|marked\(|clips\(t, )'([^']+)'/g),
  };
}
