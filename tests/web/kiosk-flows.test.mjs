// SPDX-License-Identifier: Apache-2.0
// Every flow of the people at the door, in each of the four ways, in Dutch and in Arabic:
//
//   flow                                                  | touch | keypad | scanner | ears | of all in nl and ar
//   ------------------------------------------------------+-------+--------+---------+------+--------------------
//   language, by the own keys; it stays after help        |   x   |   x    |    x    |  x   |
//   a bag by its code; by its paper                       |   x   |   x    |    x    |  x   |
//   step-up: code alone refused, then day of birth        |   x   |   x    |    x    |  x   |
//   several bags in one visit                             |   x   |   x    |    x    |  x   |
//   "something is wrong", and no, all is well             |   x   |   x    |    x    |  x   |
//   it is empty, it is the wrong bag: reported            |   x   |   x    |    x    |  x   |
//   help, with a number to call and a number to tell      |   x   |   x    |    x    |  x   |
//   ask the pharmacy: it was reported                     |   x   |   x    |    x    |  x   |
//   a digit where none belongs (help, reported, ask)      |   -   |   x    |    x    |  x   | - no digit is to be seen there
//   the door does not open: OK, the same door again; help |   x   |   x    |    x    |  x   |
//   the pharmacy opens: no, yes                           |   x   |   x    |    x    |  x   |
//   a carer's own code; a carer's card                    |   x   |   x    |    x    |  x   |
//   staff: PIN, look into a door, empty it, load, sign out |  x   |   x    |    x    |  x   |
//   staff: a bag that was withdrawn is found and taken out |  x   |   x    |    x    |  x   |
//   more time, by OK (kiosk-screens.test.mjs)             |   x   |   x    |    x    |  x   | keypad in nl, touch and scanner in ar; ears hear both
//
// What is on paper is a scan in every way: badge, labels of bags and doors, cards of carers. A door to look into is typed by its number with
// finger and keypad, scanned by the others. The robots know only what their senses tell them (tests/web/robot.mjs).
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { DOORS, sleep, until } from '../stage/stage.mjs';
import * as story from '../stage/story.mjs';
import { close, TEST_MS } from './browser.mjs';
import { KeyedStage, Person, WAYS, catalogue, heard } from './robot.mjs';

const PIN = '2580';
let stage;

before(async () => {
  stage = new KeyedStage({ seed: 13 });
  await stage.start();
  await stage.login('admin');
  await stage.ok('POST', '/api/policies/session.fresh', { value: 30 }); // minutes for which a log-in is good to open doors at a distance
  await stage.login();
  await story.badge(stage);
}, { timeout: TEST_MS });
after(async () => {
  await close();
  await stage?.stop();
});

const take = (door) => story.takeAndShut(stage, door);

// Nobody opens more than ten doors at a distance within an hour: the next people meet a colleague.
let colleagues = 1;
async function colleague() {
  stage.users.pharmacist = await stage.hubctlJson('user', 'add', '--name', `pharmacist${++colleagues}`, '--role', 'pharmacist');
  await stage.login();
}

// What everybody of one way and language comes for: loaded in one round.
async function filled(name) {
  const packed = async (who, fields = {}) =>
    story.pack(stage, (await story.order(stage, { patient: `${who} ${name}`, birth_date: '1961-03-14', size: 'S', ...fields })).id);
  const bags = { one: await packed('Een', { class: 'sensitive' }), two: await packed('Een', { class: 'sensitive' }), wrong: await packed('Twee'),
    coded: await packed('Drie'), carded: await packed('Vier'), stuck: await packed('Vijf'), back: await packed('Zes') };
  const doors = await story.loadAll(stage, ...Object.values(bags));
  return Object.fromEntries(Object.entries(bags).map(([key, bag], i) => [key, { ...bag, door: doors[i] }]));
}

