// The step in which somebody proves with a code what they have begun.
import { api } from './api.js';
import { h, replace, setText } from './dom.js';
import { t } from './i18n.js';
import { announce, busy, explain, field, form, notice, toast } from './ui.js';

const kPause = 30; // seconds between two letters
const kDigits = { email: 6, totp: 6, operator: 8 };

// "１２３ 456" as it is meant
const plain = (text) => text.normalize('NFKC').replace(/[\s-]/g, '');
// What stands in a field for either kind of code.
export function cleanCode(text) {
  const bare = plain(text);
  return /^\d+$/.test(bare) ? bare : recovery(text);
}

// Codes that are made of digits alone; the recovery code xxxxx-xxxxx is not.
const isDigits = (text, factor) => new RegExp(`^\\d{${kDigits[factor]}}$`).test(text);

function recovery(text) {
  const bare = plain(text).toLowerCase();
  return bare.length === 10 ? `${bare.slice(0, 5)}-${bare.slice(5)}` : bare;
}

// Sends another letter, with a pause that is counted down.
function resendButton(challenge) {
  let left = kPause,
    timer;
  const button = h('button', { type: 'button', class: 'link-button' });
  const draw = () => {
    setText(button, left > 0 ? t('code.resend_in', { count: left }) : t('code.resend'));
    if (left > 0) button.setAttribute('aria-disabled', 'true');
    else button.removeAttribute('aria-disabled');
  };
  const count = () => {
    clearInterval(timer);
    timer = setInterval(() => {
      if (!button.isConnected) return clearInterval(timer);
      if (--left <= 0) clearInterval(timer);
      return draw();
    }, 1000);
  };
  button.addEventListener('click', () => {
    if (left > 0) return;
    busy(button, async () => {
      try {
        const { sends_left: sends } = await api.post('/api/v1/challenge/resend', { challenge });
        toast(t('code.resent'));
        if (sends === 0) return button.remove();
        left = kPause;
        count();
      } catch (error) {
        toast(error.status === 410 ? t('code.no_more') : explain(error), 'bad');
        if (error.status === 410) return button.remove();
      }
      return undefined;
    }).then(draw);
  });
  draw();
  count();
  return button;
}

// begun: { challenge, factor?, sent_to?, expires? } as the server gave it
// send(code): throws ApiError
// restart: what to do when the code is gone; back: { text, go } leads elsewhere
// login: codes of another kind are good too: those of an operator, and recovery codes beside an authenticator
// Answers { element, input }; the element has its own h1 (h2 with `small`).
export function codeStep({ begun, send, restart, back, submit, small, title, name, login }) {
  const factor = begun.factor ?? 'email';
  let kind = factor,
    done = false;
  const code = field({
    name: 'code',
    label: t(`code.label.${factor}`),
    inputmode: 'numeric',
    autocomplete: 'one-time-code',
    autocapitalize: 'none',
    spellcheck: 'false',
    enterkeyhint: 'go',
    class: 'code-input',
    maxlength: 24,
  });
  const { input } = code;
  const links = h('div', { class: 'link-row' });

  async function check() {
    const text = kind === 'recovery' ? recovery(input.value) : plain(input.value);
    if (kind !== 'recovery' && !isDigits(text, kind)) {
      code.fail(t('code.digits', { count: kDigits[kind] }));
      return input.focus();
    }
    try {
      done = true;
      await send(text);
    } catch (error) {
      done = false;
      if (error.status === 410) return gone();
      if (error.code !== 'wrong_code') throw error;
      input.value = '';
      const left = error.body?.tries_left;
      if (left === 0) return gone();
      code.fail(left === undefined ? t('error.wrong_code') : t('code.wrong', { count: left }));
      input.focus();
    }
    return undefined;
  }

  function gone() {
    replace(
      element,
      heading(t('code.gone.title')),
      h('p', { class: 'lead' }, t('code.gone.text')),
      h(
        'div',
        { class: 'actions' },
        h('button', { type: 'button', class: 'button primary', onclick: restart }, t('code.restart')),
      ),
    );
    announce(t('code.gone.title'));
    element.querySelector('button').focus();
  }

  const heading = (text) => h(small ? 'h3' : 'h1', { tabindex: '-1' }, text);
  const entry = form({ fields: [code], send: check, submit: submit ?? t('code.submit'), class: 'code-form' });
  entry.submitButton.classList.add('wide');
  // Typed or pasted whole, it is sent by itself.
  input.addEventListener('input', () => {
    if (kind !== 'recovery' && !done && isDigits(plain(input.value), kind)) entry.requestSubmit();
  });

  if (factor === 'email') links.append(resendButton(begun.challenge));
  const kinds = !login ? [] : factor === 'totp' ? ['totp', 'recovery', 'operator'] : [...new Set([factor, 'operator'])];
  const turn = (to) => {
    kind = to;
    setText(label, t(`code.label.${kind}`));
    input.setAttribute('inputmode', kind === 'recovery' ? 'text' : 'numeric');
    input.classList.toggle('long', kind === 'recovery');
    input.value = '';
    code.clear();
    turns.forEach((button) => {
      button.hidden = button.dataset.kind === kind;
    });
    input.focus();
  };
  const label = code.element.querySelector('label');
  const turns =
    kinds.length < 2
      ? []
      : kinds.map((of) =>
          h(
            'button',
            {
              type: 'button',
              class: 'link-button',
              'data-kind': of,
              hidden: of === kind,
              onclick: () => turn(of),
            },
            t(`code.use.${of}`),
          ),
        );
  links.append(...turns);
  if (back) links.append(h('button', { type: 'button', class: 'link-button', onclick: back.go }, back.text));

  const lead = t(`code.lead.${factor}`, { address: begun.sent_to ?? '', name: name ?? '' });
  const element = h(
    'div',
    { class: 'code-step' },
    heading(title ?? t(`code.title.${factor}`)),
    h('p', { class: 'lead' }, lead),
    factor === 'operator' && notice('info', h('code', {}, `cbx-account user code ${name || 'NAME'}`)),
    entry,
    links,
  );
  return { element, input };
}
