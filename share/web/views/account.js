// The account: language, password, e-mail, second factor, and where one is logged in.
import { api } from '../api.js';
import { cleanCode, codeStep } from '../code_step.js';
import { h, redraw, replace, setText } from '../dom.js';
import { ago, date, dateTime, language, languages, t } from '../i18n.js';
import { changeLanguage, setUser, signOut, welcome } from '../app.js';
import { agentName } from '../agent.js';
import { kShortestPassword } from '../gate.js';
import { button, confirm, copyButton, dialog, explain, field, form, notice, qr, toast } from '../ui.js';

const currentPassword = (of = {}) =>
  field({ name: 'password', label: t('account.current'), type: 'password', autocomplete: 'current-password', ...of });
// The current password was wrong; a function, as the language may change.
const faults = () => ({
  faults: { wrong_login: 'password', wrong_password: 'password' },
  texts: { wrong_login: t('account.wrong_password'), wrong_password: t('account.wrong_password') },
});

function panel(title, about, ...children) {
  return h(
    'section',
    { class: 'panel', 'aria-label': title },
    h('h2', {}, title),
    about && h('p', { class: 'muted' }, about),
    children,
  );
}

// ---- password

function changePassword() {
  return dialog(t('account.password.title'), (close) => {
    const fields = [
      currentPassword(),
      field({
        name: 'next',
        label: t('account.password.new'),
        hint: t('signup.password_hint', { count: kShortestPassword }),
        type: 'password',
        autocomplete: 'new-password',
        minlength: kShortestPassword,
      }),
    ];
    return [
      h('p', { class: 'muted' }, t('account.password.others')),
      form({
        fields,
        submit: t('account.password.change'),
        texts: faults().texts,
        faults: { ...faults().faults, bad_password: 'next' },
        secondary: button({ onclick: () => close() }, t('action.cancel')),
        send: async (values) => {
          await api.post('/api/v1/account/password', { current: values.password, password: values.next });
          close(true);
          toast(t('account.password.done'));
        },
      }),
    ];
  });
}

// ---- e-mail

function changeEmail(user) {
  return dialog(t('account.email.change'), (close) => {
    const place = h('div', {});
    const first = () => {
      const fields = [
        field({
          name: 'email',
          label: t('account.email.new'),
          type: 'email',
          autocomplete: 'email',
          maxlength: 254,
          value: user.email_proven ? '' : user.email,
        }),
        currentPassword(),
      ];
      replace(
        place,
        form({
          fields,
          submit: t('account.email.send'),
          texts: faults().texts,
          faults: { ...faults().faults, bad_email: 'email', email_taken: 'email' },
          secondary: button({ onclick: () => close() }, t('action.cancel')),
          send: async ({ email, password }) =>
            prove(await api.post('/api/v1/account/email', { email: email.trim(), password })),
        }),
      );
      fields[0].input.focus();
    };
    const prove = (begun) => {
      const step = codeStep({
        begun: { ...begun, factor: 'email' },
        small: true,
        submit: t('code.submit'),
        restart: first,
        send: async (code) => {
          const account = await api.post('/api/v1/account/email/confirm', { challenge: begun.challenge, code });
          close(account);
          toast(t('account.email.done'));
        },
      });
      replace(place, step.element);
      step.input.focus();
    };
    first();
    return place;
  });
}

// ---- second factor

