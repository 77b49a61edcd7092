// SPDX-License-Identifier: Apache-2.0
// The pictograms of the kiosk, drawn for it: lines of one width on a field of 120 by 120. Class "on" is filled with the colour of the text,
// "soft" with the light one, the rest are lines. They say with a picture what the text beside them says: never the only way to know.

const CABINET = '<rect x="22" y="12" width="76" height="96" rx="5"/><path d="M60 12v96M22 44h76M22 76h76"/>';
const BAG = '<path class="soft" d="M38 48h44l5 52H33z"/><path d="M49 48v-9a11 11 0 0 1 22 0v9"/>';
const PLUS = '<path d="M60 62v24M48 74h24" stroke-width="8"/>';
const HANDSET = 'M36 20c-9 3-15 11-13 22 4 28 30 54 58 58 11 2 19-4 22-13L85 71l-13 9C60 74 50 64 44 52l9-13z';
const QUESTION = '<path d="M50 62a11 11 0 1 1 14 11c-3 1-4 3-4 6"/><circle class="on" cx="60" cy="90" r="3"/>';
const KEYS = [34, 60, 86].flatMap((y) => [38, 60, 82].map((x) => `<circle class="on" cx="${x}" cy="${y + 8}" r="6"/>`)).join('');
const QR = '<path d="M42 42h14v14H42zM64 42h14v14H64zM42 64h14v14H42z"/><path class="on" d="M66 66h5v5h-5zM73 73h5v5h-5z"/>';
const OPEN_DOOR = '<path class="soft" d="M60 44h38v32H60z"/><path class="on" d="M98 44l16 9v38l-16-15z"/>';

const DRAWINGS = {
  code: `<rect class="soft" x="22" y="10" width="76" height="100" rx="9"/><path d="M34 25h52" stroke-width="9"/>${KEYS}`,
  paper: `<path class="soft" d="M30 22h60v76H30z"/>${QR}<path d="M38 90h44"/><path d="M10 60h14M96 60h14" stroke-width="8"/>`,
  calendar: '<rect class="soft" x="18" y="24" width="84" height="80" rx="7"/><path d="M18 46h84M40 14v18M80 14v18"/><path d="M34 62h10M55 62h10M76 62h10M34 82h10M76 82h10"/><circle class="on" cx="60" cy="82" r="9"/>',
  people: '<circle cx="42" cy="40" r="14"/><path d="M16 98c0-20 10-34 26-34s26 14 26 34"/><circle class="soft" cx="82" cy="50" r="11"/><path d="M74 98h30c0-18-8-28-22-28"/>',
  hourglass: '<path d="M32 14h56M32 106h56M38 14c0 26 22 30 22 46S38 80 38 106M82 14c0 26-22 30-22 46s22 20 22 46"/><path class="on" d="M47 98c3-10 10-12 13-16 3 4 10 6 13 16z"/>',
  cross: '<circle class="soft" cx="60" cy="60" r="46"/><path d="M42 42l36 36M78 42L42 78" stroke-width="9"/>',
  check: '<circle class="soft" cx="60" cy="60" r="46"/><path d="M38 62l16 16 30-34" stroke-width="9"/>',
  clock: '<circle class="soft" cx="60" cy="60" r="46"/><path d="M60 32v30l20 12" stroke-width="8"/>',
  phone: `<path class="soft" d="${HANDSET}"/><path d="M74 22c12 3 21 12 24 24M72 38c6 2 9 5 11 11"/>`,
  door: `${CABINET}${OPEN_DOOR}`,
  walk: `${CABINET}<path class="on" d="M60 44h38v32H60z"/><path d="M4 112h36M30 102l12 10-12 10" stroke-width="6"/>`,
  take: `<path d="M16 12h64v96H16zM16 44h12M16 80h12"/>${'<path class="soft" d="M36 52h34l4 38H32z"/><path d="M45 52v-6a8 8 0 0 1 16 0v6"/>'}<path d="M78 70h32M98 56l14 14-14 14" stroke-width="8"/>`,
  put: `<path d="M40 12h64v96H40zM104 44H92M104 80H92"/>${'<path class="soft" d="M54 52h34l4 38H50z"/><path d="M63 52v-6a8 8 0 0 1 16 0v6"/>'}<path d="M4 70h32M24 56l14 14-14 14" stroke-width="8"/>`,
  close: '<path d="M30 12h50v96H30z"/><path class="soft" d="M80 12l26 14v84L80 108z"/><circle class="on" cx="98" cy="66" r="4"/><path d="M66 42c-14-2-22 6-24 16M36 46l5 14 14-5" stroke-width="6"/>',
  push: '<rect class="soft" x="60" y="12" width="46" height="96" rx="4"/><circle class="on" cx="72" cy="60" r="4"/><path d="M8 60h40M34 44l16 16-16 16" stroke-width="8"/>',
  bag: `${BAG}${PLUS}`,
  bags: '<path class="soft" d="M20 40h34l4 44H16z"/><path d="M29 40v-7a8 8 0 0 1 16 0v7"/><path class="soft" d="M66 56h34l4 46H62z"/><path d="M75 56v-7a8 8 0 0 1 16 0v7"/>',
  question: `<path class="soft" d="M32 38h56l6 70H26z"/><path d="M46 38V28a14 14 0 0 1 28 0v10"/>${QUESTION}`,
  told: `${BAG}<path d="M44 74l12 12 20-24" stroke-width="7"/>`,
  empty: '<rect x="18" y="20" width="84" height="80" rx="5"/><path d="M18 20l24 22v36L18 100M102 20L78 42v36l24 22M42 42h36M42 78h36"/>',
  remote: `<path class="soft" d="M14 30h30v60H14z"/><path d="M24 82h10"/><path d="M54 46c8 8 8 20 0 28M64 36c14 14 14 34 0 48"/><path d="M86 14h24v92H86z"/><circle class="on" cx="93" cy="60" r="3"/>`,
  globe: '<circle class="soft" cx="60" cy="60" r="46"/><path d="M14 60h92M60 14c-30 28-30 64 0 92M60 14c30 28 30 64 0 92M22 36h76M22 84h76"/>',
  badge: '<rect class="soft" x="24" y="30" width="72" height="78" rx="8"/><path d="M46 30V16h28v14M38 92h44M38 78h44"/><circle cx="60" cy="55" r="11"/>',
  label: '<rect class="soft" x="12" y="28" width="96" height="64" rx="6"/><path d="M28 44v32M38 44v32M54 44v32M60 44v32M76 44v32M92 44v32" stroke-width="6"/>',
  look: '<path class="soft" d="M8 60c24-38 80-38 104 0-24 38-80 38-104 0z"/><circle cx="60" cy="60" r="18"/><circle class="on" cx="60" cy="60" r="7"/>',
  hide: '<path d="M8 60c24-38 80-38 104 0-24 38-80 38-104 0z"/><circle cx="60" cy="60" r="18"/><path d="M22 104L98 16" stroke-width="8"/>',
  off: `${CABINET}<path d="M8 8l104 104" stroke-width="9"/>`,
  speaker: '<path class="soft" d="M14 46h22l26-24v76L36 74H14z"/><path d="M76 42c10 10 10 26 0 36M88 28c20 18 20 46 0 64"/>',
  help: `<circle class="soft" cx="60" cy="60" r="48"/><g transform="translate(0 -9)">${'<path d="M44 52a16 16 0 1 1 21 15c-4 2-5 5-5 9" stroke-width="8"/><circle class="on" cx="60" cy="93" r="5"/>'}</g>`,
};

