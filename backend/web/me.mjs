// SPDX-License-Identifier: Apache-2.0
// The own account: password, and a second factor on the own telephone.
import { html, Component, t, many, say, ask, Act, Form, Field, Notice, Refused } from './parts.mjs';

const ASIDE = 4; // letters of a group: a long secret is typed in small pieces

// The square of the hub as elements of this page: nothing that comes over the wire is run as markup.
function Square({ svg, label }) {
  const root = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
  const paths = [...root.querySelectorAll('path')];
  return html`<svg class="square" viewBox=${root.getAttribute('viewBox')} role="img" aria-label=${label} shape-rendering="crispEdges">
    ${paths.map((p) => html`<path fill=${p.getAttribute('fill')} d=${p.getAttribute('d')} />`)}
  </svg>`;
}

class Password extends Component {
  async change({ password, new_password, repeat }, form) {
    if (new_password !== repeat) throw new Refused(422, t('me.password.differ'));
    await ask('POST', '/api/me/password', { password, new_password });
    form.reset();
    this.setState({ done: true });
    this.props.onChange();
  }

  render({ me }, { done }) {
    return html`<section class="card">
      <h2>${t('me.password')}</h2>
      <div role="status">${done && html`<p class="notice good">${t('me.password.done')}</p>`}</div>
      <${Form} name="password" label=${t('me.password.set')} onSubmit=${(v, f) => this.change(v, f)}>
        <input class="hidden" name="name" value=${me.name} autocomplete="username" readonly tabindex="-1" aria-hidden="true" />
        <${Field} label=${t('me.password.old')} name="password" type="password" autocomplete="current-password" required />
        <${Field} label=${t('me.password.new')} hint=${t('me.password.hint')} name="new_password" type="password" minlength="12" maxlength="128" autocomplete="new-password" required />
        <${Field} label=${t('me.password.repeat')} name="repeat" type="password" minlength="12" maxlength="128" autocomplete="new-password" required />
      <//>
    </section>`;
  }
}

class Factor extends Component {
  constructor() {
    super();
    this.state = { begun: null, spares: null };
  }

  async begin() {
    this.setState({ begun: await ask('POST', '/api/me/factor', {}), spares: null });
  }

  async confirm({ code }) {
    const { spares } = await ask('POST', '/api/me/factor/confirm', { code: code.replaceAll(' ', '') });
    this.setState({ begun: null, spares });
    this.props.onChange();
  }

  async remove() {
    await ask('POST', '/api/me/factor/remove', {});
    this.setState({ spares: null });
    this.props.onChange();
  }

  renderBegun(begun) {
    const pieces = begun.secret.match(new RegExp(`.{1,${ASIDE}}`, 'g')).join(' ');
    return html`<ol>
        <li>${t('me.factor.step1')}</li>
        <li>${t('me.factor.step2')}</li>
        <li>${t('me.factor.step3')}</li>
      </ol>
      <${Square} svg=${begun.qr} label=${t('me.factor.square')} />
      <p>${t('me.factor.typed')} <code class="secret">${pieces}</code></p>
      <${Form} name="factor" label=${t('me.factor.confirm')} onSubmit=${(v) => this.confirm(v)}>
        <${Field} label=${t('me.code')} name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{6,8}" required />
      <//>`;
  }

  renderSpares(spares) {
    return html`<div class="notice warn" role="status">
      <p>${t('me.spares.keep')}</p>
      <ul class="spares">${spares.map((s) => html`<li><code class="secret">${s}</code></li>`)}</ul>
      <p>${t('me.spares.once')}</p>
      <p class="tools"><button onClick=${() => print()}>${t('me.spares.print')}</button></p>
    </div>`;
  }

  render({ me }, { begun, spares }) {
    return html`<section class="card">
      <h2>${t('me.factor')}</h2>
      <p>${t('me.factor.why')}</p>
      ${spares && this.renderSpares(spares)}
      ${me.factor
        ? html`<p>${t('me.factor.on')} ${many('me.spares.left', me.spares)}</p>
            <${Act} danger label=${t('me.factor.remove')} onAct=${() => this.remove()} />`
        : begun
          ? this.renderBegun(begun)
          : html`<${Act} label=${t('me.factor.begin')} onAct=${() => this.begin()} />`}
    </section>`;
  }
}

// onChange: something about the own account is not as it was.
export const MePage = ({ me, onMe }) => html`<h1>${t('nav.me')}</h1>
  ${me.must && html`<${Notice} error=${t(`me.must.${me.must}`)} />`}
  <p>${me.full_name} (${me.name}), ${say('role', me.role)}</p>
  ${me.must !== 'factor' && html`<${Password} me=${me} onChange=${onMe} />`}
  ${me.must !== 'password' && html`<${Factor} me=${me} onChange=${onMe} />`}`;
