// What is said of a camera, alike wherever it is said.
import { h, setText } from './dom.js';
import { field } from './forms.js';
import { ago, dateTime, t } from './i18n.js';

export const nameOf = (device) => device.nickname || device.device;

// 'live', 'silent', 'never_seen', 'off': what the light shows.
export const healthOf = (device) => (device.enabled === false && device.state !== 'live' ? 'off' : device.state);

// The light with its word: { element, update(device) }
export function healthLine(device) {
  const light = h('span', { class: 'light', 'aria-hidden': 'true' });
  const word = h('span', {});
  const since = h('span', { class: 'muted numbers' });
  const update = (of) => {
    const health = healthOf(of);
    if (light.className !== `light ${health}`) light.className = `light ${health}`;
    setText(word, t(`health.${health}`));
    const at = health === 'live' ? of.recording_since : of.last_seen;
    setText(since, !at ? '' : t(health === 'live' ? 'health.since' : 'health.seen', { ago: ago(at) }));
    since.title = at ? dateTime(at) : '';
  };
  update(device);
  return { element: h('p', { class: 'health' }, h('b', {}, light, word), since), update };
}

// The share of packets that never came, in percent; null where nothing was sent.
export function lossOf(link) {
  const all = link ? link.packets + link.lost : 0;
  return all > 0 ? (100 * link.lost) / all : null;
}

// What a camera is called.  Patterns of a command line are no names.
export const nicknameField = (attributes) =>
  field({
    name: 'nickname',
    label: t('add.nickname'),
    optional: true,
    autocomplete: 'off',
    maxlength: 64,
    pattern: '[^*?\\[\\]\\\\]*',
    'data-pattern': 'add.nickname_wrong',
    ...attributes,
  });
