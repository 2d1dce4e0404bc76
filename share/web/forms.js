// Fields and forms.
import { h, newId, replace, setText } from './dom.js';
import { t } from './i18n.js';
import { busy, explain, notice } from './messages.js';

// field({ name, label, hint, type, value, … attributes of the input }) → { element, input, name, fail(text), fails(), clear() }
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
  return { element, input, name, fail: show, fails: () => !error.hidden, clear: () => show('') };
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
      // What was wrong with it, and was taken out for that, says more than that it is empty.
      if (text && !(f.input.validity.valueMissing && f.fails?.())) f.fail(text);
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
