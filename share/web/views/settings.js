// A camera's settings: names, address and key, who sees it, off, removal.
import { api, part } from '../api.js';
import { href, navigate } from '../app.js';
import { healthLine, nameOf } from '../camera.js';
import { h, icon, setText } from '../dom.js';
import { t } from '../i18n.js';
import { keyPage } from '../key_page.js';
import { removal } from '../settings/removal.js';
import { sharing } from '../settings/sharing.js';
import { busy, button, confirm, explain, field, form, panel, toast } from '../ui.js';

const pathOf = (device) => `/api/v1/devices/${part(device.device)}`;
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

// ---- off, and what others than owners see

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
