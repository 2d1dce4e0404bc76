// Password, then the second factor.
import { api } from '../api.js';
import { codeStep } from '../code_step.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { href, navigate, setUser, welcome } from '../app.js';
import { gate, needsHttps, nextPath } from '../gate.js';
import { field, form, notice } from '../ui.js';

export default async function login({ query, user }) {
  const next = nextPath(query);
  if (user) {
    navigate(next, { replace: true });
    return null;
  }
  const view = gate();
  const title = t('login.title');
  const about = welcome();
  let lastName = '';

  const enter = async (account) => {
    await setUser(account);
    await navigate(next, { replace: true });
  };

  function second(begun, name) {
    const step = codeStep({
      begun,
      name,
      login: true,
      submit: t('login.submit'),
      send: async (code) => enter(await api.post('/api/v1/login/code', { challenge: begun.challenge, code })),
      restart: () => first(),
      back: { text: t('login.other'), go: () => first() },
    });
    view.step(step.element);
  }

  function first(above) {
    const name = field({
      name: 'name',
      label: t('login.name'),
      autocomplete: 'username',
      autocapitalize: 'none',
      spellcheck: 'false',
      value: lastName,
      autofocus: !lastName,
    });
    const password = field({
      name: 'password',
      label: t('login.password'),
      type: 'password',
      autocomplete: 'current-password',
      autofocus: Boolean(lastName),
    });
    const entry = form({
      fields: [name, password],
      submit: t('login.submit'),
      texts: { wrong_login: t('login.wrong') },
      send: async (values) => {
        lastName = values.name.trim();
        try {
          second(await api.post('/api/v1/login', { name: lastName, password: values.password }), lastName);
        } catch (error) {
          if (error.code === 'wrong_login') {
            password.input.value = '';
            password.input.focus();
          }
          throw error;
        }
      },
    });
    entry.submitButton.classList.add('wide');
    view.step(
      h('h1', {}, title),
      h('p', { class: 'lead' }, t('login.lead')),
      above,
      about && !about.secure && needsHttps(),
      entry,
      h(
        'div',
        { class: 'below link-row' },
        h('a', { href: href('/reset') }, t('login.forgot')),
        about?.signup === 'open' && h('a', { href: href('/signup') }, t('login.signup')),
        about?.signup === 'invite' && h('span', {}, t('login.by_invite')),
      ),
    );
  }

  first(
    query.has('ended') ? notice('info', t('login.ended')) : query.has('out') ? notice('done', t('login.out')) : null,
  );
  return { element: view.element, title };
}
