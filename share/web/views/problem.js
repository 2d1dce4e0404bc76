// What is shown in place of a view: the address leads nowhere, or an error came.
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { href } from '../app.js';
import { button, emptyState, explain } from '../ui.js';

const kShapes = { missing: 'search', offline: 'alert', error: 'alert', link: 'link' };

// kind: 'missing', 'offline', 'error', or 'link': a share link that is no longer good.
export default function problem(kind, error, again = () => location.reload()) {
  const home = h('a', { class: 'button', href: href('/') }, t('problem.home'));
  const retry = button({ class: 'primary', icon: 'refresh', onclick: again }, t('action.retry'));
  const text = kind === 'error' ? explain(error) : t(`problem.${kind}.text`);
  const state = emptyState(
    kShapes[kind],
    '',
    text,
    ...(kind === 'missing' ? [home] : kind === 'link' ? [] : [retry, home]),
  );
  const title = t(`problem.${kind}.title`);
  state.querySelector('h2').replaceWith(h('h1', {}, title));
  return { element: h('div', { class: 'page' }, state), title };
}