// The set-up in one dialog: password, the code to scan, a code back, recovery codes.
function setUpTotp() {
  return dialog(t('account.totp.title'), (close) => {
    const place = h('div', { class: 'stack' });
    const first = () =>
      replace(
        place,
        h('p', { class: 'muted' }, t('account.totp.why')),
        form({
          fields: [currentPassword()],
          submit: t('action.next'),
          ...faults(),
          secondary: button({ onclick: () => close() }, t('action.cancel')),
          send: async ({ password }) => scan(await api.post('/api/v1/account/totp', { password })),
        }),
      );
    const scan = ({ secret, uri, qr: matrix }) => {
      const code = field({
        name: 'code',
        label: t('account.totp.code'),
        inputmode: 'numeric',
        autocomplete: 'one-time-code',
        class: 'code-input',
        maxlength: 9,
      });
      const spaced = secret.replace(/(.{4})(?=.)/g, '$1 ');
      const entry = form({
        fields: [code],
        submit: t('account.totp.on'),
        faults: { wrong_code: 'code' },
        texts: { wrong_code: t('account.totp.wrong') },
        secondary: button({ onclick: () => close() }, t('action.cancel')),
        send: async (values) => {
          const { recovery_codes: codes } = await api.post('/api/v1/account/totp/confirm', {
            code: cleanCode(values.code),
          });
          keep(codes);
        },
      });
      replace(
        place,
        h(
          'ol',
          { class: 'steps' },
          h(
            'li',
            { class: 'stack' },
            h('p', {}, t('account.totp.scan')),
            qr(matrix, t('account.totp.qr')),
            h('p', { class: 'link-row' }, h('a', { href: uri }, t('account.totp.open'))),
            h(
              'details',
              {},
              h('summary', {}, t('account.totp.typed')),
              h('p', { class: 'mono' }, spaced),
              h('div', { class: 'actions' }, copyButton(secret, t('account.totp.key'))),
            ),
          ),
          h('li', {}, entry),
        ),
      );
      code.input.focus();
    };
    const keep = (codes) => {
      const box = h('input', { type: 'checkbox' });
      const done = button(
        {
          class: 'primary',
          onclick: () => {
            if (box.checked) return close(true);
            setText(hint, t('account.totp.keep_first'));
            return box.focus();
          },
        },
        t('action.done'),
      );
      const hint = h('p', { class: 'field-error', role: 'alert' });
      replace(
        place,
        notice('done', t('account.totp.is_on')),
        h('h3', { tabindex: '-1' }, t('account.totp.codes')),
        h('p', { class: 'muted' }, t('account.totp.codes_text')),
        h(
          'ul',
          { class: 'codes', 'aria-label': t('account.totp.codes') },
          codes.map((code) => h('li', {}, code)),
        ),
        h(
          'div',
          { class: 'actions' },
          copyButton(codes.join('\n'), t('account.totp.codes')),
          button({ class: 'small', icon: 'print', onclick: print }, t('action.print')),
        ),
        h('label', { class: 'check' }, box, h('span', {}, t('account.totp.kept'))),
        hint,
        h('div', { class: 'actions' }, done),
      );
      place.querySelector('h3').focus();
    };
    first();
    return place;
  });
}

function print() {
  document.body.classList.add('printing');
  window.print();
  document.body.classList.remove('printing');
}

function removeTotp() {
  return confirm({
    title: t('account.totp.off_title'),
    text: t('account.totp.off_text'),
    action: t('account.totp.off'),
    fields: [
      currentPassword(),
      field({
        name: 'code',
        label: t('code.label.totp'),
        hint: t('reset.code_hint'),
        autocomplete: 'one-time-code',
        autocapitalize: 'none',
        spellcheck: 'false',
      }),
    ],
    ...faults(),
    work: ({ password, code }) => api.post('/api/v1/account/totp/remove', { password, code: cleanCode(code) }),
  });
}

// ---- where one is logged in

function sessionRow(session, end) {
  const name = agentName(session.agent);
  return h(
    'li',
    {},
    h(
      'div',
      { class: 'grow' },
      h('b', {}, name, ' ', session.current && h('span', { class: 'chip ok' }, t('account.sessions.this'))),
      h(
        'span',
        {},
        session.current
          ? session.address
          : t('account.sessions.used', { ago: ago(session.last_used), address: session.address }),
      ),
      h('span', {}, t('account.sessions.since', { date: dateTime(session.created), until: date(session.until) })),
    ),
    button(
      {
        class: 'small',
        'aria-label': t('share.action_of', { action: t(session.current ? 'nav.out' : 'account.sessions.end'), name }),
        onclick: (event) => end(session, event.currentTarget),
      },
      t(session.current ? 'nav.out' : 'account.sessions.end'),
    ),
  );
}

function sessionsPanel(signal) {
  const rows = h('ul', { class: 'rows' });
  const others = h(
    'div',
    { class: 'actions', hidden: true },
    button({ class: 'warns', onclick: endOthers }, t('account.sessions.end_all')),
  );
  const element = panel(t('account.sessions.title'), t('account.sessions.about'), rows, others);

  async function load() {
    const { sessions } = await api.get('/api/v1/account/sessions', { signal });
    sessions.sort((a, b) => b.current - a.current || b.last_used.localeCompare(a.last_used));
    redraw(
      rows,
      sessions.map((session) => sessionRow(session, end)),
    );
    others.hidden = sessions.length < 2;
  }

  async function end(session) {
    if (session.current) return signOut();
    const done = await confirm({
      title: t('account.sessions.end_title'),
      text: t('account.sessions.end_text', { name: agentName(session.agent), address: session.address }),
      action: t('account.sessions.end'),
      work: () => api.del(`/api/v1/account/sessions/${encodeURIComponent(session.id)}`),
    });
    if (!done) return undefined;
    toast(t('account.sessions.ended'));
    return load();
  }

  async function endOthers() {
    const done = await confirm({
      title: t('account.sessions.end_all'),
      text: t('account.sessions.end_all_text'),
      action: t('account.sessions.end_all'),
      work: () => api.del('/api/v1/account/sessions'),
    });
    if (!done) return undefined;
    toast(t('account.sessions.ended'));
    return load();
  }

  return { element, load };
}

// ---- the view

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
