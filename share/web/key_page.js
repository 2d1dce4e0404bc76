// How a camera is told where to send: address, ready-made lines, QR code; and whether its picture has come.
import { api, isAbort, part } from './api.js';
import { h, icon, replace } from './dom.js';
import { t } from './i18n.js';
import { href } from './app.js';
import { announce, copyLine, notice, qr, repeat } from './ui.js';

const kEvery = 2000;

// Asks until the camera is live, then leads to it.
function waiting(device, signal) {
  const path = `/d/${part(device)}`;
  const element = h(
    'div',
    { class: 'panel waiting', role: 'status' },
    h('span', { class: 'spin', 'aria-hidden': 'true' }),
    h(
      'div',
      { class: 'grow' },
      h('b', {}, t('key.waiting')),
      h('p', { class: 'muted small-text' }, t('key.waiting_text')),
    ),
  );
  const controller = new AbortController();
  signal.addEventListener('abort', () => controller.abort());
  repeat(
    async () => {
      try {
        const of = await api.get(`/api/v1/devices/${part(device)}`, { signal: controller.signal });
        if (of.state !== 'live') return;
        controller.abort();
        replace(
          element,
          h('span', { class: 'light live', 'aria-hidden': 'true' }),
          h('div', { class: 'grow' }, h('b', {}, t('key.live'))),
          h('a', { class: 'button primary', href: href(`${path}/live`) }, icon('live'), t('cards.live')),
        );
        announce(t('key.live'));
      } catch (error) {
        // It is asked again; what is wrong with the server others say.
        if (isAbort(error)) return;
      }
    },
    kEvery,
    controller.signal,
  );
  return element;
}

// key: DeviceKey of the API.  wait: false where the camera is known to work.
export function keyPage(key, signal, { wait = true } = {}) {
  const known = { ffmpeg: 'key.about.ffmpeg', OBS: 'key.about.obs', Larix: 'key.about.larix' };
  return h(
    'div',
    { class: 'key-page' },
    wait && waiting(key.device, signal),
    h(
      'section',
      { class: 'panel', 'aria-labelledby': 'key-address' },
      h('h2', { id: 'key-address' }, t('key.send')),
      h(
        'div',
        { class: 'with-qr' },
        h(
          'div',
          {},
          copyLine(t('key.address'), key.address),
          h(
            'dl',
            { class: 'facts' },
            h('dt', {}, t('key.id')),
            h('dd', { class: 'mono' }, key.device),
            h('dt', {}, t('key.key')),
            h('dd', { class: 'mono' }, key.key),
            key.key_bits ? [h('dt', {}, t('key.cipher')), h('dd', {}, `AES-${key.key_bits}`)] : null,
          ),
        ),
        h('figure', {}, qr(key.qr, t('key.qr')), h('figcaption', { class: 'hint' }, t('key.qr_hint'))),
      ),
      notice('info', t('key.secret')),
    ),
    h(
      'section',
      { class: 'panel', 'aria-labelledby': 'key-lines' },
      h('h2', { id: 'key-lines' }, t('key.lines')),
      h('p', { class: 'muted' }, t('key.lines_text')),
      h(
        'div',
        {},
        key.lines.map(({ name, text }) => {
          const line = copyLine(name, text);
          if (known[name]) line.querySelector('.copy-head').after(h('p', { class: 'hint' }, t(known[name])));
          return line;
        }),
      ),
    ),
  );
}
