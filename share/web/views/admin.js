// For administrators: all cameras, users and invitations, the disk.
import { api, isAbort, part } from '../api.js';
import { healthLine, nameOf } from '../camera.js';
import { h, icon, redraw, replace, setText } from '../dom.js';
import { ago, bytes, date, dateTime, number, percent, t } from '../i18n.js';
import { href } from '../app.js';
import { untilField, untilOf } from '../until.js';
import { button, confirm, copyLine, dialog, emptyState, explain, field, form, notice, toast } from '../ui.js';

// ---- cameras

function searchField(label, change) {
  const input = h('input', {
    type: 'search',
    'aria-label': label,
    placeholder: label,
    autocomplete: 'off',
    oninput: () => change(input.value.normalize('NFKC').toLowerCase().trim()),
  });
  return h('div', { class: 'cards-tools', role: 'search' }, h('div', { class: 'search' }, icon('search'), input));
}

const cell = (label, ...children) => h('td', { 'data-label': label }, h('span', {}, children));
const table = (name, heads, body) =>
  h(
    'table',
    { class: 'table cards', 'aria-label': name },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        heads.map((head) => h('th', { scope: 'col' }, head)),
      ),
    ),
    body,
  );

async function camerasPage(signal) {
  const devices = await api.all('/api/v1/devices?limit=500', 'devices', { signal });
  if (!devices.length)
    return emptyState(
      'camera',
      t('cards.empty.title'),
      t('cards.empty.text'),
      h('a', { class: 'button primary', href: href('/add') }, t('cards.empty.add')),
    );
  const rows = devices.map((of) => {
    const row = h(
      'tr',
      {},
      h(
        'th',
        { scope: 'row' },
        h('a', { href: href(`/d/${part(of.device)}`) }, nameOf(of)),
        of.nickname && h('div', { class: 'camera-id' }, of.device),
      ),
      h('td', {}, healthLine(of).element),
      cell(t('admin.owner'), of.owner || '–'),
      cell(t('cards.today'), percent(of.today.percent)),
      h(
        'td',
        { class: 'end' },
        h(
          'a',
          {
            class: 'button small',
            href: href(`/d/${part(of.device)}/settings`),
            'aria-label': t('cards.settings_of', { name: nameOf(of) }),
          },
          t('settings.title'),
        ),
      ),
    );
    return {
      row,
      text: [of.device, of.nickname, of.owner ?? '', ...of.tags].join(' ').normalize('NFKC').toLowerCase(),
    };
  });
  const count = h('p', { class: 'muted', role: 'status' }, t('admin.cameras_count', { count: rows.length }));
  const search = (text) => {
    let seen = 0;
    for (const { row, text: of } of rows) seen += !(row.hidden = !of.includes(text));
    setText(
      count,
      seen === rows.length
        ? t('admin.cameras_count', { count: seen })
        : t('cards.found', { count: seen, all: rows.length }),
    );
  };
  return [
    searchField(t('cards.search'), search),
    count,
    h(
      'div',
      { class: 'panel' },
      table(
        t('cards.title'),
        [
          t('admin.camera'),
          t('admin.state'),
          t('admin.owner'),
          t('cards.today'),
          h('span', { class: 'visually-hidden' }, t('settings.title')),
        ],
        h(
          'tbody',
          {},
          rows.map(({ row }) => row),
        ),
      ),
    ),
  ];
}

// ---- users

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

function inviteDialog() {
  return dialog(t('invite.title'), (close) => {
    const place = h('div', { class: 'stack' });
    const admin = h('input', { type: 'checkbox', name: 'admin' });
    replace(
      place,
      form(
        {
          fields: [
            field({
              name: 'email',
              label: t('signup.email'),
              hint: t('invite.email_hint'),
              type: 'email',
              optional: true,
              autocomplete: 'off',
              maxlength: 254,
            }),
            untilField({ label: t('until.label'), only: ['day', 'week', 'month'] }),
          ],
          submit: t('invite.make'),
          faults: { bad_email: 'email' },
          secondary: button({ onclick: () => close() }, t('action.cancel')),
          send: async ({ email, until }) => {
            const made = await api.post('/api/v1/invites', {
              ...untilOf(until),
              ...(email.trim() && { email: email.trim() }),
              ...(admin.checked && { admin: true }),
            });
            const done = button({ class: 'primary', onclick: () => close(true) }, t('action.done'));
            replace(
              place,
              notice(
                made.mailed ? 'done' : 'info',
                made.mailed ? t('invite.mailed', { email: email.trim() }) : t('invite.once'),
              ),
              copyLine(t('invite.link'), new URL(made.path, location.origin).href),
              h('div', { class: 'actions' }, done),
            );
            done.focus();
          },
        },
        h(
          'label',
          { class: 'check' },
          admin,
          h('span', {}, h('b', {}, t('invite.admin')), h('span', { class: 'hint' }, ' ', t('admin.make_text'))),
        ),
      ),
    );
    return place;
  });
}

