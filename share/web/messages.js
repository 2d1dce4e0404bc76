// What the page says: what went wrong, what was done, that it is at work.
import { h, icon } from './dom.js';
import { duration, has, t } from './i18n.js';

// What to tell somebody of an error that `api` threw.
export function explain(error) {
  if (error?.name !== 'ApiError') {
    console.error(error);
    return t('error.bug');
  }
  const { status, code, detail, retryAfter } = error;
  if (status === 429) return retryAfter ? t('error.wait', { time: duration(retryAfter * 1000) }) : t('error.429');
  if (code && has(`error.${code}`)) return t(`error.${code}`);
  if (has(`error.${status}`)) return t(`error.${status}`);
  if (status >= 500) return t('error.server');
  // What only the server can word, in its own language.
  return detail ? t('error.detail', { detail }) : t('error.bug');
}

// What is outside a modal dialog is out of reach, for screen readers too: it has trays of its own.
function nearest(of) {
  const open = [...document.querySelectorAll('dialog[open]')].at(-1);
  return open?.querySelector(`:scope > .${of}`) ?? document.querySelector(`body > .${of}`);
}

// A short message that goes by itself; `kind`: 'done' or 'bad'.
export function toast(text, kind = 'done') {
  const tray = nearest('toasts');
  const note = h(
    'div',
    { class: `toast ${kind}` },
    icon(kind === 'bad' ? 'alert' : 'check'),
    h('span', {}, text),
    h(
      'button',
      { type: 'button', class: 'icon-button', 'aria-label': t('action.dismiss'), onclick: () => note.remove() },
      icon('close'),
    ),
  );
  while (tray.children.length > 2) tray.firstChild.remove();
  tray.append(note);
  // While it is pointed at or read by keyboard it stays.
  const leave = () => (note.matches(':hover, :focus-within') ? setTimeout(leave, 2000) : note.remove());
  setTimeout(leave, Math.max(5000, text.length * 90));
}

// A dialog that has closed leaves the page; what was said in it is said on outside.
export function leaveDialog(box) {
  const notes = [...box.querySelectorAll(':scope > .toasts > *')];
  box.remove();
  nearest('toasts').append(...notes);
}

// Says it to screen readers alone.
export function announce(text) {
  const region = nearest('announcer');
  region.textContent = '';
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}

// A box that says what is wrong or good to know; kind: 'bad', 'warn', 'info', 'done'.
export function notice(kind, ...children) {
  const shape = { bad: 'alert', warn: 'alert', done: 'check', info: 'info' }[kind];
  return h(
    'div',
    { class: `notice ${kind}`, role: kind === 'bad' ? 'alert' : null },
    icon(shape),
    h('div', {}, ...children),
  );
}

// While `work` runs the button says so and can't be pressed again; its width stays.
export async function busy(button, work) {
  if (button.getAttribute('aria-busy') === 'true') return undefined;
  button.setAttribute('aria-busy', 'true');
  button.setAttribute('aria-disabled', 'true');
  try {
    return await work();
  } finally {
    button.removeAttribute('aria-busy');
    button.removeAttribute('aria-disabled');
  }
}
