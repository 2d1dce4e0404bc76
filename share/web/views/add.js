// A new camera, or one that has a key already.
import { api } from '../api.js';
import { h, replace } from '../dom.js';
import { t } from '../i18n.js';
import { navigate } from '../app.js';
import { field, form, toast } from '../ui.js';

const kIdPattern = '[a-z0-9][a-z0-9_\\-]{0,63}';

function newCamera(made) {
  const nickname = field({
    name: 'nickname',
    label: t('add.nickname'),
    hint: t('add.nickname_hint'),
    optional: true,
    autocomplete: 'off',
    maxlength: 64,
  });
  const device = field({
    name: 'device',
    label: t('add.id'),
    hint: t('add.id_hint'),
    optional: true,
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    pattern: kIdPattern,
    maxlength: 64,
    'data-pattern': 'add.id_wrong',
  });
  const more = h('details', {}, h('summary', {}, t('add.more')), device.element);
  return form(
    {
      fields: [nickname],
      submit: t('add.make'),
      faults: { nickname_taken: 'nickname' },
      send: async (values) => {
        if (!device.input.validity.valid) {
          more.open = true;
          device.fail(t('add.id_wrong'));
          return device.input.focus();
        }
        const wanted = { nickname: values.nickname.trim(), device: device.input.value.trim() };
        const asked = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value));
        try {
          await made(await api.post('/api/v1/devices', asked));
        } catch (error) {
          if (error.code === 'id_taken' && asked.device) {
            more.open = true;
            device.fail(t('error.id_taken'));
            return device.input.focus();
          }
          throw error;
        }
        return undefined;
      },
    },
    more,
  );
}

function claim() {
  return form({
    fields: [
      field({
        name: 'device',
        label: t('add.claim.id'),
        autocomplete: 'off',
        autocapitalize: 'none',
        spellcheck: 'false',
        maxlength: 64,
      }),
      field({
        name: 'key',
        label: t('add.claim.key'),
        hint: t('add.claim.key_hint'),
        type: 'password',
        autocomplete: 'off',
        autocapitalize: 'none',
        spellcheck: 'false',
        maxlength: 79,
      }),
    ],
    submit: t('add.claim.submit'),
    send: async ({ device, key }) => {
      const claimed = await api.post('/api/v1/devices/claim', { device: device.trim(), key: key.trim() });
      toast(t('add.claim.done', { name: claimed.nickname || claimed.device }));
      await navigate(`/d/${encodeURIComponent(claimed.device)}`);
    },
  });
}

export default async function add() {
  const title = t('add.title');
  const element = h('div', { class: 'page' });

  // The key has an address of its own: loading the page anew makes no other camera.
  const made = ({ device }) => navigate(`/d/${encodeURIComponent(device)}/settings?key`, { replace: true });
  replace(
    element,
    h('div', { class: 'page-head' }, h('h1', {}, title)),
    h(
      'div',
      { class: 'ways two' },
      h(
        'section',
        { class: 'panel', 'aria-labelledby': 'way-new' },
        h('h2', { id: 'way-new' }, t('add.new.title')),
        h('p', { class: 'muted' }, t('add.new.text')),
        newCamera(made),
      ),
      h(
        'section',
        { class: 'panel', 'aria-labelledby': 'way-claim' },
        h('h2', { id: 'way-claim' }, t('add.claim.title')),
        h('p', { class: 'muted' }, t('add.claim.text')),
        claim(),
      ),
    ),
  );
  return { element, title };
}