// A right of a carer for this bag: own code and card.
async function carer(bag) {
  const { id, card: page } = await stage.ok('POST', `/api/orders/${bag.id}/carers`, { name: 'Bea Buurvrouw', kind: 'once', with_code: true });
  const text = await stage.ok('GET', page);
  await until("the carer's code to work", async () =>
    (await stage.ok('GET', `/api/orders/${bag.id}/carers`)).carers.find((c) => c.id === id).places[0].code === 'done');
  return { card: text.match(/data-token="(4D4331[0-9A-F]+)"/)[1], code: text.match(/\b(\d{3}) (\d{3}) (\d{4})\b/).slice(1).join('') };
}

async function arrives(p) {
  await story.allClosed(stage);
  await p.choosesLanguage();
}

// Takes the one bag behind the door that opens, and goes.
async function collects(p, bag) {
  assert.equal(await p.meets('open'), bag.door);
  await take(bag.door);
  await p.meets('done');
  await p.home();
}

const FLOWS = {
  'two bags that need the day of birth, and nothing is wrong': async (p, { one, two }) => {
    await arrives(p);
    if (p.way === 'scanner') {
      p.paper(one.token); // the paper first: no refusal
      await p.meets('code');
    } else {
      await p.types(one.code); // the code alone is never enough for it
      await p.meets('refused');
      await p.canCall();
      await p.key('ok');
      await p.meets('code');
    }
    await p.types(one.code);
    await p.meets('birthday');
    await p.types('1403');
    assert.equal(await p.meets('open'), one.door);
    await p.key('help');
    await p.meets('report');
    await p.key('ok');
    assert.equal(await p.meets('open'), one.door);
    await take(one.door);
    assert.equal(await p.meets('next'), two.door);
    await p.counts(2, 2);
    await p.key('ok');
    assert.equal(await p.meets('open'), two.door);
    await take(two.door);
    await p.meets('done');
    await p.leavesNoTrace(one.code, '1403');
    await p.home();
    await story.untilState(stage, two.id, 'collected');
  },

  'a bag that is not right is reported; staff empties that door and loads another bag': async (p, bags) => {
    const { wrong } = bags;
    await arrives(p);
    if (p.way === 'scanner') p.paper(wrong.token);
    else await p.types(wrong.code);
    assert.equal(await p.meets('open'), wrong.door);
    await p.key('help');
    await p.meets('report');
    await p.key(p.language === 'nl' ? '1' : '2'); // it is empty; it is the wrong bag
    await p.told('notice.told'); // said before the screen
    assert.equal(await p.meets('close'), wrong.door);
    await take(wrong.door);
    await p.meets('reported');
    await p.canCall();
    await p.typesInVain('1');
    await p.home();
    await arrives(p);
    await p.types(wrong.code);
    await p.meets('ask');
    await p.canCall();
    await p.typesInVain('0');
    await p.key('ok');
    await p.isBack();
    bags.offered = await staffAtWork(p, wrong.door);
  },

  "a carer's own code, and another carer's card": async (p, { coded, carded }) => {
    const [own, card] = [await carer(coded), await carer(carded)];
    await arrives(p);
    await p.types(own.code);
    await collects(p, coded);
    await arrives(p);
    p.paper(card.card);
    await collects(p, carded);
    for (const bag of [coded, carded]) {
      await story.untilState(stage, bag.id, 'collected');
      assert.equal((await stage.ok('GET', `/api/orders/${bag.id}`)).proof.actor, 'carer');
    }
  },

  'a door that does not open: the same door again, and help': async (p, { stuck, back }) => {
    await arrives(p);
    await stage.cabinet(`jam ${stuck.door} on`);
    await p.types(stuck.code);
    assert.equal(await p.meets('jam'), stuck.door);
    await p.counted(1, 3);
    await p.canCall();
    await p.key('ok');
    await p.counted(2, 3);
    await stage.cabinet(`jam ${stuck.door} off`);
    await p.key('ok');
    await collects(p, stuck);
    await arrives(p);
    await stage.cabinet(`jam ${back.door} on`);
    await p.types(back.code);
    assert.equal(await p.meets('jam'), back.door);
    await p.key('help');
    await p.meets('help');
    await p.canCall();
    await p.home();
    await stage.cabinet(`jam ${back.door} off`);
    await story.untilState(stage, stuck.id, 'collected');
    await story.untilState(stage, back.id, 'unconfirmed');
  },

  // The bag behind the door that did not open.
  'an order is taken back: its bag may not stay, and staff takes it out': async (p, { back }) => {
    await stage.ok('POST', `/api/orders/${back.id}/withdraw`, {});
    await story.untilState(stage, back.id, 'withdrawn');
    await signsIn(p);
    await looksInto(p, back.door);
    p.paper(back.voucher);
    await p.told('notice.take-out');
    await story.allClosed(stage);
    await looksInto(p, back.door, () => stage.cabinet(`take ${back.door}`));
    await p.key('1');
    await p.told('notice.freed');
    await signsOut(p);
    await story.untilState(stage, back.id, 'returned');
  },

  // The bag that staff brought in.
  'help, and the pharmacy offers to open: no, then yes': async (p, { offered }) => {
    await arrives(p);
    await p.key('help');
    await p.meets('help');
    await p.canCall();
    await p.typesInVain('7');
    await p.key('ok');
    await p.isBack();
    const offer = () => stage.ok('POST', `/api/orders/${offered.id}/open`, { reason: 'the paper is lost' });
    await offer();
    assert.ok([offered.door, ''].includes(await p.meets('remote')));
    await p.key('clear');
    await until('the no to be known', async () => (await stage.ok('GET', `/api/orders/${offered.id}/open`)).state === 'refused');
    await arrives(p);
    await offer();
    await p.meets('remote');
    await sleep(1000); // it has to be read: an OK sooner than that after it came does not count
    await p.key('ok');
    await collects(p, offered);
    await story.untilState(stage, offered.id, 'collected');
  },
};

