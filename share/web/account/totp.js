// An authenticator app: set up, with recovery codes; and turned off.
import { api } from '../api.js';
import { cleanCode } from '../code_step.js';
import { h, replace, setText } from '../dom.js';
import { t } from '../i18n.js';
import { button, confirm, copyButton, dialog, field, form, notice, qr } from '../ui.js';
import { currentPassword, passwordFaults } from './password.js';

// The set-up in one dialog: password, the code to scan, a code back, recovery codes.
export function setUpTotp() {
  return dialog(t('account.totp.title'), (close) => {
    const place = h('div', { class: 'stack' });
    const first = () =>
      replace(
        place,
        h('p', { class: 'muted' }, t('account.totp.why')),
        form({
          fields: [currentPassword()],
          submit: t('action.next'),
          ...passwordFaults(),
          secondary: button({ onclick: () => close() }, t('action.cancel')),
          send: async ({ password }) => scan(await api.post('/api/v1/account/totp', { password })),
        }),
      );
    const scan = ({ secret, uri, qr: matrix }) => {
      const code = field({
        name: 'code',
        label: t('account.totp.code'),
        inputmode: 'numeric',
        autocomplete: 'one-time-code',
        class: 'code-input',
        maxlength: 9,
      });
      const spaced = secret.replace(/(.{4})(?=.)/g, '$1 ');
      const entry = form({
        fields: [code],
        submit: t('account.totp.on'),
        faults: { wrong_code: 'code' },
        texts: { wrong_code: t('account.totp.wrong') },
        secondary: button({ onclick: () => close() }, t('action.cancel')),
        send: async (values) => {
          const { recovery_codes: codes } = await api.post('/api/v1/account/totp/confirm', {
            code: cleanCode(values.code),
          });
          keep(codes);
        },
      });
      replace(
        place,
        h(
          'ol',
          { class: 'steps' },
          h(
            'li',
            { class: 'stack' },
            h('p', {}, t('account.totp.scan')),
            qr(matrix, t('account.totp.qr')),
            h('p', { class: 'link-row' }, h('a', { href: uri }, t('account.totp.open'))),
            h(
              'details',
              {},
              h('summary', {}, t('account.totp.typed')),
              h('p', { class: 'mono' }, spaced),
              h('div', { class: 'actions' }, copyButton(secret, t('account.totp.key'))),
            ),
          ),
          h('li', {}, entry),
        ),
      );
      code.input.focus();
    };
    const keep = (codes) => {
      const box = h('input', { type: 'checkbox' });
      const done = button(
        {
          class: 'primary',
          onclick: () => {
            if (box.checked) return close(true);
            setText(hint, t('account.totp.keep_first'));
            return box.focus();
          },
        },
        t('action.done'),
      );
      const hint = h('p', { class: 'field-error', role: 'alert' });
      replace(
        place,
        notice('done', t('account.totp.is_on')),
        h('h3', { tabindex: '-1' }, t('account.totp.codes')),
        h('p', { class: 'muted' }, t('account.totp.codes_text')),
        h(
          'ul',
          { class: 'codes', 'aria-label': t('account.totp.codes') },
          codes.map((code) => h('li', {}, code)),
        ),
        h(
          'div',
          { class: 'actions' },
          copyButton(codes.join('\n'), t('account.totp.codes')),
          button({ class: 'small', icon: 'print', onclick: print }, t('action.print')),
        ),
        h('label', { class: 'check' }, box, h('span', {}, t('account.totp.kept'))),
        hint,
        h('div', { class: 'actions' }, done),
      );
      place.querySelector('h3').focus();
    };
    first();
    return place;
  });
}

function print() {
  document.body.classList.add('printing');
  window.print();
  document.body.classList.remove('printing');
}

// Answers whether it was.
export function removeTotp() {
  return confirm({
    title: t('account.totp.off_title'),
    text: t('account.totp.off_text'),
    action: t('account.totp.off'),
    fields: [
      currentPassword(),
      field({
        name: 'code',
        label: t('code.label.totp'),
        hint: t('reset.code_hint'),
        autocomplete: 'one-time-code',
        autocapitalize: 'none',
        spellcheck: 'false',
      }),
    ],
    ...passwordFaults(),
    work: ({ password, code }) => api.post('/api/v1/account/totp/remove', { password, code: cleanCode(code) }),
  });
}
