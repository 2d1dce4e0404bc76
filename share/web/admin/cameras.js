// All cameras.
import { api, part } from '../api.js';
import { href } from '../app.js';
import { healthLine, nameOf } from '../camera.js';
import { h, setText } from '../dom.js';
import { percent, t } from '../i18n.js';
import { emptyState } from '../ui.js';
import { cell, searchField, table } from './tables.js';

export async function camerasPage(signal) {
  const devices = await api.all('/api/v1/devices?limit=500', 'devices', { signal });
  if (!devices.length)
    return emptyState(
      'camera',
      t('cards.empty.title'),
      t('cards.empty.text'),
      h('a', { class: 'button primary', href: href('/add') }, t('cards.empty.add')),
    );
  const rows = devices.map((of) => {
    const row = h(
      'tr',
      {},
      h(
        'th',
        { scope: 'row' },
        h('a', { href: href(`/d/${part(of.device)}`) }, nameOf(of)),
        of.nickname && h('div', { class: 'camera-id' }, of.device),
      ),
      h('td', {}, healthLine(of).element),
      cell(t('admin.owner'), of.owner || '–'),
      cell(t('cards.today'), percent(of.today.percent)),
      h(
        'td',
        { class: 'end' },
        h(
          'a',
          {
            class: 'button small',
            href: href(`/d/${part(of.device)}/settings`),
            'aria-label': t('cards.settings_of', { name: nameOf(of) }),
          },
          t('settings.title'),
        ),
      ),
    );
    return {
      row,
      text: [of.device, of.nickname, of.owner ?? '', ...of.tags].join(' ').normalize('NFKC').toLowerCase(),
    };
  });
  const count = h('p', { class: 'muted', role: 'status' }, t('admin.cameras_count', { count: rows.length }));
  const search = (text) => {
    let seen = 0;
    for (const { row, text: of } of rows) seen += !(row.hidden = !of.includes(text));
    setText(
      count,
      seen === rows.length
        ? t('admin.cameras_count', { count: seen })
        : t('cards.found', { count: seen, all: rows.length }),
    );
  };
  return [
    searchField(t('cards.search'), search),
    count,
    h(
      'div',
      { class: 'panel' },
      table(
        t('cards.title'),
        [
          t('admin.camera'),
          t('admin.state'),
          t('admin.owner'),
          t('cards.today'),
          h('span', { class: 'visually-hidden' }, t('settings.title')),
        ],
        h(
          'tbody',
          {},
          rows.map(({ row }) => row),
        ),
      ),
    ),
  ];
}
