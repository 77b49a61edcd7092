// SPDX-License-Identifier: Apache-2.0
// The page at the door. It shows what GET /screen says and posts keys (POST /key {"key": "0".."9"|"ok"|"clear"|"help"|"language"|"show"})
// and scans (POST /scan {"text": "..."}); it decides nothing and keeps nothing. Members of the screen: screen, notice, language, door, number,
// row, rows, column, columns, step, steps, entry_len, entry_cap, show, digits, seconds, reference, telephone, site, doors [{name, row, column}],
// sound, sounds (a sound is new when the count rises), buzzer.
const POLL_MS = 300;
const el = (id) => document.getElementById(id);
const texts = {};
let shown = '';
let etag = '';
let last = { language: 'nl' };
const AWAY = ({ language, telephone, site }) => ({ screen: 'out-of-service', language, telephone, site, entry_len: 0, entry_cap: 0 });

async function catalogue(language) {
  texts[language] ??= await (await fetch(`${language}.json`)).json();
  return texts[language];
}

// "{door}" in a text becomes the member of that name.
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');

// Row and column in words: "onderste rij, tweede van links".
function place(t, s) {
  if (!s.row || !s.rows) return '';
  const row =
    s.rows === 1 ? '' : s.row === 1 ? t['row.top'] : s.row === s.rows ? t['row.bottom'] : fill(t['row.middle'], { n: t[`nth.${s.row}`] });
  const fromRight = s.columns - s.column + 1;
  const left = s.column <= fromRight;
  const n = left ? s.column : fromRight;
  const column = n === 1 ? t[left ? 'column.left' : 'column.right'] : fill(t[left ? 'column.from_left' : 'column.from_right'], { n: t[`nth.${n}`] });
  return [row, column].filter(Boolean).join(', ');
}

// Typed digits as patients see codes: 3-3-4, or day and month: 2-2.
function groups(s) {
  const sizes = s.entry_cap === 10 ? [3, 3, 4] : s.entry_cap === 4 && s.screen === 'birthday' ? [2, 2] : [s.entry_cap];
  let at = 0;
  return sizes.map((size) => {
    let text = '';
    for (let i = 0; i < size; i++, at++) text += at < s.entry_len ? (s.digits ? s.digits[at] : '●') : '·';
    return text;
  });
}

function drawMap(s) {
  const map = el('map');
  map.replaceChildren();
  const on = s.doors?.length && s.door && s.row;
  map.hidden = !on;
  if (!on) return;
  map.style.gridTemplateColumns = `repeat(${s.columns}, 1fr)`;
  for (const d of s.doors) {
    const cell = document.createElement('div');
    cell.style.gridRow = d.row;
    cell.style.gridColumn = d.column;
    cell.textContent = d.name;
    if (d.name === s.door) cell.className = 'here';
    map.append(cell);
  }
}

function text(id, value) {
  const node = el(id);
  node.textContent = value ?? '';
  node.hidden = !value;
}

async function show(s) {
  const t = await catalogue(s.language);
  document.documentElement.lang = s.language;
  document.body.dataset.screen = s.screen;
  document.body.dataset.tone = t[`tone.${s.screen}`] ?? 'calm';
  text('site', s.site);
  text('language', t['button.language']);
  text('help', t['button.help']);
  text('title', fill(t[`${s.screen}.title`] ?? '', s));
  text('notice', s.notice && s.notice !== 'none' ? fill(t[`notice.${s.notice}`] ?? s.notice, s) : '');
  el('lines').replaceChildren(
    ...[1, 2, 3].map((n) => t[`${s.screen}.${n}`]).filter(Boolean).map((line) => {
      const li = document.createElement('li');
      li.textContent = fill(line, s);
      return li;
    }),
  );
  text('seconds', s.seconds && t[`${s.screen}.seconds`] ? fill(t[`${s.screen}.seconds`], s) : '');
  text('place', s.door ? place(t, s) : '');
  const stuck = ['ask', 'help', 'jam', 'wait', 'out-of-service', 'doors'].includes(s.screen);
  text('telephone', stuck && s.telephone ? fill(t.telephone, s) : '');
  text('reference', stuck && s.reference ? fill(t.reference, s) : '');
  drawMap(s);
  const typing = s.entry_cap > 0 || ['start', 'staff-menu'].includes(s.screen);
  el('digits').replaceChildren(
    ...(s.entry_cap ? groups(s) : []).map((g) => {
      const span = document.createElement('span');
      span.textContent = g;
      return span;
    }),
  );
  el('digits').setAttribute('aria-label', fill(t['entry.count'], s));
  el('entry').dataset.typing = typing;
  for (const key of ['ok', 'clear', 'show']) pad[key].textContent = t[key === 'show' && s.show ? 'button.hide' : `button.${key}`];
  text('scan-label', t['scan.label']);
}