async function signsIn(p) {
  await arrives(p);
  p.paper(await story.badge(stage));
  await p.meets('staff-pin');
  await p.types(PIN);
  await p.key('ok');
  await p.meets('staff-menu');
  await p.leavesNoTrace(PIN);
}

async function signsOut(p) {
  await p.key('clear');
  if (p.ears) await p.ears.hear(heard(catalogue('nl'), 'left'));
  await p.home();
}

// Up to the question what lies in it. act: what is done while it is open.
async function looksInto(p, door, act = async () => {}) {
  if (p.way === 'touch' || p.way === 'keypad') {
    await p.types(String(DOORS.find((d) => d.name === door).number));
    await p.key('ok');
  } else {
    p.paper(story.doorLabel(stage, door));
  }
  assert.equal(await p.meets('staff-inspect-open'), door);
  await act();
  await story.shut(stage, door);
  assert.equal(await p.meets('staff-inspect-ask'), door);
}

// Badge and PIN; the door is looked into and is empty; a bag goes in, under the label of the right door; signs out.
async function staffAtWork(p, door) {
  const bag = await story.pack(stage, (await story.order(stage, { size: 'S' })).id);
  await signsIn(p);
  await looksInto(p, door);
  await p.key('1');
  await p.told('notice.freed');
  await story.allClosed(stage);
  p.paper(bag.voucher);
  const to = await p.meets('staff-load-open');
  await stage.cabinet(`put ${to} BAG`);
  await story.shut(stage, to);
  assert.equal(await p.meets('staff-load-label'), to);
  p.paper(story.doorLabel(stage, DOORS.find((d) => d.name !== to).name));
  await p.told('notice.wrong-label');
  p.paper(story.doorLabel(stage, to));
  await p.told('notice.loaded');
  await signsOut(p);
  await story.untilState(stage, bag.id, 'ready');
  return { ...bag, door: to };
}

for (const way of WAYS)
  for (const language of ['nl', 'ar']) {
    let bags;
    let person;
    test(`${way}, ${language}: comes`, { timeout: TEST_MS }, async () => {
      await colleague();
      bags = await filled(`${way} ${language}`);
      person = await Person.comes(stage, way, language, { pictures: `kiosk-flow-${language}` });
    });
    for (const [flow, goes] of Object.entries(FLOWS)) test(`${way}, ${language}: ${flow}`, { timeout: TEST_MS }, () => goes(person, bags));
    test(`${way}, ${language}: goes`, () => person.close());
  }
