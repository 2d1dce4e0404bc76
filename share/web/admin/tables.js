// What the lists of administrators have in common.
import { h, icon } from '../dom.js';

export function searchField(label, change) {
  const input = h('input', {
    type: 'search',
    'aria-label': label,
    placeholder: label,
    autocomplete: 'off',
    oninput: () => change(input.value.normalize('NFKC').toLowerCase().trim()),
  });
  return h('div', { class: 'cards-tools', role: 'search' }, h('div', { class: 'search' }, icon('search'), input));
}

export const cell = (label, ...children) => h('td', { 'data-label': label }, h('span', {}, children));
export const table = (name, heads, body) =>
  h(
    'table',
    { class: 'table cards', 'aria-label': name },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        heads.map((head) => h('th', { scope: 'col' }, head)),
      ),
    ),
    body,
  );
