// SPDX-License-Identifier: Apache-2.0
// Identities beside the system's own, for tests only: certificates signed by the stage's CA (openssl), clients made of Mosquitto's
// command line programs. A spy writes down every message on the broker, to be checked against the published contract.
import { readFileSync, writeFileSync, appendFileSync, existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { run, until } from './stage.mjs';
import { start } from './process.mjs';

// PKCS#8 of an Ed25519 seed (RFC 8410).
const pem = (seed) =>
  `-----BEGIN PRIVATE KEY-----\n${Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]).toString('base64')}\n-----END PRIVATE KEY-----\n`;

// Options of mosquitto_pub and mosquitto_sub for an identity with this common name.
export async function identity(stage, cn) {
  const at = (name) => path.join(stage.dir, 'run', `${cn}.${name}`);
  const ca = path.join(stage.hubDir, 'broker/ca.pem');
  if (!existsSync(at('pem'))) {
    writeFileSync(at('ca.key'), pem(readFileSync(path.join(stage.hubDir, 'keys/ca.seed'))), { mode: 0o600 });
    await run('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', at('key')]);
    await run('openssl', ['req', '-new', '-key', at('key'), '-subj', `/CN=${cn}`, '-out', at('csr')]);
    await run('openssl', ['x509', '-req', '-in', at('csr'), '-CA', ca, '-CAkey', at('ca.key'), '-set_serial', String(Date.now()), '-days', '2', '-out', at('pem')]);
  }
  return ['-h', 'localhost', '-p', String(stage.brokerPort), '-V', '5', '--cafile', ca, '--cert', at('pem'), '--key', at('key'), '--tls-version', 'tlsv1.3', '-i', cn];
}

// Records every message of both directions in FILE until the stage ends. Call before the broker starts.
export function allowSpy(stage) {
  appendFileSync(path.join(stage.hubDir, 'broker/acl'), '\nuser spy\ntopic read mdl/v1/#\n');
}

export async function startSpy(stage) {
  stage.spyFile = path.join(stage.dir, 'messages.txt');
  const args = [...(await identity(stage, 'spy')), '-t', 'mdl/v1/#', '-q', '1', '-v'];
  const script = 'out=$1; shift; exec stdbuf -oL mosquitto_sub "$@" >>"$out"';
  stage.spy = await start('spy', 'sh', ['-c', script, 'sh', stage.spyFile, ...args], { log: stage.log('spy') });
  return stage.spy;
}

// Every recorded message against docs/schema; gives the validator's report.
export async function checkSpy(stage) {
  const validator = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../contract/validate.mjs');
  const file = path.join(stage.dir, 'whole-messages.txt');
  writeFileSync(file, lines(stage).map((l) => `${l}\n`).join(''));
  return run('node', [validator, file], { accept: [0, 1] });
}

// What was written down so far; the last line may not be there whole.
const lines = (stage) => (existsSync(stage.spyFile) ? readFileSync(stage.spyFile, 'utf8').split('\n').slice(0, -1).filter(Boolean) : []);

export const messages = (stage) =>
  lines(stage).map((line) => {
    const [topic, text] = line.split(' ');
    return { topic, text, payload: JSON.parse(Buffer.from(text.split('.')[1], 'base64url')) };
  });

export async function publish(stage, cn, topic, text, more = []) {
  const child = spawn('mosquitto_pub', [...(await identity(stage, cn)), '-t', topic, '-s', '-q', '1', ...more], { stdio: ['pipe', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', (c) => (err += c));
  child.stdin.end(text);
  const code = await new Promise((r) => child.on('close', r));
  return { code, err };
}

// Listens for ms and gives what arrived.
export async function listen(stage, cn, topic, ms) {
  const r = await run('timeout', [String(ms / 1000), 'mosquitto_sub', ...(await identity(stage, cn)), '-t', topic, '-v'], { accept: [0, 1, 27, 124, 135] });
  return r.out.trim().split('\n').filter(Boolean);
}
