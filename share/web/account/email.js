// Another e-mail address, which a code proves.
import { api } from '../api.js';
import { codeStep } from '../code_step.js';
import { h, replace } from '../dom.js';
import { t } from '../i18n.js';
import { button, dialog, field, form, toast } from '../ui.js';
import { currentPassword, passwordFaults } from './password.js';

// Answers the account as it is then; undefined when it was left.
export function changeEmail(user) {
  return dialog(t('account.email.change'), (close) => {
    const place = h('div', {});
    const first = () => {
      const fields = [
        field({
          name: 'email',
          label: t('account.email.new'),
          type: 'email',
          autocomplete: 'email',
          maxlength: 254,
          value: user.email_proven ? '' : user.email,
        }),
        currentPassword(),
      ];
      replace(
        place,
        form({
          fields,
          submit: t('account.email.send'),
          ...passwordFaults({ bad_email: 'email', email_taken: 'email' }),
          secondary: button({ onclick: () => close() }, t('action.cancel')),
          send: async ({ email, password }) =>
            prove(await api.post('/api/v1/account/email', { email: email.trim(), password })),
        }),
      );
      fields[0].input.focus();
    };
    const prove = (begun) => {
      const step = codeStep({
        begun: { ...begun, factor: 'email' },
        small: true,
        submit: t('code.submit'),
        restart: first,
        send: async (code) => {
          const account = await api.post('/api/v1/account/email/confirm', { challenge: begun.challenge, code });
          close(account);
          toast(t('account.email.done'));
        },
      });
      replace(place, step.element);
      step.input.focus();
    };
    first();
    return place;
  });
}
