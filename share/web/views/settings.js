// A camera's settings: names, address and key, who sees it, off, removal.
import { api, part } from '../api.js';
import { healthLine, nameOf } from '../camera.js';
import { h, icon, redraw, replace, setText } from '../dom.js';
import { dateTime, t } from '../i18n.js';
import { href, navigate } from '../app.js';
import { keyPage } from '../key_page.js';
import { untilField, untilOf } from '../until.js';
import { button, busy, confirm, copyLine, dialog, explain, field, form, notice, toast } from '../ui.js';

const pathOf = (device) => `/api/v1/devices/${part(device.device)}`;

function panel(title, about, ...children) {
  return h(
    'section',
    { class: 'panel', 'aria-label': title },
    h('h2', {}, title),
    about && h('p', { class: 'muted' }, about),
    children,
  );
}

const crumb = (device, text) => h('a', { class: 'crumb', href: href(`/d/${part(device.device)}`) }, icon('back'), text);

// ---- names

const tagsOf = (text) => [
  ...new Set(
    text
      .split(/[,，、]/)
      .map((tag) => tag.trim())
      .filter(Boolean),
  ),
];

function names(device, changed) {
  const nickname = field({
    name: 'nickname',
    label: t('add.nickname'),
    hint: t('settings.nickname_hint', { id: device.device }),
    optional: true,
    autocomplete: 'off',
    maxlength: 64,
    value: device.nickname,
  });
  const tags = field({
    name: 'tags',
    label: t('settings.tags'),
    hint: t('settings.tags_hint'),
    optional: true,
    autocomplete: 'off',
    value: device.tags.join(', '),
  });
  return panel(
    t('settings.names'),
    null,
    form({
      fields: [nickname, tags],
      submit: t('action.save'),
      faults: { nickname_taken: 'nickname', bad_nickname: 'nickname', bad_tag: 'tags' },
      send: async (values) => {
        changed(await api.patch(pathOf(device), { nickname: values.nickname.trim(), tags: tagsOf(values.tags) }));
        toast(t('settings.saved'));
      },
    }),
  );
}

// ---- address and key

async function newKey(device) {
  const done = await confirm({
    title: t('settings.new_key'),
    text: [t('settings.new_key_text'), t('settings.new_key_text2')],
    action: t('settings.new_key_do'),
    work: () => api.post(`${pathOf(device)}/key`),
  });
  if (done) await navigate(`/d/${part(device.device)}/settings?key`);
}

function keyPanel(device) {
  return panel(
    t('settings.key'),
    t('settings.key_text'),
    h(
      'div',
      { class: 'actions' },
      h(
        'a',
        { class: 'button', href: href(`/d/${part(device.device)}/settings?key`) },
        icon('key'),
        t('settings.show_key'),
      ),
      button({ icon: 'refresh', onclick: () => newKey(device) }, t('settings.new_key')),
    ),
  );
}

// ---- who sees it

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

