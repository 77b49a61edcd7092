// SPDX-License-Identifier: Apache-2.0
// Pages as people meet them: Debian's Chromium on the real daemons. check() holds for every page and state: no violation of axe-core
// (WCAG 2.2 A and AA; at the kiosk the enhanced contrast too), nothing wider than the screen, no error, no other host asked. A picture
// of each is kept in build/web.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { PATIENCE_MS, ROOT } from '../stage/stage.mjs';

export const PICTURES = path.join(ROOT, 'build/web');
const AXE = readFileSync(path.join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const BROWSER = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
// A kiosk's browser may speak before the first touch; the rest keeps a browser from asking anybody but us.
const FLAGS = [
  '--autoplay-policy=no-user-gesture-required', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

// How long a test may take. Each wait in it has its own limit, which is shorter and says what was waited for.
export const TEST_MS = 300000;

let browser;
let opening;

// One browser for all pages of a test file; close() ends it.
export async function launch() {
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false }; // the stage ends, and the browser with it
  opening ??= chromium.launch({ executablePath: BROWSER, args: FLAGS, timeout: 2 * PATIENCE_MS, ...signals }); // two who ask at once get one
  browser = await opening;
  return browser;
}

export async function close() {
  await browser?.close();
  browser = opening = undefined;
}

// A page of the hub (logged in as the stage is, unless `stranger`) or of the kiosk. The page's context ends with page.context().close().
//   language  of the staff pages; the kiosk has its own
//   at        fragment of the hub's address: '#/orders'
export async function open(stage, which, { language = 'nl', width = 1280, height = 800, dark = false, stranger = false, at = '', touch = false } = {}) {
  await launch();
  const url = which === 'kiosk' ? stage.kioskUrl : stage.hubUrl;
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce', locale: language === 'nl' ? 'nl-NL' : 'en-GB',
    timezoneId: 'Europe/Amsterdam', hasTouch: touch, acceptDownloads: true,
  });
  if (which === 'hub' && !stranger) {
    const [name, value] = stage.cookie.split('=');
    await context.addCookies([{ name, value, url }]);
  }
  if (which === 'hub') await context.addInitScript(([key, value]) => localStorage.setItem(key, value), ['language', language]);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.which = which;
  page.wrong = [];
  page.scripts = []; // bytes of each script that was loaded, as promises; one that the browser had already weighs nothing
  page.on('response', (r) => r.request().resourceType() === 'script' && page.scripts.push(r.body().then((b) => b.length, () => 0)));
  page.on('pageerror', (e) => page.wrong.push(`error: ${e.message}`));
  page.on('console', (m) => m.type() === 'error' && !isRefusal(m) && page.wrong.push(`console: ${m.text()}`));
  page.on('request', (r) => {
    const to = new URL(r.url());
    if (to.protocol.startsWith('http') && to.origin !== url) page.wrong.push(`asked another host: ${to.origin}`);
  });
  await page.goto(`${url}/${at}`);
  return page;
}

// Goes to another page of the hub, as a link in the menu does; until it is that page, and no longer the one before.
export async function turnTo(page, at) {
  await page.evaluate((hash) => (location.hash = hash), at);
  await page.waitForSelector(`header nav a[href="${at}"][aria-current=page]`, { state: 'attached' });
  await settled(page);
}

// When the page has what it shows.
export async function settled(page) {
  await page.waitForSelector(page.which === 'kiosk' ? '#lines li' : 'main h1', { state: 'attached' });
  await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"], .curve:not([data-drawn])'));
}

// Bytes of script that the page loads, not compressed: also what it loads only when there is something to draw, or a dangerous act.
export const SCRIPT_LIMIT = 100_000;
export async function weigh(page) {
  await settled(page);
  if (page.which === 'hub') {
    const has = (name) => page.evaluate((n) => performance.getEntriesByType('resource').some((e) => e.name.endsWith(n)), name);
    const late = ['/again.mjs', ...((await has('/curve.mjs')) ? ['/vendor/uplot.mjs'] : [])];
    for (const name of late) await page.evaluate((n) => import(n), name);
  }
  return (await Promise.all(page.scripts)).reduce((a, b) => a + b, 0);
}

// Chromium reports every 4xx and 5xx answer as an error; what a page makes of it is what counts.
const isRefusal = (message) => /Failed to load resource: the server responded with a status of/.test(message.text());

// Holds what the head of this file says, of the state that the page shows now, and keeps its picture as build/web/<name>.png.
//   except  axe rules that do not apply here, each with its reason: { 'rule-id': 'why' }
export async function check(page, name, { except = {}, full = true } = {}) {
  await page.evaluate(() => document.fonts.ready.then(() => Promise.all(document.getAnimations().map((a) => a.finished.catch(() => {})))));
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: full, animations: 'disabled' });
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const found = await page.evaluate(
    async ([tags, enhanced, off]) => {
      const rules = Object.fromEntries(off.map((id) => [id, { enabled: false }]));
      if (enhanced) rules['color-contrast-enhanced'] = { enabled: true };
      const result = await globalThis.axe.run(document, { runOnly: { type: 'tag', values: tags }, rules, resultTypes: ['violations'] });
      return result.violations.map((v) => `${v.id}: ${v.help}\n      ${v.nodes.slice(0, 5).map((n) => `${n.target.join(' ')} ${n.failureSummary.split('\n').slice(1).join(' ')}`).join('\n      ')}`);
    },
    [TAGS, page.which === 'kiosk', Object.keys(except)],
  );
  assert.equal(found.length, 0, `${name}: ${found.join('\n    ')}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${name}: ${wide} px wider than the screen`);
  assert.deepEqual(page.wrong, [], name);
}

// Everything that can be reached by Tab alone, as texts of what has the focus, until it comes round.
export async function tabThrough(page, most = 200) {
  const seen = [];
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate(() => {
      const e = document.activeElement;
      if (!e || e === document.body) return null;
      e.dataset.tabbed ??= String(document.querySelectorAll('[data-tabbed]').length + 1);
      const ring = getComputedStyle(e);
      return { key: e.dataset.tabbed, name: (e.getAttribute('aria-label') || e.textContent || e.name || e.tagName).trim(), visible: ring.outlineStyle !== 'none' };
    });
    if (!now || seen.some((s) => s.key === now.key)) break;
    seen.push(now);
  }
  return seen;
}
