// The disk, and for how long it will do.
import { api, isAbort } from '../api.js';
import { h, replace } from '../dom.js';
import { bytes, date, dateTime, number, percent, t } from '../i18n.js';
import { explain, field, notice, toast } from '../ui.js';

const figure = (name, value, about) =>
  h('div', {}, h('dt', {}, name), h('dd', {}, value), about && h('dd', { class: 'hint' }, about));

function forecastText(forecast) {
  const days = forecast.days_until_full;
  if (days === undefined) return notice('done', t('store.never_full'));
  const text = t('store.full_in', { count: Math.floor(days), date: date(Date.now() + days * 86_400_000) });
  return notice(days < 7 ? 'bad' : days < 30 ? 'warn' : 'info', text);
}

export async function storePage(signal) {
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