function sharing(device, signal) {
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

// ---- off, and away

function power(device, changed) {
  const on = device.enabled;
  return panel(
    t(on ? 'settings.off' : 'settings.is_off'),
    t(on ? 'settings.off_text' : 'settings.is_off_text'),
    h(
      'div',
      { class: 'actions' },
      button(
        {
          icon: on ? 'off' : 'check',
          class: on ? '' : 'primary',
          onclick: (event) =>
            busy(event.currentTarget, async () => {
              try {
                changed(await api.patch(pathOf(device), { enabled: !on }));
                toast(t(on ? 'settings.off_done' : 'settings.on_done'));
              } catch (error) {
                toast(explain(error), 'bad');
              }
            }),
        },
        t(on ? 'settings.off' : 'settings.on'),
      ),
    ),
  );
}

function removal(device) {
  const choice = (value, title, text, checked) =>
    h(
      'label',
      { class: 'choice' },
      h('input', { type: 'radio', name: 'footage', value, checked }),
      h('span', {}, h('b', {}, title), h('span', {}, text)),
    );
  const ask = async () => {
    const choices = h(
      'fieldset',
      { class: 'choices' },
      h('legend', { class: 'label' }, t('remove.footage')),
      choice('keep', t('remove.keep'), t('remove.keep_text'), true),
      choice('delete', t('remove.delete'), t('remove.delete_text')),
    );
    let files = 0;
    const done = await confirm({
      title: t('remove.title', { name: nameOf(device) }),
      text: [t('remove.text'), choices],
      action: t('remove.do'),
      typed: device.device,
      // All its files are deleted before there is an answer.
      work: async () => {
        files =
          (await api.del(`${pathOf(device)}?footage=${choices.querySelector(':checked').value}`, { seconds: 600 }))
            ?.files_deleted ?? 0;
      },
    });
    if (!done) return;
    await navigate('/', { replace: true });
    toast(files ? t('remove.done_files', { count: files }) : t('remove.done'));
  };
  return h(
    'section',
    { class: 'panel danger', 'aria-label': t('remove.head') },
    h('h2', {}, t('remove.head')),
    h('p', { class: 'muted' }, t('remove.about')),
    h('div', { class: 'actions' }, button({ class: 'warns', icon: 'trash', onclick: ask }, t('remove.ask'))),
  );
}

// Somebody whom the camera is shown to.
function forViewer(device, user) {
  return panel(
    t('viewer.title'),
    t('viewer.text'),
    h(
      'div',
      { class: 'actions' },
      button(
        {
          class: 'warns',
          icon: 'trash',
          onclick: async () => {
            const done = await confirm({
              title: t('viewer.leave'),
              text: t('viewer.leave_text', { name: nameOf(device) }),
              action: t('viewer.leave'),
              work: () => api.del(`${pathOf(device)}/shares/${part(user.name)}`),
            });
            if (done) await navigate('/', { replace: true });
          },
        },
        t('viewer.leave'),
      ),
    ),
  );
}

// What administrators see of a camera that is known by its recordings alone.
function orphan(device) {
  return panel(
    t('settings.orphan'),
    t('settings.orphan_text'),
    h(
      'div',
      { class: 'actions' },
      button(
        {
          icon: 'add',
          onclick: (event) =>
            busy(event.currentTarget, async () => {
              try {
                await api.post('/api/v1/devices', { device: device.device });
                await navigate(`/d/${part(device.device)}/settings?key`);
              } catch (error) {
                toast(explain(error), 'bad');
              }
            }),
        },
        t('settings.orphan_add'),
      ),
    ),
  );
}

// ---- the view

async function keyView(device, signal) {
  const key = await api.get(`${pathOf(device)}/key`, { signal });
  const title = t('key.title_of', { name: nameOf(device) });
  return {
    title,
    element: h(
      'div',
      { class: 'page' },
      h('a', { class: 'crumb', href: href(`/d/${part(device.device)}/settings`) }, icon('back'), t('settings.title')),
      h('div', { class: 'page-head' }, h('h1', {}, title)),
      keyPage(key, signal, { wait: device.state !== 'live' }),
    ),
  };
}

export default async function settings({ params, query, user, signal }) {
  let device = await api.get(`/api/v1/devices/${part(params.device)}`, { signal });
  if (query.has('key') && device.may_change) return keyView(device, signal);
  const health = healthLine(device);
  const heading = h('h1', {}, nameOf(device));
  const head = [crumb(device, t('settings.back')), h('div', { class: 'page-head' }, heading, health.element)];
  const title = t('settings.title_of', { name: nameOf(device) });
  if (!device.may_change) return { title, element: h('div', { class: 'page middle' }, head, forViewer(device, user)) };

  const shares = sharing(device, signal);
  try {
    await shares.load();
  } catch (error) {
    if (error.status !== 404) throw error;
    return { title, element: h('div', { class: 'page middle' }, head, orphan(device)) };
  }
  let off = power(device, changed);
  function changed(now) {
    device = { ...device, ...now };
    setText(heading, nameOf(device));
    health.update(device);
    const next = power(device, changed);
    off.replaceWith(next);
    if (off.contains(document.activeElement) || document.activeElement === document.body)
      next.querySelector('button').focus();
    off = next;
  }
  const element = h(
    'div',
    { class: 'page middle' },
    head,
    names(device, changed),
    keyPanel(device),
    shares.element,
    off,
    removal(device),
  );
  return { element, title };
}
