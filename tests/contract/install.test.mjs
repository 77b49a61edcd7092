// SPDX-License-Identifier: Apache-2.0
// make install into an empty folder: everything that a machine needs, where Debian looks for it, and manuals that render.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../stage/process.mjs';

const ROOT = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
// This make is its own: no flags of the one that runs the tests.
const env = { MAKEFLAGS: '', MFLAGS: '', MAKEOVERRIDES: '', MAKELEVEL: '' };
const manuals = readdirSync(path.join(ROOT, 'docs/man'));

let dir;
const at = (...name) => path.join(dir, ...name);
const mode = (file) => statSync(file).mode & 0o777;
const install = (...more) => run('make', ['-s', '-C', ROOT, 'install', 'CONFIG=release', ...more], { env });

before(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'medlocker-install-'));
  await install(`DESTDIR=${dir}`);
});
after(() => rmSync(dir, { recursive: true, force: true }));

test('every program is where its unit and its users expect it', async () => {
  for (const p of ['usr/sbin/lockerd', 'usr/sbin/hubd', 'usr/bin/lockerctl', 'usr/bin/hubctl', 'usr/bin/lockersim']) {
    assert.equal(mode(at(p)), 0o755, p);
    const { code } = await run(at(p), ['--help'], { accept: [0] });
    assert.equal(code, 0, p);
  }
  for (const unit of ['lockerd', 'hubd']) {
    const start = readFileSync(at(`usr/lib/systemd/system/${unit}.service`), 'utf8').match(/^ExecStart=(\S+)/m)[1];
    assert.ok(existsSync(at(start)), start);
  }
});

test('data, accounts, rules and examples are there for all to read', () => {
  const same = [
    ...readdirSync(path.join(ROOT, 'hw/profiles')).map((f) => [`hw/profiles/${f}`, `usr/share/medlocker/profiles/${f}`]),
    // Scripts of pages go small.
    ...['controller/kiosk', 'backend/web'].flatMap((from) =>
      readdirSync(path.join(ROOT, from)).filter((f) => /\.(html|mjs|css|json)$/.test(f) && f !== 'speak.mjs')
        .map((f) => [`${f.endsWith('.mjs') ? `build/share/${path.basename(from)}` : from}/${f}`, `usr/share/medlocker/${path.basename(from)}/${f}`])),
    ['node_modules/preact/dist/preact.mjs', 'usr/share/medlocker/web/vendor/preact.mjs'],
    ['node_modules/htm/dist/htm.mjs', 'usr/share/medlocker/web/vendor/htm.mjs'],
    ['systemd/medlocker.sysusers.conf', 'usr/lib/sysusers.d/medlocker.conf'],
    ['systemd/99-medlocker.rules', 'usr/lib/udev/rules.d/99-medlocker.rules'],
    ['systemd/mosquitto.service.d/medlocker.conf', 'usr/share/doc/medlocker/examples/mosquitto-medlocker.conf'],
    ['controller/lockerd.conf.example', 'usr/share/doc/medlocker/examples/lockerd.conf'],
    ['backend/hubd.conf.example', 'usr/share/doc/medlocker/examples/hubd.conf'],
    ['docs/operating.md', 'usr/share/doc/medlocker/operating.md'],
  ];
  for (const [from, to] of same) {
    assert.deepEqual(readFileSync(at(to)), readFileSync(path.join(ROOT, from)), to);
    assert.equal(mode(at(to)), 0o644, to);
  }
  for (const l of ['nl', 'en', 'tr', 'ar', 'pl', 'uk']) {
    const said = Object.keys(JSON.parse(readFileSync(at(`usr/share/medlocker/kiosk/speech/${l}.json`))));
    assert.deepEqual(readdirSync(at(`usr/share/medlocker/kiosk/speech/${l}`)).sort(), said.map((clip) => `${clip}.opus`).sort());
  }
  assert.ok(!existsSync(at('usr/share/medlocker/kiosk/speak.mjs')));
  assert.deepEqual(readdirSync(at('usr/share/medlocker/web')).filter((f) => /\.[ch]$/.test(f)), []);
  assert.ok(statSync(at('etc/medlocker')).isDirectory());
});

test('the example configuration is accepted with the installed profiles', async () => {
  const { out } = await run(at('usr/sbin/lockerd'), ['--config', at('usr/share/doc/medlocker/examples/lockerd.conf'), '--check']);
  for (const [, profile] of out.matchAll(/profile = "([^"]+)"/g)) assert.ok(existsSync(at('usr/share/medlocker/profiles', `${profile}.conf`)), profile);
  await run(at('usr/sbin/hubd'), ['--config', at('usr/share/doc/medlocker/examples/hubd.conf'), '--check']);
});

for (const page of manuals)
  test(`${page} renders without a warning, in its section`, async () => {
    const file = at(`usr/share/man/man${page.slice(-1)}`, page);
    const { out, err } = await run('man', ['--warnings', '-l', file], { env: { LC_ALL: 'C.UTF-8', MANWIDTH: '100', MANPAGER: 'cat' } });
    assert.equal(err, '');
    assert.match(out, new RegExp(`^${page.replace(/\.(\d)$/, '\\($1\\)')}`, 'im'));
    assert.match(out, /NAME/);
  });

test('nothing lands outside DESTDIR and PREFIX, and the units follow PREFIX', async () => {
  await install(`DESTDIR=${at('other')}`, 'PREFIX=/opt/medlocker');
  assert.deepEqual(readdirSync(at('other')).sort(), ['etc', 'opt']);
  assert.match(readFileSync(at('other/opt/medlocker/lib/systemd/system/hubd.service'), 'utf8'), /^ExecStart=\/opt\/medlocker\/sbin\/hubd /m);
});
