// SPDX-License-Identifier: Apache-2.0
// The peer: the smaller part of lockerd's job as an ordinary Node.js program with modbus-serial and mqtt.js. Reads the contacts of
// the demonstration cabinet, publishes a door that moved (two agreeing reads) to the same broker and topic. It signs nothing, stores
// nothing and pulses nothing, so the comparison is kind to it.
//
// node peer.mjs '{"rtu":PATH,"baud":N,"tcp":PORT,"poll_ms":N,"broker":PORT,"state":FOLDER,"locker":ID}'
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ModbusRTU from 'modbus-serial';
import mqtt from 'mqtt';

const cfg = JSON.parse(process.argv[2]);
const pem = (name) => readFileSync(path.join(cfg.state, name));
const broker = mqtt.connect({
  protocol: 'mqtts', host: 'localhost', port: cfg.broker, clientId: cfg.locker, protocolVersion: 5,
  ca: pem('ca.pem'), cert: pem('tls.cert.pem'), key: pem('tls.key.pem'),
});
broker.on('error', (e) => console.error(e.message));

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

class Board {
  constructor(unit, row) {
    Object.assign(this, { unit, row, known: [], before: [] });
  }

  take(bits) {
    for (let i = 0; i < 8; i++) {
      if (bits[i] === this.before[i] && bits[i] !== this.known[i]) {
        if (this.known[i] !== undefined) this.tell(i, bits[i]);
        this.known[i] = bits[i];
      }
      this.before[i] = bits[i];
    }
  }

  tell(i, open) {
    const event = { typ: open ? 'door.opened.v1' : 'door.closed.v1', door: `${this.row}${i + 1}`, at: Date.now() };
    broker.publish(`mdl/v1/${cfg.locker}/up/evt`, JSON.stringify(event), { qos: 1 });
  }
}

async function poll(bus, boards) {
  for (;;) {
    const start = Date.now();
    for (const b of boards) {
      bus.setID(b.unit);
      try {
        b.take((await bus.readDiscreteInputs(0, 8)).data);
      } catch (e) {
        console.error(`unit ${b.unit}: ${e.message}`);
      }
    }
    await sleep(Math.max(0, cfg.poll_ms - (Date.now() - start)));
  }
}

const rtu = new ModbusRTU();
const tcp = new ModbusRTU();
await rtu.connectRTUBuffered(cfg.rtu, { baudRate: cfg.baud, dataBits: 8, stopBits: 1, parity: 'none' });
await tcp.connectTCP('127.0.0.1', { port: cfg.tcp });
for (const bus of [rtu, tcp]) bus.setTimeout(200);
poll(rtu, [new Board(1, 'A'), new Board(4, 'C')]);
poll(tcp, [new Board(2, 'B')]);
