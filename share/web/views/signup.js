// A new account: who, then the code that proves the address; another name where it was taken meanwhile.
import { api } from '../api.js';
import { codeStep } from '../code_step.js';
import { h } from '../dom.js';
import { language, t } from '../i18n.js';
import { href, navigate, setUser, welcome } from '../app.js';
import { gate, kNamePattern, kShortestPassword, needsHttps } from '../gate.js';
import { emptyState, field, form } from '../ui.js';

const nameField = (value) =>
  field({
    name: 'name',
    label: t('signup.name'),
    hint: t('signup.name_hint'),
    autocomplete: 'username',
    autocapitalize: 'none',
    spellcheck: 'false',
    pattern: kNamePattern,
    maxlength: 64,
    'data-pattern': 'signup.name_wrong',
    value,
  });

// The secret of an invitation stands behind '#', where no server and no log sees it; nor does the history keep it.
function takeInvite() {
  const invite = new URLSearchParams(location.hash.slice(1)).get('invite');
  if (invite) history.replaceState({ ...history.state, invite }, '', location.pathname + location.search);
  return invite ?? history.state?.invite ?? null;
}

export default async function signup({ user }) {
  const invite = takeInvite();
  const view = gate();
  const title = t('signup.title');
  const about = welcome();
  const closed = about.signup === 'closed' ? 'closed' : about.signup === 'invite' && !invite ? 'invite' : null;
  const toLogin = h('a', { class: 'button', href: href('/login') }, t('login.title'));
  if (user || closed) {
    const of = user ? 'there' : closed;
    const state = emptyState(
      'account',
      '',
      t(`signup.${of}.text`, { name: user?.name }),
      user ? h('a', { class: 'button primary', href: href('/') }, t('problem.home')) : toLogin,
    );
    state.querySelector('h2').replaceWith(h('h1', {}, t(`signup.${of}.title`)));
    view.step(state);
    return { element: view.element, title };
  }
  let given = { name: '', email: '' };

  const enter = async (account) => {
    history.replaceState({}, '', location.href);
    await setUser(account);
    await navigate('/', { replace: true });
  };

  // The address is proven, but somebody was faster with the name.
  function another(challenge) {
    const name = nameField('');
    view.step(
      h('h1', {}, t('signup.taken.title')),
      h('p', { class: 'lead' }, t('signup.taken.text', { name: given.name })),
      form({
        fields: [name],
        submit: t('signup.finish'),
        faults: { name_taken: 'name', bad_name: 'name' },
        texts: { gone: t('code.gone.title') },
        send: async (values) => enter(await api.post('/api/v1/signup/confirm', { challenge, name: values.name })),
      }),
    );
  }

  function prove(begun) {
    const step = codeStep({
      begun,
      submit: t('signup.finish'),
      send: async (code) => {
        try {
          await enter(await api.post('/api/v1/signup/confirm', { challenge: begun.challenge, code }));
        } catch (error) {
          if (error.code !== 'name_taken') throw error;
          another(begun.challenge);
        }
      },
      restart: first,
      back: { text: t('signup.change'), go: first },
    });
    view.step(step.element);
  }

  function first() {
    const fields = [
      nameField(given.name),
      field({
        name: 'email',
        label: t('signup.email'),
        hint: t('signup.email_hint'),
        type: 'email',
        autocomplete: 'email',
        value: given.email,
        maxlength: 254,
      }),
      field({
        name: 'password',
        label: t('signup.password'),
        hint: t('signup.password_hint', { count: kShortestPassword }),
        type: 'password',
        autocomplete: 'new-password',
        minlength: kShortestPassword,
      }),
    ];
    const entry = form({
      fields,
      submit: t('signup.submit'),
      faults: { name_taken: 'name', bad_name: 'name', bad_email: 'email', bad_password: 'password' },
      send: async ({ name, email, password }) => {
        given = { name, email };
        prove(
          await api.post('/api/v1/signup', {
            name,
            email: email.trim(),
            password,
            language: language(),
            ...(invite && { invite }),
          }),
        );
      },
    });
    entry.submitButton.classList.add('wide');
    view.step(
      h('h1', {}, title),
      h('p', { class: 'lead' }, t(invite ? 'signup.invited' : 'signup.lead')),
      !about.secure && needsHttps(),
      entry,
      h('div', { class: 'below link-row' }, h('a', { href: href('/login') }, t('signup.have'))),
    );
  }

  first();
  return { element: view.element, title };
}
