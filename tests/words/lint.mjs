// SPDX-License-Identifier: Apache-2.0
// Looks at every text of the project: node tests/words/lint.mjs [--keys]. With --keys only what would leave somebody without words, which is what
// `make assets` asks; without it also how the texts are written. Exit status 1 when anything was found.
import { hub, kiosk, known, mentioned, slips } from './catalogues.mjs';
import { complete, hubWords, kioskWords, lacking, sameKeys, transcripts, twice, untranslated } from './rules.mjs';

const keysOnly = process.argv.includes('--keys');
const controller = known();
const found = [];
let texts = 0;

function look(list, check) {
  let base;
  for (const { file, language, text } of list) {
    const say = (findings) => found.push(...findings.map((f) => `${file}: ${f}`));
    let t;
    try {
      t = JSON.parse(text);
    } catch (e) {
      say([e.message]);
      continue;
    }
    base ??= t;
    texts += Object.keys(t).length;
    say([...twice(text), ...sameKeys(t, base)]);
    say(check(t, language));
  }
}

look(kiosk(), (t, language) => {
  const out = complete(t, controller);
  if (keysOnly || out.length) return out;
  if (['nl', 'en'].includes(language)) out.push(...kioskWords(t, language, controller));
  return [...out, ...transcripts(t, language, controller)];
});
for (const list of [hub(), slips()]) look(list, (t, language) => (keysOnly || !['nl', 'en'].includes(language) ? [] : hubWords(t, language)));
for (const [where, list] of Object.entries({ 'controller/kiosk/': kiosk(), 'backend/web/slip.': slips() }))
  for (const language of controller.languages) if (!list.some((c) => c.language === language)) found.push(`${where}${language}.json: is missing`);

for (const list of [kiosk(), slips()]) {
  const english = list.find((c) => c.language === 'en');
  for (const { file, text } of list.filter((c) => !['nl', 'en'].includes(c.language)))
    if (!found.length) found.push(...untranslated(JSON.parse(text), JSON.parse(english.text)).map((f) => `${file}: ${f}`));
}
const dutch = (list) => (list[0] ? JSON.parse(list[0].text) : {});
const names = mentioned();
if (!found.length) // a catalogue that cannot be read has been told
  found.push(...lacking(names.hub, dutch(hub())), ...lacking(names.prints, dutch(hub()), dutch(slips())), ...lacking(names.kiosk, dutch(kiosk())));

for (const line of found) console.error(line);
if (!keysOnly || found.length) console.log(`words: ${texts} texts, ${found.length} findings`);
process.exit(found.length ? 1 : 0);
