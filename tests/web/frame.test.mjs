// SPDX-License-Identifier: Apache-2.0
// What all staff pages share: logging in, the menu of each role, both languages, light and dark, a narrow screen, the keyboard, weight.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Stage } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { open, check, close, tabThrough, turnTo, weigh, SCRIPT_LIMIT, TEST_MS } from './browser.mjs';

const ROLES = ['pharmacist', 'logistics', 'admin'];
const LOOKS = { wide: {}, dark: { dark: true }, narrow: { width: 320, height: 640 }, english: { language: 'en' } };
// Pages that the menu does not name.
const BEHIND = { pharmacist: ['order', 'locker', 'load', 'tour', 'me'], logistics: ['order', 'locker', 'load', 'tour', 'me'], admin: ['locker', 'me'] };
let stage, bag;

before(async () => {
  stage = new Stage({ seed: 3 });
  await stage.start();
  const bags = [];
  for (let i = 1; i <= 3; i++) bags.push(await story.pack(stage, (await story.order(stage, { reference: `frame-${i}`, size: ['S', 'M', 'L'][i - 1] })).id));
  await story.loadAll(stage, ...bags.slice(0, 2));
  bag = bags[0].id;
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

// The pages of the menu, as the page itself offers them.
async function menu(page) {
  await page.waitForSelector('header nav a', { state: 'attached' });
  return page.$$eval('header nav a', (links) => links.map((a) => a.getAttribute('href')));
}

test('a stranger sees the form to log in, and a wrong password is told without saying what was wrong', async () => {
  for (const language of ['nl', 'en']) {
    const page = await open(stage, 'hub', { stranger: true, language });
    await page.waitForSelector('form[name=login]');
    await check(page, `login-${language}`);
    await page.fill('[name=name]', 'pharmacist1');
    await page.fill('[name=password]', 'not the password');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]');
    await check(page, `login-refused-${language}`);
    await page.context().close();
  }
});

test('on a telephone the menu folds away, says what waits, opens by key and folds away on the page that was chosen', async () => {
  await stage.login('pharmacist');
  const page = await open(stage, 'hub', { width: 320, height: 640 });
  const link = page.locator('header nav a[href="#/orders"]');
  await page.waitForSelector('header .menu');
  assert.equal(await link.isVisible(), false);
  const header = await page.locator('header').boundingBox();
  assert.ok(header.height < 64, `${header.height} px of a small screen`);
  await page.focus('header .menu');
  await page.keyboard.press('Enter');
  await page.waitForSelector('header .menu[aria-expanded=true]');
  await link.waitFor();
  await check(page, 'menu-narrow');
  await link.click();
  await page.waitForURL(/#\/orders/);
  await link.waitFor({ state: 'hidden' });
  await page.context().close();
});

for (const role of ROLES) {
  for (const [look, options] of Object.entries(LOOKS)) {
    test(`every page of ${role} is accessible: ${look}`, { timeout: TEST_MS }, async () => {
      await stage.login(role);
      const page = await open(stage, 'hub', options);
      const wrong = [];
      for (const at of await menu(page)) {
        await turnTo(page, at);
        await check(page, `${role}${at.replace('#/', '-').replaceAll('/', '-')}-${look}`).catch((e) => wrong.push(e.message));
      }
      await page.context().close();
      assert.equal(wrong.length, 0, wrong.join('\n'));
    });
  }

  test(`no page of ${role} can load 100 kB (of 1000 bytes) of script or more`, { timeout: TEST_MS }, async () => {
    await stage.login(role);
    const first = await open(stage, 'hub');
    const pages = [...(await menu(first)), ...BEHIND[role].map((name) => `#/${name}${name === 'me' ? '' : `/${name === 'order' ? bag : stage.lockerId}`}`)];
    await first.context().close();
    for (const at of pages) {
      const page = await open(stage, 'hub', { at });
      const bytes = await weigh(page);
      assert.ok(bytes > 0 && bytes < SCRIPT_LIMIT, `${at}: ${bytes} bytes of script`);
      await page.context().close();
    }
  });
}

test('the kiosk page loads less than 100 kB (of 1000 bytes) of script', async () => {
  const page = await open(stage, 'kiosk');
  const bytes = await weigh(page);
  assert.ok(bytes > 10_000 && bytes < SCRIPT_LIMIT, `${bytes} bytes of script`);
  await page.context().close();
});

test('the menu and the page behind it are reached by the keyboard alone, and the focus is seen', async () => {
  await stage.login('pharmacist');
  const page = await open(stage, 'hub');
  await menu(page);
  const reached = await tabThrough(page);
  assert.ok(reached.length > 5, `${reached.length} places`);
  assert.deepEqual(reached.filter((r) => !r.visible).map((r) => r.name), [], 'focus without a mark');
  await page.context().close();
});
