// SPDX-License-Identifier: Apache-2.0
// The page at the door. It shows what GET /screen says and posts keys (POST /key {"key": "0".."9"|"ok"|"clear"|"help"|"language"|"show"})
// and scans (POST /scan {"text": "..."}); it decides nothing and keeps nothing. Members of the screen: screen, notice, language, door, number,
// row, rows, column, columns, step, steps, entry_len, entry_cap, show, digits, seconds, reference, telephone, site, doors [{name, row, column}].
const POLL_MS = 300;
const el = (id) => document.getElementById(id);
const texts = {};
let shown = '';
let etag = '';

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
        await show(JSON.parse(body));
      }
    }
    document.body.classList.remove('lost');
  } catch {
    // The daemon is away: say so rather than show an old screen.
    document.body.classList.add('lost');
    shown = etag = '';
    const t = texts.nl ?? {};
    document.body.dataset.tone = 'trouble';
    text('title', t['out-of-service.title'] ?? '—');
  }
}

async function post(path, body) {
  try {
    await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  } finally {
    await poll();
  }
}
const press = (key) => post('key', { key });

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
// A keyboard-type scanner types fast and ends with Enter; a person types digits slowly.
let burst = '';
let last = 0;
document.addEventListener('keydown', (e) => {
  if (e.target === el('scan-text') || e.ctrlKey || e.altKey || e.metaKey) return;
  const now = performance.now();
  if (now - last > 60) burst = '';
  last = now;
  if (/^[0-9A-Fa-f]$/.test(e.key)) burst += e.key;
  const key = { Enter: 'ok', Backspace: 'clear', Escape: 'clear', Delete: 'clear' }[e.key] ?? (/^[0-9]$/.test(e.key) ? e.key : null);
  if (e.key === 'Enter' && burst.length > 16) {
    post('scan', { text: burst });
    burst = '';
    e.preventDefault();
  } else if (key && burst.length <= 10 && !(e.key === 'Enter' && e.target.tagName === 'BUTTON')) {
    press(key);
    e.preventDefault();
  }
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