async function poll() {
  try {
    const r = await fetch('screen', { headers: etag ? { 'if-none-match': etag } : {}, cache: 'no-store' });
    if (r.status === 200) {
      etag = r.headers.get('etag') ?? '';
      const body = await r.text();
      if (body !== shown) {
        shown = body;
        const s = (last = JSON.parse(body));
        sounds(s);
        await show(s);
      }
    }
    document.body.classList.remove('lost');
  } catch {
    // The daemon is away: say so rather than show an old screen.
    if (!document.body.classList.contains('lost')) await show(AWAY(last)).catch(() => {});
    document.body.classList.add('lost');
    shown = etag = '';
  }
}

// One request after the other: digits must arrive in the order in which they were typed.
let queue = Promise.resolve();
function post(path, body) {
  queue = queue.then(async () => {
    try {
      await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    } catch {
      // poll() says that the daemon is away
    }
    await poll();
  });
}
const press = (key) => post('key', { key });

// ---------------------------------------------------------------- sounds
// Pitch in Hz and length in ms, one after the other. A browser plays nothing before the first touch.
const TONES = {
  key: [[1200, 30]],
  ok: [[880, 90], [1320, 140]],
  refused: [[330, 160], [220, 220]],
  open: [[1320, 70], [0, 90], [1320, 70], [0, 90], [1320, 70], [0, 90], [1320, 70]],
  buzzer: [[700, 250], [0, 100], [700, 250]],
};
let audio;
let heard;
let buzzing = 0;
function play(name) {
  if (audio?.state !== 'running') return;
  let at = audio.currentTime;
  for (const [hz, ms] of TONES[name] ?? []) {
    if (hz) {
      const tone = new OscillatorNode(audio, { frequency: hz });
      tone.connect(new GainNode(audio, { gain: 0.25 })).connect(audio.destination);
      tone.start(at);
      tone.stop(at + ms / 1000);
    }
    at += ms / 1000;
  }
}
function sounds(s) {
  if (heard !== undefined && s.sounds > heard) play(s.sound);
  heard = s.sounds;
  if (s.buzzer && !buzzing) buzzing = setInterval(() => play('buzzer'), 1500);
  if (!s.buzzer && buzzing) buzzing = clearInterval(buzzing) ?? 0;
}
for (const first of ['pointerdown', 'keydown'])
  document.addEventListener(first, () => {
    audio ??= new AudioContext();
    audio.resume();
  });

// ---------------------------------------------------------------- keys
const pad = {};
for (const key of ['1', '2', '3', '4', '5', '6', '7', '8', '9', 'clear', '0', 'ok', 'show']) {
  const b = document.createElement('button');
  b.type = 'button';
  b.dataset.key = key;
  b.textContent = key;
  pad[key] = b;
  el('pad').append(b);
}
document.addEventListener('click', (e) => {
  const key = e.target.closest('[data-key]')?.dataset.key;
  if (key) press(key);
});
// A keyboard-type scanner types a long hex text at once and then Enter; a person types digit by digit. So keys wait for a moment, until
// it is clear which of the two it was.
const GAP_MS = 60;
const SCAN_MIN = 16;
let burst = [];
let burstTimer = 0;
function flush() {
  const hex = burst.filter((k) => k.length === 1).join('');
  if (hex.length >= SCAN_MIN) post('scan', { text: hex.toUpperCase() });
  else for (const k of burst) if (k.length > 1 || /[0-9]/.test(k)) press(k);
  burst = [];
}
document.addEventListener('keydown', (e) => {
  if (e.target === el('scan-text') || e.ctrlKey || e.altKey || e.metaKey || e.repeat) return;
  if (e.key === 'Enter' && e.target.tagName === 'BUTTON' && !burst.length) return;
  const key = { Enter: 'ok', Backspace: 'clear', Escape: 'clear', Delete: 'clear' }[e.key] ?? (/^[0-9A-Fa-f]$/.test(e.key) ? e.key : null);
  if (!key) return;
  e.preventDefault();
  burst.push(key);
  clearTimeout(burstTimer);
  burstTimer = setTimeout(flush, GAP_MS);
});
el('scan').addEventListener('submit', (e) => {
  e.preventDefault();
  const value = el('scan-text').value.trim();
  el('scan-text').value = '';
  if (value) post('scan', { text: value });
});

await catalogue('nl').catch(() => {});
for (;;) {
  await poll();
  await new Promise((r) => setTimeout(r, POLL_MS));
}