function invitesPanel(signal) {
  const rows = h('ul', { class: 'rows' });
  const none = h('p', { class: 'muted' }, t('invite.none'));
  async function load() {
    const { invites } = await api.get('/api/v1/invites', { signal });
    none.hidden = invites.length > 0;
    redraw(
      rows,
      invites.map((invite) =>
        h(
          'li',
          {},
          icon('mail'),
          h(
            'div',
            { class: 'grow' },
            h(
              'b',
              {},
              invite.email || t('invite.anybody'),
              invite.admin && [' ', h('span', { class: 'chip accent' }, t('account.admin'))],
            ),
            h(
              'span',
              {},
              `${t('until.until', { date: dateTime(invite.until) })} · ${t('invite.by', { user: invite.by })}`,
            ),
          ),
          button(
            {
              class: 'small',
              'aria-label': t('share.action_of', {
                action: t('share.take_back'),
                name: invite.email || t('invite.anybody'),
              }),
              onclick: () => remove(invite),
            },
            t('share.take_back'),
          ),
        ),
      ),
    );
  }
  async function remove(invite) {
    const done = await confirm({
      title: t('invite.remove'),
      text: t('invite.remove_text'),
      action: t('invite.remove'),
      work: () => api.del(`/api/v1/invites/${part(invite.id)}`),
    });
    if (done) await load();
  }
  const element = h(
    'section',
    { class: 'panel', 'aria-label': t('invite.head') },
    h('h2', {}, t('invite.head')),
    h('p', { class: 'muted' }, t('invite.about')),
    none,
    rows,
    h(
      'div',
      { class: 'actions' },
      button(
        {
          icon: 'add',
          onclick: async () => {
            await inviteDialog();
            await load();
          },
        },
        t('invite.title'),
      ),
    ),
  );
  return { element, load };
}

async function usersPage(signal, self) {
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

// ---- disk

const figure = (name, value, about) =>
  h('div', {}, h('dt', {}, name), h('dd', {}, value), about && h('dd', { class: 'hint' }, about));

function forecastText(forecast) {
  const days = forecast.days_until_full;
  if (days === undefined) return notice('done', t('store.never_full'));
  const text = t('store.full_in', { count: Math.floor(days), date: date(Date.now() + days * 86_400_000) });
  return notice(days < 7 ? 'bad' : days < 30 ? 'warn' : 'info', text);
}

async function storePage(signal) {
  const place = h('div', {});
  const keeps = ['7d', '14d', '30d', '90d', '180d', '365d', 'forever'];
  const draw = (store) => {
    const used = store.disk_bytes - store.available_bytes;
    const of = (value) => (100 * value) / store.disk_bytes;
    const tight = of(store.available_bytes) < 5 ? 'bad' : of(store.available_bytes) < 15 ? 'warn' : '';
    const { forecast } = store;
    replace(
      place,
      h(
        'section',
        { class: 'panel', 'aria-label': t('store.disk') },
        h('h2', {}, t('store.disk')),
        h(
          'dl',
          { class: 'figures' },
          figure(t('store.recordings'), bytes(store.bytes), t('store.files', { count: store.files })),
          figure(t('store.available'), bytes(store.available_bytes), t('store.of', { size: bytes(store.disk_bytes) })),
          figure(t('store.cameras'), number(store.devices)),
        ),
        h(
          'div',
          { class: `meter ${tight}`, role: 'img', 'aria-label': t('store.used', { percent: percent(of(used)) }) },
          h('i', { style: { width: `${of(used)}%` } }),
        ),
        h('p', { class: 'hint' }, t('store.used', { percent: percent(of(used)) })),
      ),
      h(
        'section',
        { class: 'panel', 'aria-label': t('store.forecast') },
        h('h2', {}, t('store.forecast')),
        forecastText(forecast),
        h(
          'dl',
          { class: 'figures' },
          figure(t('store.per_day'), bytes(forecast.bytes_per_day)),
          forecast.steady_bytes !== undefined &&
            figure(t('store.steady'), bytes(forecast.steady_bytes), t('store.steady_text')),
        ),
        keep.element,
      ),
      h(
        'section',
        { class: 'panel', 'aria-label': t('store.about') },
        h('h2', {}, t('store.about')),
        h(
          'dl',
          { class: 'facts' },
          h('dt', {}, t('store.version')),
          h('dd', {}, store.version),
          h('dt', {}, t('store.id')),
          h('dd', { class: 'mono' }, store.store),
          h('dt', {}, t('store.offset')),
          h('dd', {}, `UTC${store.utc_offset}`),
          h('dt', {}, t('store.counted')),
          h('dd', {}, dateTime(store.counted)),
        ),
      ),
    );
  };
  const load = async (value) => api.get(`/api/v1/store?keep=${value}`, { signal });
  const keep = field({
    name: 'keep',
    label: t('store.keep'),
    hint: t('store.keep_hint'),
    value: '30d',
    options: keeps.map((value) => [
      value,
      value === 'forever' ? t('store.forever') : t('store.days', { count: parseInt(value, 10) }),
    ]),
    onchange: async () => {
      try {
        draw(await load(keep.input.value));
        keep.input.focus();
      } catch (error) {
        if (!isAbort(error)) toast(explain(error), 'bad');
      }
    },
  });
  draw(await load('30d'));
  return place;
}

// ---- the view

export default async function admin({ params, user, signal }) {
  const pages = {
    cameras: ['/admin', t('admin.tab.cameras')],
    users: ['/admin/users', t('admin.tab.users')],
    store: ['/admin/store', t('admin.tab.store')],
  };
  const page = params.page ?? 'cameras';
  if (!user.admin || !pages[page] || params.page === 'cameras')
    throw Object.assign(new Error('no such page'), { status: 404 });
  const content = await {
    cameras: () => camerasPage(signal),
    users: () => usersPage(signal, user),
    store: () => storePage(signal),
  }[page]();
  const title = `${pages[page][1]} · ${t('nav.admin')}`;
  const element = h(
    'div',
    { class: 'page' },
    h('div', { class: 'page-head' }, h('h1', {}, t('nav.admin'))),
    h(
      'nav',
      { class: 'sub-tabs', 'aria-label': t('nav.admin') },
      Object.entries(pages).map(([name, [path, text]]) =>
        h('a', { href: href(path), 'aria-current': name === page ? 'page' : null }, text),
      ),
    ),
    content,
  );
  return { element, title };
}