// An <svg> with that drawing; undefined when there is none.
export function picture(name) {
  const drawing = DRAWINGS[name];
  if (!drawing) return undefined;
  const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120" aria-hidden="true" class="picture">${drawing}</svg>`;
  return document.importNode(new DOMParser().parseFromString(text, 'image/svg+xml').documentElement, true);
}

// The picture of each screen, and of each of its lines; a line about a key shows that key.
export const PICTURES = {
  start: ['bag', 'code', 'paper'], code: ['code', 'paper', 'key:clear'], birthday: ['calendar', 'calendar', 'people'], checking: ['hourglass', 'code'],
  refused: ['cross', 'code', 'calendar'], wait: ['clock', 'cross'], ask: ['phone', 'bag'], doors: ['door', 'close', 'check'], opening: ['door', 'walk'],
  open: ['door', 'take', 'close', 'key:help'], close: ['close', 'door', 'close', 'key:help'], jam: ['push', 'push', 'key:help'], done: ['check', 'bag', 'key:help'],
  next: ['bags', 'key:ok', 'key:clear'], report: ['question', 'key:1', 'key:2', 'key:3', 'key:ok'], reported: ['told', 'phone'],
  remote: ['remote', 'door', 'key:clear'], languages: ['globe', 'key:ok', 'key:language'], help: ['phone', 'key:ok'],
  'staff-pin': ['badge', 'key:ok'], 'staff-refused': ['cross', 'badge'], 'staff-menu': ['badge', 'bag', 'look', 'key:clear'],
  'staff-load-opening': ['door', 'bag'], 'staff-load-open': ['put', 'empty', 'put', 'close'], 'staff-load-label': ['label', 'check', 'key:help'],
  'staff-inspect-opening': ['door', 'look'], 'staff-inspect-open': ['look', 'bag', 'close'], 'staff-test-open': ['label', 'look', 'label', 'close'],
  'staff-inspect-ask': ['question', 'key:1', 'label', 'key:help'], 'staff-jam': ['push', 'key:ok', 'key:help'], 'out-of-service': ['off', 'check'],
};
