// Who has an account, and what may be done to it.
import { api, part } from '../api.js';
import { h, redraw } from '../dom.js';
import { ago, number, t } from '../i18n.js';
import { button, confirm, dialog, explain, toast } from '../ui.js';
import { invitesPanel } from './invites.js';
import { cell, searchField, table } from './tables.js';

const userPath = (user) => `/api/v1/users/${part(user.name)}`;

function manage(user, self) {
  return dialog(user.name, (close) => {
    const act = (shape, text, about, work, { danger, done = t('settings.saved') } = {}) =>
      h(
        'li',
        {},
        h('div', { class: 'grow' }, h('span', {}, about)),
        button(
          {
            class: danger ? 'small warns' : 'small',
            icon: shape,
            onclick: async (event) => {
              try {
                if ((await work(event)) === false) return;
                toast(done);
                close(true);
              } catch (error) {
                toast(explain(error), 'bad');
              }
            },
          },
          text,
        ),
      );
    const remove = () =>
      confirm({
        title: t('admin.user_delete_title', { name: user.name }),
        text: [
          t('admin.user_delete_text'),
          user.devices ? t('admin.user_delete_devices', { count: user.devices }) : null,
        ].filter(Boolean),
        action: t('admin.user_delete'),
        typed: user.name,
        work: () => api.del(userPath(user)),
      });
    return h(
      'ul',
      { class: 'rows' },
      act(
        'admin',
        t(user.admin ? 'admin.unmake' : 'admin.make'),
        t(user.admin ? 'admin.unmake_text' : 'admin.make_text'),
        () => api.patch(userPath(user), { admin: !user.admin }),
      ),
      !self &&
        act(
          user.enabled ? 'off' : 'check',
          t(user.enabled ? 'admin.disable' : 'admin.enable'),
          t(user.enabled ? 'admin.disable_text' : 'admin.enable_text'),
          () => api.patch(userPath(user), { enabled: !user.enabled }),
        ),
      user.sessions > 0 &&
        !self &&
        act('out', t('admin.end_sessions'), t('admin.end_sessions_text', { count: user.sessions }), () =>
          api.del(`${userPath(user)}/sessions`),
        ),
      user.second_factor === 'totp' &&
        !self &&
        act('phone', t('admin.clear_totp'), t('admin.clear_totp_text'), () =>
          confirm({
            title: t('admin.clear_totp'),
            text: t('admin.clear_totp_text'),
            action: t('admin.clear_totp'),
            work: () => api.del(`${userPath(user)}/totp`),
          }),
        ),
      !self &&
        act('trash', t('admin.user_delete'), t('admin.user_delete_about'), remove, {
          danger: true,
          done: t('admin.user_deleted'),
        }),
    );
  });
}

function userRow(user, self, open) {
  const chips = [
    self && h('span', { class: 'chip' }, t('admin.you')),
    user.admin && h('span', { class: 'chip accent' }, t('account.admin')),
    !user.enabled && h('span', { class: 'chip bad' }, t('admin.disabled')),
  ];
  return h(
    'tr',
    {},
    h(
      'th',
      { scope: 'row' },
      h('span', {}, user.name),
      ' ',
      h('span', { class: 'chips' }, chips),
      user.email &&
        h('div', { class: 'camera-id' }, user.email, !user.email_proven && ` (${t('account.email.unproven')})`),
    ),
    cell(t('account.factor.title'), t(`admin.factor.${user.second_factor}`)),
    cell(t('admin.cameras'), number(user.devices)),
    cell(t('admin.sessions'), number(user.sessions)),
    cell(t('admin.last_used'), user.last_used ? ago(user.last_used) : '–'),
    h(
      'td',
      { class: 'end' },
      button(
        { class: 'small', 'aria-label': t('admin.manage_of', { name: user.name }), onclick: open },
        t('admin.manage'),
      ),
    ),
  );
}

// self: the user who looks
export async function usersPage(signal, self) {
  const invites = invitesPanel(signal);
  const body = h('tbody', {});
  let users = [],
    text = '';
  const draw = () =>
    redraw(
      body,
      users
        .filter((user) => `${user.name} ${user.email}`.toLowerCase().includes(text))
        .map((user) =>
          userRow(user, user.name === self.name, async () => {
            if (await manage(user, user.name === self.name)) await load();
          }),
        ),
    );
  async function load() {
    users = (await api.get('/api/v1/users', { signal })).users;
    draw();
  }
  await Promise.all([load(), invites.load()]);
  return [
    users.length > 10 &&
      searchField(t('admin.search_users'), (of) => {
        text = of;
        draw();
      }),
    h(
      'div',
      { class: 'panel' },
      table(
        t('admin.users'),
        [
          t('admin.user'),
          t('account.factor.title'),
          t('admin.cameras'),
          t('admin.sessions'),
          t('admin.last_used'),
          h('span', { class: 'visually-hidden' }, t('admin.manage')),
        ],
        body,
      ),
    ),
    invites.element,
  ];
}
