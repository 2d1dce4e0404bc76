// How a camera is told where to send: address, ready-made lines, QR code; and whether its picture has come.
import { api, isAbort, part } from './api.js';
import { h, icon, replace } from './dom.js';
import { t } from './i18n.js';
import { href } from './app.js';
import { announce, copyButton, copyLine, notice, qr, repeat } from './ui.js';

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

// How the lines are meant for programs with fields of their own: what goes where.
const kLatency = 'latency',
  kStreamId = 'streamid';

function larixFields({ address, key, key_bits: bits }) {
  const [url, query = ''] = address.split('?');
  const values = new URLSearchParams(query);
  return [
    ['URL', url],
    ['Mode', 'Caller'],
    ['streamid', values.get(kStreamId)],
    ['passphrase', key],
    ['pbkeylen', key && bits ? String(bits / 8) : ''],
    ['latency', values.has(kLatency) ? `${values.get(kLatency)} ms` : ''],
  ].filter(([, value]) => value);
}

function larix(key) {
  const secrets = new Set(['URL', 'streamid', 'passphrase']);
  const row = ([name, value]) =>
    h(
      'li',
      {},
      h('div', { class: 'grow' }, h('span', {}, name), h('code', {}, value)),
      secrets.has(name) && copyButton(value, `Larix: ${name}`),
    );
  return h('ul', { class: 'rows' }, larixFields(key).map(row));
}

// The address alone, where the line says in words where it goes: the page says that in the reader's language.
const bare = (text) => /srt:\/\/\S+/.exec(text)?.[0] ?? text;

function line(key, { name, text }) {
  if (name === 'Larix')
    return h(
      'div',
      { class: 'copy-line' },
      h('h3', {}, name),
      h('p', { class: 'hint' }, t('key.about.larix')),
      larix(key),
    );
  const about = { ffmpeg: 'key.about.ffmpeg', OBS: 'key.about.obs' }[name];
  const element = copyLine(name, name === 'OBS' ? bare(text) : text);
  if (about) element.querySelector('.copy-head').after(h('p', { class: 'hint' }, t(about)));
  return element;
}

// key: DeviceKey of the API.  wait: false where the camera is known to work.
export function keyPage(key, signal, { wait = true } = {}) {
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
        key.lines.map((of) => line(key, of)),
      ),
    ),
  );
}
