// SPDX-License-Identifier: Apache-2.0
// What patients were told, and when: the form, and the section on the page of an order.
import { html, t, say, ask, exact, moment, Form, Choice, Tag } from './parts.mjs';

const HOW = ['telephone', 'counter', 'letter', 'email'];
const OUTCOMES = ['told', 'left', 'no_answer', 'wrong'];
const looks = { told: 'good', left: 'busy', no_answer: 'warn', wrong: 'bad' };

// onKept gets the contacts of the order, as they are now.
export const ContactForm = ({ id, onKept }) => {
  const keep = async ({ how, outcome, note }, form) => {
    const { contacts } = await ask('POST', `/api/orders/${id}/contacts`, { how, outcome, ...(note ? { note } : {}) });
    form.reset();
    await onKept?.(contacts);
  };
  return html`<${Form} name="contact" label=${t('contact.keep')} onSubmit=${keep}>
    <${Choice} label=${t('contact.how')} name="how" value="telephone" options=${HOW.map((h) => [h, say('contact.how', h)])} />
    <${Choice} label=${t('contact.outcome')} name="outcome" value="told" options=${OUTCOMES.map((o) => [o, say('contact.outcome', o)])} />
    <label class="field"><span>${t('contact.note')}</span><input name="note" maxlength="200" autocomplete="off" /><small>${t('contact.note.hint')}</small></label>
  <//>`;
};

export const ToldTag = ({ order }) => (order.told_ms ? html`<span class="tag good">${t('contact.told', { time: moment(order.told_ms) })}</span>` : null);

export const ContactSection = ({ order, onKept }) =>
  html`<section class="card" id="contact">
    <h2>${t('contact')} <${ToldTag} order=${order} /></h2>
    ${order.contacts_cut && html`<p class="notice warn">${t('cut')}</p>`}
    ${order.contacts.length === 0
      ? html`<p>${t('contact.none')}</p>`
      : html`<ul class="contacts">
          ${order.contacts
            .map(
              (c) =>
                html`<li key=${c.id}><time>${exact(c.at_ms)}</time> ${say('contact.how', c.how)} <${Tag} kind=${looks[c.outcome]} group="contact.outcome" value=${c.outcome} /> <span class="who">${c.by}</span>${c.note && html`<br />${c.note}`}</li>`,
            )
            .reverse()}
        </ul>`}
    <${ContactForm} id=${order.id} onKept=${onKept} />
  </section>`;
