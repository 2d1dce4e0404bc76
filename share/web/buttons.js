// Buttons, and what is copied by them.
import { h, icon, newId, replace, setText } from './dom.js';
import { t } from './i18n.js';
import { announce, toast } from './messages.js';

// button({ icon, class, onclick }, 'text')
export function button({ icon: shape, class: of = '', ...attributes }, ...children) {
  return h('button', { type: 'button', class: `button ${of}`, ...attributes }, shape && icon(shape), ...children);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard without https, or it was refused: the old way.
    const area = h('textarea', { class: 'visually-hidden', readonly: true, value: text });
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    if (!done) return toast(t('copy.failed'), 'bad');
  }
  return announce(t('copy.done'));
}

// A button that copies and says for a moment that it has; `what` names it to screen readers.
export function copyButton(text, what) {
  const label = h('span', {}, t('action.copy'));
  const picture = h('span', { class: 'swap' }, icon('copy'));
  let timer;
  return h(
    'button',
    {
      type: 'button',
      class: 'button small',
      'aria-label': t('copy.what', { what }),
      onclick: async () => {
        await copy(typeof text === 'function' ? text() : text);
        setText(label, t('copy.short'));
        replace(picture, icon('check'));
        clearTimeout(timer);
        timer = setTimeout(() => {
          setText(label, t('action.copy'));
          replace(picture, icon('copy'));
        }, 2500);
      },
    },
    picture,
    label,
  );
}

// A line that is to be typed or pasted elsewhere.
export function copyLine(name, text) {
  const id = newId('line');
  return h(
    'div',
    { class: 'copy-line' },
    h('div', { class: 'copy-head' }, h('h3', { id }, name), copyButton(text, name)),
    h('pre', { tabindex: '0', role: 'group', 'aria-labelledby': id }, h('code', {}, text)),
  );
}
