// SPDX-License-Identifier: Apache-2.0
// Rules that a pharmacy sets for itself. The hub tells names, kinds and ranges; the words are here.
import { html, Component, t, ask, Act, Form, Field, Notice } from './parts.mjs';
import { Table } from './table.mjs';

const group = (name) => (name.includes('.') ? name.slice(0, name.indexOf('.')) : 'other');

class Policy extends Component {
  constructor() {
    super();
    this.state = { saved: false };
  }

  async set(value) {
    this.setState({ saved: false });
    this.props.onSet(await ask('POST', `/api/policies/${this.props.policy.name}`, { value }));
    this.setState({ saved: true });
  }

  submit(values) {
    const { kind } = this.props.policy;
    return this.set(kind === 'flag' ? values.value === 'on' : kind === 'number' ? Number(values.value) : values.value);
  }

  render({ policy: p }, { saved }) {
    const hint = p.kind === 'number' ? `${t(`policy.${p.name}.hint`)} ${t('policies.range', { min: p.min, max: p.max })}` : t(`policy.${p.name}.hint`);
    return html`<section class="card" data-policy=${p.name}>
      <${Form} key=${String(p.value)} name=${p.name} label=${t('policies.save')} onSubmit=${(v) => this.submit(v)}>
        ${p.kind === 'flag'
          ? html`<label class="field tick"><input type="checkbox" name="value" defaultChecked=${p.value} /><span>${t(`policy.${p.name}`)}</span></label><small>${hint}</small>`
          : html`<${Field} label=${t(`policy.${p.name}`)} hint=${hint} name="value" value=${p.value} required autocomplete="off"
              ...${p.kind === 'number' ? { type: 'number', min: p.min, max: p.max } : { minlength: p.min, maxlength: p.max }} />`}
      <//>
      <div role="status">${saved && html`<p class="notice good">${t('policies.saved')}</p>`}</div>
      ${p.set && html`<${Act} label=${t('policies.default')} onAct=${() => this.set(null)} />`}
    </section>`;
  }
}

// Other pharmacies that use these lockers: an order may be theirs, and its paper says whom to call.
class Pharmacies extends Component {
  constructor() {
    super();
    this.state = { rows: [], error: null };
  }

  componentDidMount() {
    this.load();
  }

  async load() {
    try {
      this.setState({ rows: (await ask('GET', '/api/pharmacies')).pharmacies, error: null });
    } catch (error) {
      this.setState({ error });
    }
  }

  async add(values, form) {
    await ask('POST', '/api/pharmacies', values);
    form.reset();
    await this.load();
  }

  async remove(ura) {
    await ask('POST', `/api/pharmacies/${ura}/remove`);
    await this.load();
  }

  render(_, { rows, error }) {
    const columns = [
      { key: 'name', label: t('pharmacies.name'), value: (p) => p.name },
      { key: 'ura', label: t('pharmacies.ura'), value: (p) => p.ura },
      { key: 'telephone', label: t('pharmacies.telephone'), value: (p) => p.telephone },
      { key: 'remove', label: t('pharmacies.act'), value: () => null, show: (p) => html`<${Act} danger label=${t('pharmacies.remove')} onAct=${() => this.remove(p.ura)} />` },
    ];
    return html`<section class="card" id="pharmacies">
      <p>${t('pharmacies.why')}</p>
      <${Notice} error=${error} />
      <${Table} id="pharmacies" caption=${t('pharmacies')} rows=${rows} columns=${columns} rowKey=${(p) => p.ura} empty=${t('pharmacies.none')} />
      <${Form} name="pharmacy" label=${t('pharmacies.add')} onSubmit=${(v, f) => this.add(v, f)}>
        <${Field} label=${t('pharmacies.name')} name="name" maxlength="80" autocomplete="off" required />
        <${Field} label=${t('pharmacies.ura')} hint=${t('pharmacies.ura.hint')} name="ura" pattern="[0-9]{8}" inputmode="numeric" autocomplete="off" required />
        <${Field} label=${t('pharmacies.telephone')} name="telephone" maxlength="80" autocomplete="off" required />
      <//>
    </section>`;
  }
}

export class PoliciesPage extends Component {
  constructor() {
    super();
    this.state = { policies: [], error: null };
  }

  async componentDidMount() {
    try {
      this.setState({ policies: (await ask('GET', '/api/policies')).policies });
    } catch (error) {
      this.setState({ error });
    }
  }

  take(fresh) {
    this.setState((s) => ({ policies: s.policies.map((p) => (p.name === fresh.name ? fresh : p)) }));
  }

  render(_, { policies, error }) {
    const groups = [...new Set(policies.map((p) => group(p.name)))];
    return html`<h1>${t('nav.policies')}</h1>
      <p>${t('policies.why')}</p>
      <${Notice} error=${error} />
      ${groups.map(
        (g) => html`<h2>${t(`policies.${g}`)}</h2>
          <div class="beside">${policies.filter((p) => group(p.name) === g).map((p) => html`<${Policy} key=${p.name} policy=${p} onSet=${(fresh) => this.take(fresh)} />`)}</div>`,
      )}
      <h2>${t('pharmacies')}</h2>
      <${Pharmacies} />`;
  }
}
