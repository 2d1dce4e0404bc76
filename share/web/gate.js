// What login, sign-up and reset have in common: a narrow page whose steps follow each other in place.
import { h, replace } from './dom.js';
import { t } from './i18n.js';
import { announce, notice } from './ui.js';

export function gate() {
  const element = h('div', { class: 'page narrow gate' });
  return {
    element,
    // The next step: its first field gets the focus, after its heading was said.
    step(...content) {
      const first = !element.firstChild;
      replace(element, content);
      if (first) return;
      const heading = element.querySelector('h1');
      if (heading) announce(heading.textContent);
      (element.querySelector('[autofocus]') ?? element.querySelector('input:not([type=hidden])') ?? heading)?.focus();
    },
  };
}

// A path of the page that was asked for before; nothing that leads elsewhere.
export function nextPath(query) {
  const wanted = query.get('next') ?? '';
  return /^\/(?![/\\])/.test(wanted) && !/^\/(login|signup|reset)\b/.test(wanted) ? wanted : '/';
}

export const needsHttps = () =>
  notice('warn', h('b', {}, t('gate.insecure.title')), h('p', {}, t('gate.insecure.text')));

export const kShortestPassword = 8;
export const kNamePattern = '[a-z0-9][a-z0-9._\\-]{0,63}';
