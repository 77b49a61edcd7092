// SPDX-License-Identifier: Apache-2.0
// Every screen of the kiosk, as it looks: by day and by night, on a screen of 10 inches that lies or stands, on a narrow one, from right to
// left. The page is the daemon's; what the daemon tells is put in here, because no story comes past every screen in every form.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LANGUAGES } from '../../controller/kiosk/speech.mjs';
import { DOORS, ROOT } from '../stage/stage.mjs';
import { PICTURES, TEST_MS, check, close, open } from './browser.mjs';
import { Ears, Finger, KeyedStage, card, catalogue, heard } from './robot.mjs';

const IDS = [...readFileSync(path.join(ROOT, 'controller/screen.c'), 'utf8').matchAll(/\[SCREEN_(?!NOTICE|SOUND)\w+\] = "([a-z-]+)"/g)].map((m) => m[1]);
const PLACE = { door: 'C2', number: 18, row: 3, rows: 3, column: 2, columns: 8 };
// What the controller tells with these screens.
const MORE = {
  code: { entry_cap: 10, entry_len: 4, seconds: 15, more: true }, birthday: { entry_cap: 4, entry_len: 2, notice: 'date' }, wait: { seconds: 130 }, doors: { ...PLACE },
  opening: PLACE, open: PLACE, close: PLACE, jam: { ...PLACE, step: 1, steps: 3, seconds: 18, more: true, reference: 305 }, next: { ...PLACE, bag: 2, bags: 3 },
  remote: PLACE, refused: { seconds: 12, more: true, reference: 17 }, help: { reference: 305 }, reported: { reference: 305 }, ask: { reference: 305 },
  'staff-pin': { entry_cap: 6, entry_len: 3 }, 'staff-menu': { entry_cap: 2, entry_len: 1, show: true, digits: '1', notice: 'loaded', ...PLACE },
  'staff-load-opening': PLACE, 'staff-load-open': PLACE, 'staff-load-label': PLACE, 'staff-inspect-opening': PLACE, 'staff-inspect-open': PLACE,
  'staff-test-open': PLACE, 'staff-inspect-ask': PLACE, 'staff-jam': PLACE,
};
const screen = (id, more = {}) => ({
  screen: id, notice: 'none', language: 'nl', door: '', number: 0, row: 0, rows: 0, column: 0, columns: 0, step: 0, steps: 0, entry_len: 0, entry_cap: 0,
  show: false, digits: '', seconds: 0, more: false, bag: 0, bags: 0, reference: 0, telephone: '0800 1234', site: 'Servicepunt Noord', sound: '', sounds: 0,
  buzzer: false, said: 0, speech: false, doors: DOORS.map(({ name, row, column }) => ({ name, row, column })), ...MORE[id], ...more,
});

let stage;

// A page that is told these screens; show(s) returns when the page shows it.
async function told(options) {
  const page = await open(stage, 'kiosk', options);
  if (options.contrast) await page.emulateMedia({ contrast: 'more' });
  let n = 0;
  let now = screen('start');
  let waiting = [];
  const answer = (route) => route.fulfill({ status: 200, json: now, headers: { etag: `"x-${n}"` } });
  await page.route(/\/screen(\?|$)/, (route) => (new URL(route.request().url()).searchParams.get('after') === `x-${n}` ? waiting.push(route) : answer(route)));
  await page.reload();
  page.show = async (s) => {
    n++;
    now = s;
    const all = waiting;
    waiting = [];
    await Promise.all(all.map((route) => answer(route).catch(() => {})));
    await page.waitForFunction(([id, language]) => document.body.dataset.screen === id && document.documentElement.lang === language, [s.screen, s.language]);
  };
  return page;
}

// Words that are wider or higher than the key they stand on, and headings that break inside of a word.
const cutOff = (page) =>
  page.evaluate(() => {
    const found = [];
    for (const box of document.querySelectorAll('button, .cap, h1')) {
      if (!box.checkVisibility()) continue;
      const edge = box.getBoundingClientRect();
      const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const range = document.createRange();
        for (const word of node.data.matchAll(/\S+/g)) {
          range.setStart(node, word.index);
          range.setEnd(node, word.index + word[0].length);
          const r = range.getBoundingClientRect();
          const broken = new Set([...range.getClientRects()].map((line) => Math.round(line.top))).size > 1 && !word[0].includes('-');
          if (broken || r.left < edge.left - 1 || r.right > edge.right + 1 || r.top < edge.top - 1 || r.bottom > edge.bottom + 1) found.push(word[0]);
        }
      }
    }
    return found;
  });

async function everyScreen(page, name, more) {
  const wrong = [];
  for (const id of IDS) {
    await page.show(screen(id, more));
    await check(page, `kiosk-${name}-${id}`).catch((e) => wrong.push(e.message));
    const small = await page.evaluate(() => [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && [...e.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim())
      && parseFloat(getComputedStyle(e).fontSize) > 0 && parseFloat(getComputedStyle(e).fontSize) < 18).map((e) => e.outerHTML.slice(0, 90)));
    if (small.length) wrong.push(`${name} ${id}: smaller than 18 px: ${small.join(' ')}`);
    const keys = await page.evaluate(() => [...document.querySelectorAll('button')].filter((e) => e.checkVisibility()).map((e) => [e.textContent, e.getBoundingClientRect()])
      .filter(([, r]) => r.height < 64 || r.width < 64).map(([text, r]) => `${text} ${r.width}x${r.height}`));
    if (keys.length) wrong.push(`${name} ${id}: keys smaller than 64 px: ${keys.join(', ')}`);
    wrong.push(...(await cutOff(page)).map((text) => `${name} ${id}: "${text}" does not fit`));
    const below = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
    if (below > 0 && !name.includes('narrow')) wrong.push(`${name} ${id}: ${below} px below the edge of the screen`);
  }
  await page.context().close();
  assert.equal(wrong.length, 0, wrong.join('\n'));
}

