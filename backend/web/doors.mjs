// SPDX-License-Identifier: Apache-2.0
// Doors as they hang: what each looks like, the whole wall, and a small picture of it.
import { html, t, many, say } from './parts.mjs';

// State and contact are two facts, both shown; unknown is never green, and old news is unknown.
export function doorKind(door, silent) {
  if (silent || !door.state) return 'unknown';
  if (door.state === 'FORCED' || door.state === 'OUT') return 'bad';
  if (door.contact === 'open') return 'open';
  if (door.contact !== 'closed') return 'unknown';
  if (door.state === 'CHECK') return 'warn';
  if (door.state === 'LOADED') return door.order?.state === 'ready' ? 'full' : 'warn';
  if (door.state === 'FREE' || door.state === 'TAKEN') return 'free';
  return 'busy';
}

export const KINDS = ['free', 'full', 'busy', 'open', 'warn', 'bad', 'unknown'];
// A sign for each kind, for those who do not see colours.
export const SIGN = { free: '○', full: '●', busy: '…', open: '◧', warn: '!', bad: '✕', unknown: '?' };

export const Legend = () =>
  html`<ul class="legend" aria-label=${t('doors.legend')}>
    ${KINDS.map((k) => html`<li><span class="swatch ${k}" aria-hidden="true">${SIGN[k]}</span> ${say('doorkind', k)}</li>`)}
  </ul>`;

const Door = ({ door, silent, chosen, onChoose }) => {
  const contact = silent ? 'unknown' : (door.contact ?? 'unknown');
  const kind = doorKind(door, silent);
  return html`<button
    class="door ${kind}"
    style=${{ gridRow: door.row, gridColumn: door.column }}
    aria-pressed=${chosen}
    data-door=${door.door}
    data-state=${door.state ?? ''}
    data-contact=${contact}
    onClick=${onChoose}
  >
    <b><span class="sign" aria-hidden="true">${SIGN[kind]}</span> ${door.door}</b>
    <span>${door.state ? say('door', door.state) : t('door.unheard')}</span>
    <span class="contact ${contact}">${say('contact', contact)}</span>
    <span class="marks">${door.size}${door.zone === 'cold' ? html` <span title=${say('zone', 'cold')}><span aria-hidden="true">❄</span><span class="hidden"> ${say('zone', 'cold')}</span></span>` : ''}${door.low ? html` <span title=${t('door.low')}><span aria-hidden="true">▁</span><span class="hidden"> ${t('door.low')}</span></span>` : ''}</span>
    ${door.order && html`<span class="bag">${t('bag', { number: door.order.number })}</span>`}
  </button>`;
};

export const Wall = ({ locker, silent, chosen, onChoose }) =>
  html`<div class="doors" role="group" aria-label=${t('doors.map', { name: locker.name })}>
    ${locker.doors.map((d) => html`<${Door} key=${d.door} door=${d} silent=${silent} chosen=${d.door === chosen} onChoose=${() => onChoose(d.door)} />`)}
  </div>`;

// How many doors of each kind, in words.
export function doorSummary(locker, silent) {
  const n = {};
  for (const d of locker.doors) n[doorKind(d, silent)] = (n[doorKind(d, silent)] ?? 0) + 1;
  return KINDS.filter((k) => n[k]).map((k) => many(`doorcount.${k}`, n[k])).join(', ');
}

// The wall as a picture of small squares.
export const SmallWall = ({ locker, silent }) => {
  if (locker.doors.length === 0) return null;
  return html`<span class="smallwall" role="img" aria-label=${doorSummary(locker, silent)}>
    ${locker.doors.map((d) => html`<i class=${doorKind(d, silent)} style=${{ gridRow: d.row, gridColumn: d.column }} />`)}
  </span>`;
};
