// SPDX-License-Identifier: Apache-2.0
// A board of eight coils and eight inputs, served by the npm package modbus-serial: server_modbus_serial.mjs tcp PORT
// Unit 1 tells 1 in holding register 16. A coil that was on for a moment lets input n read 1 for two seconds: a door.
let ServerTCP;
try {
  ({ ServerTCP } = (await import('modbus-serial')).default);
} catch {
  process.exit(77);
}
if (process.argv[2] === 'probe') process.exit(0);
const coils = Array(8).fill(false);
const inputs = Array(8).fill(false);
const board = {
  getCoil: (at) => coils[at],
  getDiscreteInput: (at) => inputs[at],
  getHoldingRegister: (at) => (at === 16 ? 1 : 0),
  setCoil: (at, on) => {
    coils[at] = on;
    if (!on) return;
    setTimeout(() => (inputs[at] = true), 100);
    setTimeout(() => (inputs[at] = false), 2100);
  },
};
new ServerTCP(board, { host: '127.0.0.1', port: Number(process.argv[3]), unitID: 1 });
