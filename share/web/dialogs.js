// Dialogs.
import { button } from './buttons.js';
import { h, icon, newId } from './dom.js';
import { field, form } from './forms.js';
import { t } from './i18n.js';
import { leaveDialog } from './messages.js';

// Opens a modal dialog; `build(close)` gives its content.  Answers what close(value) was given, undefined when it was
// left.  The focus goes back to where it was.
export function dialog(title, build, { wide } = {}) {
  return new Promise((resolve) => {
    const id = newId('dialog');
    let value;
    const close = (given) => {
      value = given;
      box.close();
    };
    const head = h(
      'header',
      {},
      h('h2', { id }, title),
      h(
        'button',
        { type: 'button', class: 'icon-button', 'aria-label': t('action.close'), onclick: () => close() },
        icon('close'),
      ),
    );
    const box = h('dialog', { class: wide ? 'wide' : null, 'aria-labelledby': id }, head);
    const before = document.activeElement;
    box.append(
      h('div', { class: 'dialog-body' }, build(close)),
      h('div', { class: 'toasts', role: 'status' }),
      h('div', { class: 'announcer visually-hidden', role: 'status' }),
    );
    // Beside it is out of it; but not when a selection that began inside ends outside.
    let down = false;
    box.addEventListener('pointerdown', (event) => {
      down = event.target === box;
    });
    box.addEventListener('click', (event) => {
      if (down && event.target === box) close();
    });
    box.addEventListener('close', () => {
      leaveDialog(box);
      if (before?.isConnected) before.focus();
      resolve(value);
    });
    document.body.append(box);
    box.showModal();
    (
      box.querySelector('[autofocus]') ?? box.querySelector('.dialog-body :is(input, select, textarea, button)')
    )?.focus();
  });
}

// Asks before something that matters.  `typed`: what has to be typed first, for what can't be undone.  `work` runs while
// the dialog waits and may throw; answers whether it was done.
export function confirm({ title, text, action, danger = true, typed, fields = [], work, texts }) {
  return dialog(title, (close) => {
    const check =
      typed &&
      field({
        name: 'typed',
        label: t('confirm.type', { text: typed }),
        autocomplete: 'off',
        autocapitalize: 'none',
        spellcheck: 'false',
      });
    const element = form({
      fields: check ? [...fields, check] : fields,
      submit: action,
      danger,
      texts,
      secondary: button({ onclick: () => close() }, t('action.cancel')),
      send: async (values) => {
        if (check && values.typed.trim() !== typed) {
          check.fail(t('confirm.differs', { text: typed }));
          check.input.focus();
          return;
        }
        if (work) await work(values);
        close(true);
      },
    });
    return [[].concat(text).map((line) => (line instanceof Node ? line : h('p', {}, line))), element];
  }).then(Boolean);
}
