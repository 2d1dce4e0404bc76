// The card of a camera: its latest picture, how it is, what was recorded today.
import { mediaUrl, part } from './api.js';
import { href } from './app.js';
import { healthLine, lossOf, nameOf } from './camera.js';
import { h, icon, replace, setText } from './dom.js';
import { bitRate, duration, percent, t } from './i18n.js';
import { clock, offsetOf } from './time.js';

// Pictures are asked for by cards in sight alone, and swapped when the next one is there: nothing flickers.
function latestPicture(device) {
  const image = h('img', { alt: '', decoding: 'async', hidden: true });
  const words = h('span', {});
  const none = h('div', { class: 'none' }, icon('camera'), words);
  const stamp = h('span', { class: 'stamp', hidden: true });
  const element = h('div', { class: 'camera-view' }, none, image, stamp);
  let url = null,
    running = false,
    of = device;

  const say = () => setText(words, t(of.state === 'never_seen' ? 'cards.no_picture_yet' : 'cards.no_picture'));
  say();

  async function load(signal) {
    if (running || of.state === 'never_seen') return;
    running = true;
    try {
      const answer = await fetch(mediaUrl(`/media/${part(of.device)}/picture/latest.jpg?width=480`), {
        signal,
        headers: { 'X-Requested-With': 'cbx' },
      });
      if (answer.ok) await show(await answer.blob(), answer.headers.get('x-cbx-time'));
    } catch {
      // The picture that is shown stays; the health line says what is wrong.
    } finally {
      running = false;
    }
  }

  async function show(blob, time) {
    const next = URL.createObjectURL(blob);
    const made = h('img', { alt: '', src: next });
    try {
      await made.decode();
    } catch {
      return URL.revokeObjectURL(next);
    }
    image.src = next;
    image.hidden = false;
    none.hidden = true;
    if (url) URL.revokeObjectURL(url);
    url = next;
    stamp.hidden = !time;
    if (time) setText(stamp, clock(Date.parse(time), offsetOf(of.today.day, of.today.from)));
    return undefined;
  }

  return {
    element,
    load,
    update(device) {
      of = device;
      say();
    },
    release() {
      if (url) URL.revokeObjectURL(url);
    },
  };
}

function linkLine(line, device) {
  const { link, state } = device;
  if (state !== 'live' || !link) return replace(line);
  const loss = lossOf(link);
  return replace(
    line,
    h('span', {}, bitRate(link.bit_rate)),
    loss !== null && h('span', { class: loss >= 1 ? 'bad' : null }, t('cards.loss', { percent: percent(loss) })),
  );
}

// { element, update(device), picture: { load(signal), release() } }
export function card(device) {
  const picture = latestPicture(device);
  const health = healthLine(device);
  const name = h('a', { href: href(`/d/${part(device.device)}`) });
  const id = h('p', { class: 'camera-id' });
  const line = h('p', { class: 'camera-link' });
  const today = h('span', {});
  const bar = h('i', {});
  const meter = h('div', { class: 'meter', 'aria-hidden': 'true' }, bar);
  const live = h(
    'a',
    { class: 'button small live-link', href: href(`/d/${part(device.device)}/live`) },
    icon('live'),
    t('cards.live'),
  );
  const settings = h(
    'a',
    { class: 'icon-button head-button', href: href(`/d/${part(device.device)}/settings`) },
    icon('settings'),
  );
  const tags = h('div', { class: 'chips' });
  let written = '';
  const element = h(
    'li',
    { class: 'camera' },
    picture.element,
    h(
      'div',
      { class: 'camera-body' },
      h(
        'div',
        { class: 'camera-head' },
        h('div', { class: 'camera-name' }, h('h2', { class: 'camera-name' }, name), id),
        settings,
      ),
      health.element,
      line,
      tags,
      h('div', { class: 'camera-today' }, h('span', {}, t('cards.today')), today, meter),
      live,
    ),
  );
  const update = (of) => {
    const now = JSON.stringify(of);
    health.update(of); // "3 minutes ago" grows older by itself
    if (now === written) return;
    written = now;
    picture.update(of);
    setText(name, nameOf(of));
    setText(id, of.nickname ? of.device : '');
    id.hidden = !of.nickname;
    linkLine(line, of);
    line.hidden = !line.firstChild;
    setText(
      today,
      of.today.covered_ms
        ? t('cards.covered', {
            percent: percent(of.today.percent),
            length: duration(of.today.covered_ms, { seconds: false }),
          })
        : t('cards.uncovered'),
    );
    bar.style.width = `${of.today.percent}%`;
    live.hidden = of.state !== 'live';
    live.setAttribute('aria-label', t('cards.live_of', { name: nameOf(of) }));
    settings.setAttribute('aria-label', t('cards.settings_of', { name: nameOf(of) }));
    settings.hidden = !of.may_change && of.role !== 'viewer';
    replace(
      tags,
      of.tags.map((tag) => h('span', { class: 'chip' }, tag)),
      of.role === 'viewer' && h('span', { class: 'chip accent' }, t('cards.shared')),
    );
    tags.hidden = !tags.firstChild;
  };
  update(device);
  return { element, update, picture, id: device.device };
}
