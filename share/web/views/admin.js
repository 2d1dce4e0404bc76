// For administrators: all cameras, users and invitations, the disk.
import { camerasPage } from '../admin/cameras.js';
import { storePage } from '../admin/store.js';
import { usersPage } from '../admin/users.js';
import { href } from '../app.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';

export default async function admin({ params, user, signal }) {
  const pages = {
    cameras: ['/admin', t('admin.tab.cameras')],
    users: ['/admin/users', t('admin.tab.users')],
    store: ['/admin/store', t('admin.tab.store')],
  };
  const page = params.page ?? 'cameras';
  if (!user.admin || !pages[page] || params.page === 'cameras')
    throw Object.assign(new Error('no such page'), { status: 404 });
  const content = await {
    cameras: () => camerasPage(signal),
    users: () => usersPage(signal, user),
    store: () => storePage(signal),
  }[page]();
  const title = `${pages[page][1]} · ${t('nav.admin')}`;
  const element = h(
    'div',
    { class: 'page' },
    h('div', { class: 'page-head' }, h('h1', {}, t('nav.admin'))),
    h(
      'nav',
      { class: 'sub-tabs', 'aria-label': t('nav.admin') },
      Object.entries(pages).map(([name, [path, text]]) =>
        h('a', { href: href(path), 'aria-current': name === page ? 'page' : null }, text),
      ),
    ),
    content,
  );
  return { element, title };
}
