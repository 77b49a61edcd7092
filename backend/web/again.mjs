// SPDX-License-Identifier: Apache-2.0
// Before a dangerous act the hub asks once more who somebody is: a dialog, after which the same request is sent again.
import { html, Component, Form, Field, ask, t } from './parts.mjs';

export class AgainDialog extends Component {
  constructor(props) {
    super(props);
    this.state = { code: props.factor };
  }

  componentDidMount() {
    this.dialog.showModal();
  }

  // Closed first, so that the focus goes back to where it was.
  end(done) {
    this.dialog.close();
    done();
  }

  async prove({ proof }) {
    await ask('POST', '/api/again', this.state.code ? { totp: proof } : { password: proof });
    this.end(this.props.onProven);
  }

  render({ factor, onCancel }, { code }) {
    const cancel = (e) => {
      e.preventDefault();
      this.end(onCancel);
    };
    return html`<dialog ref=${(e) => (this.dialog = e)} aria-labelledby="again" onCancel=${cancel}>
      <h2 id="again">${t('again.title')}</h2>
      <p>${t('again.why')}</p>
      <${Form} key=${code} name="again" label=${t('again.go')} onSubmit=${(v) => this.prove(v)}>
        ${code
          ? html`<${Field} label=${t('me.code')} name="proof" inputmode="numeric" autocomplete="one-time-code" maxlength="24" required autofocus />`
          : html`<${Field} label=${t('login.password')} name="proof" type="password" autocomplete="current-password" required autofocus />`}
      <//>
      <p class="tools">
        ${factor && html`<button type="button" class="plain" onClick=${() => this.setState({ code: !code })}>${t(code ? 'again.password' : 'again.code')}</button>`}
        <button type="button" onClick=${cancel}>${t('cancel')}</button>
      </p>
    </dialog>`;
  }
}
