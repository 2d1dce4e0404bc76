// A new password, by a letter to the address; who has an authenticator needs it here too.
import { api } from '../api.js';
import { cleanCode, codeStep } from '../code_step.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { href, welcome } from '../app.js';
import { gate, kShortestPassword, needsHttps } from '../gate.js';
import { emptyState, field, form } from '../ui.js';

export default async function reset() {
  const view = gate();
  const title = t('reset.title');
  const about = welcome();
  let email = '';

  const heading = (state, text) => {
    state.querySelector('h2').replaceWith(h('h1', { tabindex: '-1' }, text));
    return state;
  };
  const toLogin = () => h('a', { class: 'button primary', href: href('/login'), autofocus: true }, t('login.title'));

  function done() {
    view.step(heading(emptyState('check', '', t('reset.done.text'), toLogin()), t('reset.done.title')));
  }

  function choose(challenge, factor) {
    const password = field({
      name: 'password',
      label: t('reset.password'),
      hint: t('signup.password_hint', { count: kShortestPassword }),
      type: 'password',
      autocomplete: 'new-password',
      minlength: kShortestPassword,
    });
    const code =
      factor === 'totp' &&
      field({
        name: 'code',
        label: t('reset.code'),
        hint: t('reset.code_hint'),
        autocomplete: 'one-time-code',
        autocapitalize: 'none',
        spellcheck: 'false',
      });
    view.step(
      h('h1', {}, t('reset.choose')),
      h('p', { class: 'lead' }, t('reset.choose_text')),
      form({
        fields: [password, code].filter(Boolean),
        submit: t('reset.save'),
        faults: { wrong_code: 'code', bad_password: 'password' },
        texts: { gone: t('reset.gone') },
        send: async (values) => {
          await api.post('/api/v1/reset/password', {
            challenge,
            password: values.password,
            ...(code && { code: cleanCode(values.code) }),
          });
          done();
        },
      }),
      h(
        'div',
        { class: 'link-row' },
        h('button', { type: 'button', class: 'link-button', onclick: first }, t('code.restart')),
      ),
    );
  }

  function prove(begun) {
    const step = codeStep({
      begun: { ...begun, factor: 'email' },
      title: t('reset.code_title'),
      submit: t('action.next'),
      send: async (code) => {
        const { factor } = await api.post('/api/v1/reset/code', { challenge: begun.challenge, code });
        choose(begun.challenge, factor);
      },
      restart: first,
      back: { text: t('reset.other'), go: first },
    });
    step.element.querySelector('.lead').textContent = t('reset.sent', { address: begun.sent_to });
    view.step(step.element);
  }

  function first() {
    const address = field({
      name: 'email',
      label: t('signup.email'),
      type: 'email',
      autocomplete: 'email',
      value: email,
      maxlength: 254,
      autofocus: true,
    });
    const entry = form({
      fields: [address],
      submit: t('reset.send'),
      send: async (values) => {
        email = values.email.trim();
        prove(await api.post('/api/v1/reset', { email }));
      },
    });
    entry.submitButton.classList.add('wide');
    view.step(
      h('h1', {}, title),
      h('p', { class: 'lead' }, t('reset.lead')),
      !about.secure && needsHttps(),
      entry,
      h('div', { class: 'below link-row' }, h('a', { href: href('/login') }, t('reset.back'))),
    );
  }

  if (about.mail) first();
  else
    view.step(
      heading(
        emptyState(
          'mail',
          '',
          t('reset.no_mail.text'),
          h('a', { class: 'button', href: href('/login') }, t('reset.back')),
        ),
        t('reset.no_mail.title'),
      ),
    );
  return { element: view.element, title };
}
