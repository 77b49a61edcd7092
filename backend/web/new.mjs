// SPDX-License-Identifier: Apache-2.0
// New orders: filled in, from a FHIR bundle, from a table.
import { html, Component, t, many, say, ask, exact, LANGUAGES, Refused, Form, Field, Choice, Act, Notice, Progress } from './parts.mjs';

const PORTION = 50; // rows of a table that are sent into the books at a time

export class NewPage extends Component {
  constructor() {
    super();
    this.state = { done: null, before: null, reading: null, others: [] };
  }

  // Other pharmacies that share the lockers: mostly there are none, and then nothing is asked.
  componentDidMount() {
    ask('GET', '/api/pharmacies').then(({ pharmacies }) => this.setState({ others: pharmacies }), () => {});
  }

  async one(values, form) {
    const body = Object.fromEntries(Object.entries(values).filter(([, v]) => v !== ''));
    if ('low_door' in body) body.low_door = true;
    for (const name of ['not_before', 'not_after']) if (name in body) body[name] = new Date(body[name]).toISOString(); // typed as the clock of this screen
    const order = await ask('POST', '/api/orders', body);
    form.reset();
    location.hash = `#/order/${order.id}`;
  }

  // From the chosen file, or from what was pasted.
  async text(values) {
    return values.file?.size ? values.file.text() : values.text;
  }

  async bundle(values, form) {
    const dispense = await ask('POST', '/fhir/Bundle', await this.text(values), 'application/fhir+json');
    form.reset();
    location.hash = `#/order/${dispense.id}`;
  }

  async csv(values, form) {
    if (await this.read(await this.text(values), 0)) form.reset();
  }

  // By portions, so that one sees how far it is; true when it is at its end. Cut anywhere, the same table goes on where it stopped.
  // again: of a table that was read before, when it was.
  async read(text, again) {
    let at = { done: 0, rows: 0 };
    this.setState({ done: null, before: null, reading: at });
    try {
      do {
        const first = at.done === 0;
        at = await ask('POST', `/api/orders/csv?portion=${PORTION}${again ? `&again=${again}` : ''}`, text, 'text/csv');
        if (at.before && first) {
          this.setState({ before: { text, at_ms: at.at_ms } });
          return false;
        }
        this.setState({ reading: at });
      } while (at.done < at.rows);
      this.setState({ done: `${many('new.csv.created', at.created)} ${many('new.csv.rows', at.rows)}` });
      return true;
    } catch (error) {
      throw at.done > 0 ? new Refused(error.status, `${t('new.csv.part', { n: at.done, m: at.rows })} ${error.message}`) : error;
    } finally {
      this.setState({ reading: null });
    }
  }

  render({ me }, { done, before, reading, others }) {
    return html`<h1>${t('nav.new')}</h1>
      <div class="beside">
        <section class="card">
          <h2>${t('new.form')}</h2>
          <${Form} name="order" label=${t('new.save')} onSubmit=${(v, f) => this.one(v, f)}>
            <${Field} label=${t('order.patient')} name="patient" required maxlength="160" />
            <${Field} label=${t('order.birth_date')} name="birth_date" type="date" />
            <${Field} label=${t('order.reference')} name="reference" maxlength="160" />
            <${Field} label=${t('order.medicine')} name="medicine" maxlength="240" hint=${t('new.medicine.hint')} />
            <${Field} label=${t('order.quantity')} name="quantity" maxlength="80" />
            <${Field} label=${t('order.destination')} name="destination" maxlength="160" />
            <${Choice} label=${t('order.class')} name="class" value="ordinary" options=${['ordinary', 'sensitive', 'controlled'].map((c) => [c, say('class', c)])} />
            <${Choice} label=${t('order.size')} name="size" value="" options=${[['', t('new.size.auto')], ...['S', 'M', 'L'].map((s) => [s, say('size', s)])]} />
            <${Choice} label=${t('order.zone')} name="zone" value="room" options=${['room', 'cold'].map((z) => [z, say('zone', z)])} />
            <${Choice} label=${t('order.language')} name="language" value="nl" options=${LANGUAGES} />
            ${others.length > 0 && html`<${Choice} label=${t('order.pharmacy')} name="pharmacy" value="" options=${[['', me.pharmacy], ...others.map((p) => [p.ura, p.name])]} />`}
            <${Field} label=${t('new.not_before')} name="not_before" type="datetime-local" hint=${t('new.not_before.hint')} />
            <${Field} label=${t('new.not_after')} name="not_after" type="datetime-local" hint=${t('new.not_after.hint')} />
            <label class="field tick"><input type="checkbox" name="low_door" /> <span>${t('pack.low')}</span></label>
          <//>
        </section>
        <section class="card">
          <h2>${t('new.bundle')}</h2>
          <${Form} name="bundle" label=${t('new.send')} onSubmit=${(v, f) => this.bundle(v, f)}>
            <${Field} label=${t('new.file')} name="file" type="file" accept=".json,application/json,application/fhir+json" />
            <label class="field"><span>${t('new.paste')}</span><textarea name="text" rows="6" spellcheck=${false}></textarea></label>
          <//>
          <h2>${t('new.csv')}</h2>
          <${Form} name="csv" label=${t('new.send')} onSubmit=${(v, f) => this.csv(v, f)}>
            <${Field} label=${t('new.file')} name="file" type="file" accept=".csv,text/csv" />
            <label class="field"><span>${t('new.paste')}</span><textarea name="text" rows="6" spellcheck=${false}></textarea></label>
          <//>
          ${reading && html`<${Progress} label=${t('new.csv.reading')} done=${reading.done} total=${reading.rows} />`}
          ${before && html`<p class="notice warn" role="status">${t('new.csv.before', { time: exact(before.at_ms) })}</p><p class="tools"><${Act} label=${t('new.csv.again')} onAct=${() => this.read(before.text, before.at_ms)} /></p>`}
          <${Notice} text=${done} />
          ${done && html`<p><a class="button primary" href="#/today">${t('new.csv.pack')}</a></p>`}
        </section>
      </div>`;
  }
}
