// SPDX-License-Identifier: Apache-2.0
// make run: the whole system with a simulated cabinet, until Ctrl-C.
import { Stage } from './stage.mjs';
import * as story from './story.mjs';

const stage = new Stage({ baud: 19200 });
// Ctrl-C reaches the children too, so their ends are news only before it.
let stopping = false;
const stop = async () => {
  if (stopping) return;
  stopping = true;
  console.log('\nstopping');
  await stage.stop();
  process.exit(0);
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
console.log('starting broker, hub, locker and cabinet ...');
await stage.start();
const badge = await story.badge(stage);
await stage.login('logistics');
await stage.login('pharmacist');
// The cabinet's doors are closed by a person shortly after they opened, unless told otherwise.
await stage.cabinet('person * collect after 4000').catch(() => {});
const { pharmacist, logistics } = stage.users;
console.log(`
medlocker runs. Everything below was made just now and is gone after Ctrl-C.

  staff pages     ${stage.hubUrl}/
                  user ${pharmacist.name}  password ${pharmacist.password}
                  user ${logistics.name}   password ${logistics.password}
  kiosk page      ${stage.kioskUrl}/?scan
                  staff badge (scan field): ${badge}
                  PIN 2580
  cabinet         socat - UNIX-CONNECT:${stage.simControl}     (commands: help)
  locker          ${stage.program('lockerctl')} --control ${stage.lockerControl} status
  hub             ${stage.program('hubctl')} --config ${stage.hubConf} locker list
  logs            ${stage.dir}/*.log

A bag's way: make an order on the staff page, pack it, open its label; at the kiosk scan the badge, type the PIN, scan the
voucher; the door opens and a simulated person closes it; scan the door's label. Then type the code of the slip.
Without a scanner: what a QR code says stands in the source of its page as data-token; type it into the scan field. The label of
door A1 says ${story.doorLabel(stage, 'A1')}; its last four digits are the door's number in hexadecimal.
Ctrl-C stops all.
`);
for (const p of [stage.sim, stage.broker, stage.hub, stage.locker])
  p.exited.then(({ code, signal }) => {
    if (stopping) return undefined;
    console.log(`${p.name} ended (${signal ?? code}); see ${p.logPath}`);
    stage.keep = true;
    return stop();
  });
