// The end of a camera.
import { api, part } from '../api.js';
import { navigate } from '../app.js';
import { nameOf } from '../camera.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { button, confirm, toast } from '../ui.js';

export function removal(device) {
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
          (
            await api.del(`/api/v1/devices/${part(device.device)}?footage=${choices.querySelector(':checked').value}`, {
              seconds: 600,
            })
          )?.files_deleted ?? 0;
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
