// The account: language, password, e-mail, second factor, and where one is logged in.
import { changeEmail } from '../account/email.js';
import { changePassword } from '../account/password.js';
import { sessionsPanel } from '../account/sessions.js';
import { removeTotp, setUpTotp } from '../account/totp.js';
import { api } from '../api.js';
import { changeLanguage, setUser, signOut, welcome } from '../app.js';
import { h, redraw } from '../dom.js';
import { language, languages, t } from '../i18n.js';
import { button, explain, field, panel, toast } from '../ui.js';

function identity(user, again) {
  const proven =
    user.email &&
    (user.email_proven
      ? h('span', { class: 'chip ok' }, t('account.email.proven'))
      : h('span', { class: 'chip warn' }, t('account.email.unproven')));
  const canMail = welcome()?.mail;
  return panel(
    t('account.who'),
    null,
    h(
      'ul',
      { class: 'rows' },
      h(
        'li',
        {},
        h('div', { class: 'grow' }, h('b', {}, t('login.name_only')), h('span', {}, user.name)),
        user.admin && h('span', { class: 'chip accent' }, t('account.admin')),
      ),
      h(
        'li',
        {},
        h(
          'div',
          { class: 'grow' },
          h('b', {}, t('signup.email'), ' ', proven),
          h('span', {}, user.email || t('account.email.none')),
        ),
        canMail &&
          button(
            {
              class: 'small',
              onclick: async () => {
                const changed = await changeEmail(user);
                if (changed) again(changed);
              },
            },
            t(user.email ? 'account.email.change_short' : 'account.email.add'),
          ),
      ),
      h(
        'li',
        {},
        h(
          'div',
          { class: 'grow' },
          h('b', {}, t('login.password')),
          h('span', {}, t(user.password === false ? 'account.password.none' : 'account.password.set')),
        ),
        user.password !== false &&
          button({ class: 'small', onclick: changePassword }, t('account.password.change_short')),
      ),
    ),
  );
}

function factor(user, reload) {
  const kind = user.second_factor;
  const on = kind === 'totp';
  const after = async (dialogs) => {
    await dialogs();
    await reload();
  };
  return panel(
    t('account.factor.title'),
    t('account.factor.about'),
    h(
      'ul',
      { class: 'rows' },
      h(
        'li',
        {},
        h(
          'div',
          { class: 'grow' },
          h('b', {}, t(`account.factor.${kind}`)),
          h('span', {}, t(`account.factor.${kind}_text`)),
        ),
        on
          ? button(
              {
                class: 'small',
                onclick: () =>
                  after(async () => {
                    if (await removeTotp()) toast(t('account.totp.is_off'));
                  }),
              },
              t('account.totp.off'),
            )
          : button(
              { class: kind === 'none' ? 'primary small' : 'small', onclick: () => after(setUpTotp) },
              t('account.totp.set_up'),
            ),
      ),
    ),
  );
}

export default async function account({ user: known, signal }) {
  const sessions = sessionsPanel(signal);
  let user = known;
  const [fresh] = await Promise.all([api.get('/api/v1/account', { signal }), sessions.load()]);
  user = fresh;
  const place = h('div', { class: 'panels' });
  const draw = () => redraw(place, identity(user, again), factor(user, reload));
  function again(changed) {
    user = changed;
    setUser(changed);
    draw();
  }
  async function reload() {
    try {
      again(await api.get('/api/v1/account', { signal }));
    } catch (error) {
      if (!signal.aborted) toast(explain(error), 'bad');
    }
  }
  draw();

  const words = field({
    name: 'language',
    label: t('account.language.label'),
    options: Object.entries(languages),
    value: language(),
    onchange: (event) => changeLanguage(event.target.value),
  });
  const title = t('account.title');
  const element = h(
    'div',
    { class: 'page middle' },
    h('div', { class: 'page-head' }, h('h1', {}, title)),
    place,
    h(
      'section',
      { class: 'panel', 'aria-label': t('account.language.title') },
      h('h2', {}, t('account.language.title')),
      h('p', { class: 'muted' }, t('account.language.about')),
      words.element,
    ),
    sessions.element,
    h('p', { class: 'actions' }, button({ icon: 'out', onclick: signOut }, t('nav.out'))),
  );
  return { element, title };
}
