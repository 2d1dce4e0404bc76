// Another password; and what is asked before anything that matters is changed.
import { api } from '../api.js';
import { h } from '../dom.js';
import { kShortestPassword } from '../gate.js';
import { t } from '../i18n.js';
import { button, dialog, field, form, toast } from '../ui.js';

export const currentPassword = () =>
  field({ name: 'password', label: t('account.current'), type: 'password', autocomplete: 'current-password' });

// For form(): where it is told that the password was wrong, and `more` of the kind.
export const passwordFaults = (more) => ({
  faults: { wrong_login: 'password', wrong_password: 'password', ...more },
  texts: { wrong_login: t('account.wrong_password'), wrong_password: t('account.wrong_password') },
});

export function changePassword() {
  return dialog(t('account.password.title'), (close) => {
    const fields = [
      currentPassword(),
      field({
        name: 'next',
        label: t('account.password.new'),
        hint: t('signup.password_hint', { count: kShortestPassword }),
        type: 'password',
        autocomplete: 'new-password',
        minlength: kShortestPassword,
      }),
    ];
    return [
      h('p', { class: 'muted' }, t('account.password.others')),
      form({
        fields,
        submit: t('account.password.change'),
        ...passwordFaults({ bad_password: 'next' }),
        secondary: button({ onclick: () => close() }, t('action.cancel')),
        send: async (values) => {
          await api.post('/api/v1/account/password', { current: values.password, password: values.next });
          close(true);
          toast(t('account.password.done'));
        },
      }),
    ];
  });
}
