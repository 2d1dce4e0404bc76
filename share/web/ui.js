// What the views are put together from: fields and forms, dialogs, messages, copying, QR codes.
import { h, icon, newId, replace, setText, svg } from './dom.js';
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

// ---- messages

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

// ---- buttons

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

// ---- fields and forms

// field({ name, label, hint, type, value, … attributes of the input }) → { element, input, name, fail(text), clear() }
export function field({ name, label, hint, type = 'text', options, optional, after, ...attributes }) {
  const id = newId(name);
  const hintId = hint ? `${id}-hint` : null;
  const error = h('p', { class: 'field-error', id: `${id}-error`, hidden: true });
  const common = { id, name, 'aria-describedby': hintId, required: !optional, ...attributes };
  const input = options
    ? h(
        'select',
        common,
        options.map(([value, text]) => h('option', { value }, text)),
      )
    : h(type === 'textarea' ? 'textarea' : 'input', { type: type === 'textarea' ? null : type, ...common });
  if (options && attributes.value !== undefined) input.value = attributes.value;
  const element = h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label, optional && h('span', { class: 'optional' }, ` ${t('field.optional')}`)),
    hint && h('p', { class: 'hint', id: hintId }, hint),
    type === 'password' ? withReveal(input) : h('div', { class: 'control' }, input, after),
    error,
  );
  const show = (text) => {
    error.hidden = !text;
    setText(error, text);
    input.setAttribute('aria-invalid', text ? 'true' : 'false');
    input.setAttribute('aria-describedby', [hintId, text && error.id].filter(Boolean).join(' '));
  };
  input.addEventListener('input', () => show(''));
  return { element, input, name, fail: show, clear: () => show('') };
}

function withReveal(input) {
  const toggle = h(
    'button',
    {
      type: 'button',
      class: 'reveal',
      'aria-pressed': 'false',
      onclick: () => {
        const shown = input.type === 'password';
        input.type = shown ? 'text' : 'password';
        toggle.setAttribute('aria-pressed', String(shown));
        setText(toggle, t(shown ? 'action.hide' : 'action.show'));
      },
    },
    t('action.show'),
  );
  toggle.setAttribute('aria-describedby', input.id);
  return h('div', { class: 'control' }, input, toggle);
}

// What the browser finds wrong with an input, in the page's words.
function fault(input) {
  const { validity } = input;
  if (validity.valid) return '';
  if (validity.valueMissing) return t('field.missing');
  if (validity.typeMismatch && input.type === 'email') return t('field.email');
  if (validity.tooShort) return t('field.short', { count: input.minLength });
  if (validity.patternMismatch && input.dataset.pattern) return t(input.dataset.pattern);
  return t('field.invalid');
}

// A form that checks its fields, sends, and says what went wrong where it went wrong.
//   send(values)  throws ApiError; its `code` is looked up in `faults`: { code: 'name of the field that is to say so' }
//   texts         { code: text } in place of the general one
// Answers the element; element.submitButton is its button.
export function form(
  { fields = [], send, submit, secondary, danger, faults = {}, texts = {}, class: of = '' },
  ...more
) {
  const problem = h('div', { class: 'form-problem', role: 'alert' });
  const go = h('button', { type: 'submit', class: `button ${danger ? 'danger' : 'primary'}` }, submit);
  const tell = (text, code) => {
    const at = fields.find((f) => f.name === faults[code]);
    if (!at) return replace(problem, notice('bad', text));
    at.fail(text);
    return at.input.focus();
  };
  const onsubmit = (event) => {
    event.preventDefault();
    replace(problem);
    const wrong = fields.filter((f) => {
      const text = fault(f.input);
      if (text) f.fail(text);
      return text;
    });
    if (wrong.length) return wrong[0].input.focus();
    return busy(go, async () => {
      try {
        await send(
          Object.fromEntries(
            fields.map((f) => [f.name, f.input.type === 'checkbox' ? f.input.checked : f.input.value]),
          ),
        );
      } catch (error) {
        if (error?.name === 'AbortError') return;
        tell(texts[error?.code] ?? explain(error), error?.code);
      }
    });
  };
  const element = h(
    'form',
    { class: `form ${of}`, novalidate: true, onsubmit },
    fields.map((f) => f.element),
    more,
    problem,
    h('div', { class: 'actions' }, go, secondary),
  );
  element.submitButton = go;
  return element;
}

// ---- dialogs

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
      box.remove();
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

// ---- pictures

// The QR code of { size, rows }: dark on white with its quiet zone in any colour scheme, or phones can't read it.
export function qr({ size, rows }, label) {
  const quiet = 4,
    whole = size + 2 * quiet;
  let path = '';
  rows.forEach((row, y) => {
    for (const run of row.matchAll(/1+/g))
      path += `M${run.index + quiet} ${y + quiet}h${run[0].length}v1h-${run[0].length}z`;
  });
  return svg(
    'svg',
    {
      class: 'qr',
      viewBox: `0 0 ${whole} ${whole}`,
      role: 'img',
      'aria-label': label,
      'shape-rendering': 'crispEdges',
    },
    svg('rect', { width: whole, height: whole, fill: '#fff' }),
    svg('path', { d: path, fill: '#000' }),
  );
}

// A place for something that comes, as large as it will be.
export const skeleton = (of = '') => h('div', { class: `skeleton ${of}`, 'aria-hidden': 'true' });

export function emptyState(shape, title, text, ...actions) {
  return h(
    'div',
    { class: 'empty' },
    h('div', { class: 'empty-icon' }, icon(shape)),
    h('h2', {}, title),
    text && h('p', {}, text),
    actions.length > 0 && h('div', { class: 'actions center' }, actions),
  );
}

// Runs `work` at once and then again this long after it ended, but not while the page can't be seen; then at once when
// it is seen again.  Ends with the signal.
export function repeat(work, ms, signal) {
  let timer;
  const run = async () => {
    clearTimeout(timer);
    if (document.hidden || signal.aborted) return;
    await work();
    clearTimeout(timer);
    if (!signal.aborted) timer = setTimeout(run, ms);
  };
  const seen = () => {
    if (!document.hidden) run();
  };
  document.addEventListener('visibilitychange', seen, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  return run();
}
