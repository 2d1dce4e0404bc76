// Whom a camera is shown to: users, and whoever has a link.
import { api, part } from '../api.js';
import { h, icon, redraw, replace, setText } from '../dom.js';
import { dateTime, t } from '../i18n.js';
import { button, confirm, copyLine, dialog, field, form, notice, panel, toast } from '../ui.js';
import { untilField, untilOf } from '../until.js';

const pathOf = (device) => `/api/v1/devices/${part(device.device)}`;

function shareDialog(device) {
  return dialog(t('share.add'), (close) => [
    h('p', { class: 'muted' }, t('share.add_text')),
    form({
      fields: [
        field({
          name: 'user',
          label: t('share.user'),
          autocomplete: 'off',
          autocapitalize: 'none',
          spellcheck: 'false',
          maxlength: 64,
        }),
        untilField({ label: t('until.label'), always: true }),
      ],
      submit: t('share.do'),
      faults: { no_such_user: 'user' },
      secondary: button({ onclick: () => close() }, t('action.cancel')),
      send: async ({ user, until }) => {
        await api.put(`${pathOf(device)}/shares/${part(user.trim().toLowerCase())}`, untilOf(until));
        close(true);
        toast(t('share.done', { user: user.trim() }));
      },
    }),
  ]);
}

function linkDialog(device) {
  return dialog(t('share.link_add'), (close) => {
    const place = h('div', { class: 'stack' });
    replace(
      place,
      h('p', { class: 'muted' }, t('share.link_text')),
      form({
        fields: [
          field({
            name: 'name',
            label: t('share.link_name'),
            hint: t('share.link_name_hint'),
            optional: true,
            autocomplete: 'off',
            maxlength: 64,
          }),
          untilField({ label: t('until.label') }),
        ],
        submit: t('share.link_make'),
        secondary: button({ onclick: () => close() }, t('action.cancel')),
        send: async ({ name, until }) => {
          const link = await api.post(`${pathOf(device)}/links`, {
            ...untilOf(until),
            ...(name.trim() && { name: name.trim() }),
          });
          const url = new URL(link.path, location.origin).href;
          const done = button({ class: 'primary', onclick: () => close(true) }, t('action.done'));
          replace(
            place,
            notice('info', t('share.link_once')),
            copyLine(t('share.link'), url),
            h('p', { class: 'muted' }, t('share.link_until', { date: dateTime(link.until) })),
            h(
              'div',
              { class: 'actions' },
              done,
              navigator.share &&
                button({ icon: 'share', onclick: () => navigator.share({ url }).catch(() => {}) }, t('share.send')),
            ),
          );
          done.focus();
        },
      }),
    );
    return place;
  });
}

function shareRow(shape, name, about, action, remove) {
  return h(
    'li',
    {},
    icon(shape),
    h('div', { class: 'grow' }, h('b', {}, name), h('span', {}, about)),
    button({ class: 'small', 'aria-label': t('share.action_of', { action, name }), onclick: remove }, action),
  );
}

// { element, load() }
export function sharing(device, signal) {
  const rows = h('ul', { class: 'rows' });
  const none = h('p', { class: 'muted' }, t('share.none'));
  const owner = h('p', { class: 'muted' });

  async function load() {
    const { shares, links, owner: of } = await api.get(`${pathOf(device)}/shares`, { signal });
    setText(owner, of ? t('share.owner', { user: of }) : t('share.no_owner'));
    none.hidden = shares.length + links.length > 0;
    redraw(
      rows,
      shares.map(({ user, until }) =>
        shareRow(
          'account',
          user,
          until ? t('until.until', { date: dateTime(until) }) : t('until.always'),
          t('share.remove'),
          () => remove(t('share.remove_text', { user }), `/shares/${part(user)}`),
        ),
      ),
      links.map(({ id, name, until, last_used: used }) =>
        shareRow(
          'link',
          name || t('share.unnamed'),
          `${t('until.until', { date: dateTime(until) })} · ${used ? t('share.used', { date: used.slice(0, 10) }) : t('share.unused')}`,
          t('share.take_back'),
          () => remove(t('share.link_remove_text', { name: name || t('share.unnamed') }), `/links/${part(id)}`),
        ),
      ),
    );
  }

  async function remove(text, path) {
    const done = await confirm({
      title: t('share.remove_title'),
      text,
      action: t('share.remove_title'),
      work: () => api.del(pathOf(device) + path),
    });
    if (done) await load();
  }
  const after = async (made) => {
    if (await made) await load();
  };

  const element = panel(
    t('share.title'),
    t('share.about'),
    owner,
    none,
    rows,
    h(
      'div',
      { class: 'actions' },
      button({ icon: 'account', onclick: () => after(shareDialog(device)) }, t('share.add')),
      // A link that was made is in the list however its dialog was left.
      button(
        {
          icon: 'link',
          onclick: async () => {
            await linkDialog(device);
            await load();
          },
        },
        t('share.link_add'),
      ),
    ),
  );
  return { element, load };
}