const LOOKS = {
  day: [{}, {}],
  night: [{ dark: true }, {}],
  upright: [{ width: 800, height: 1280 }, {}],
  contrast: [{ contrast: true }, {}],
  'contrast-night': [{ contrast: true, dark: true }, {}],
  narrow: [{ width: 320, height: 640 }, {}],
  'ar-day': [{}, { language: 'ar' }],
  'ar-night-upright': [{ width: 800, height: 1280, dark: true }, { language: 'ar' }],
  'uk-day': [{}, { language: 'uk' }],
};
// The minute of a slow hand is a real one. It passes while the screens are looked at: these pages touch nothing of the locker.
describe('every screen, and a minute of patience', { concurrency: 2 }, () => {
  before(async () => {
    stage = new KeyedStage({ seed: 5 });
    await stage.start();
  }, { timeout: TEST_MS });
  after(async () => {
    await close();
    await stage?.stop();
  });

  test('a slow hand is told by screen and sound that the time is nearly up, and gets more with one key, button or card', { timeout: TEST_MS }, async () => {
    const eyes = await Finger.at(stage);
    const ears = await Ears.listening(stage);
    stage.keypad('1');
    await eyes.sees('code');
    await ears.hear(heard(catalogue('nl'), 'code.title'));
    await slowly('nl', eyes, ears, () => stage.keypad('ok'));
    stage.keypad('language');
    await eyes.sees('languages');
    stage.keypad(String(LANGUAGES.indexOf('ar') + 1));
    await eyes.sees('code');
    await ears.hear(heard(catalogue('ar'), 'code.title'));
    await slowly('ar', eyes, ears, () => eyes.page.tap('#more'));
    await slowly('ar', eyes, ears, () => stage.scanner(card('ok')));
    stage.keypad('clear', 'clear');
    await eyes.sees('start');
    await Promise.all([eyes.close(), ears.close()]);
  });

  // Waits at "code" until the time is nearly up, and gets more.
  async function slowly(language, eyes, ears, getMore) {
    const t = catalogue(language);
    await Promise.all([ears.sound('warn', 90000), eyes.page.waitForSelector('#time:not([hidden])', { timeout: 90000 })]);
    assert.ok(Number(/\d+/.exec(await eyes.text('#left'))[0]) <= 20);
    const picture = path.join(PICTURES, `kiosk-flow-more-time-${language}.png`); // "code" is looked at with the time below
    await Promise.all([ears.hear(heard(t, 'more.text')), eyes.page.screenshot({ path: picture })]);
    await getMore();
    await ears.hear(heard(t, 'notice.extended'));
    await eyes.page.waitForFunction((told) => document.querySelector('#notice').textContent === told, t['notice.extended']);
    await eyes.sees('code');
    assert.equal(await eyes.page.isVisible('#time'), false);
  }

  // Not looked at by axe: only the length of the words is another.
  const LOOKED_AT = ['nl', 'ar', 'uk'];
  const LATE = { seconds: 12, more: true };
  // Where digits mean nothing one is refused, and the warning that comes later forgets that.
  const NO_DIGITS = ['help', 'ask', 'reported', 'doors', 'jam', 'wait', 'next', 'remote', 'report', 'languages'];
  const NOTICES = { ...Object.fromEntries(NO_DIGITS.map((id) => [id, 'no-digit'])), close: 'told' };
  const noticed = (id) => (NOTICES[id] ? [{ notice: NOTICES[id], more: false }] : []);
  test('in every language nothing is cut off, also in the last seconds and where something is noticed', { timeout: TEST_MS }, async () => {
    const wrong = [];
    for (const size of [{}, { width: 320, height: 640 }]) {
      const page = await told(size);
      for (const language of LANGUAGES)
        for (const id of IDS)
          for (const late of size.width ? [{}] : LOOKED_AT.includes(language) ? [LATE, ...noticed(id)] : [{}, LATE, ...noticed(id)]) {
            await page.show(screen(id, { language, ...late }));
            const at = `${size.width ?? 1280} ${language} ${id}${late.more ? ' late' : ''} ${late.notice ?? ''}`;
            wrong.push(...(await cutOff(page)).map((text) => `${at}: "${text}" does not fit`));
            const [below, wide] = await page.evaluate(() => [document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - document.documentElement.clientWidth]);
            if (wide > 0) wrong.push(`${at}: ${wide} px wider than the screen`);
            if (below > 0 && !size.width) wrong.push(`${at}: ${below} px below the edge of the screen`);
          }
      await page.context().close();
    }
    assert.equal(wrong.length, 0, wrong.join('\n'));
  });

  for (const [name, [options, more]] of Object.entries(LOOKS))
    test(`every screen is accessible, whole and large: ${name}`, { timeout: TEST_MS }, async () => everyScreen(await told(options), name, more));
});
