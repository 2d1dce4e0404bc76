// Invitations to sign up.
import { api, part } from '../api.js';
import { h, icon, redraw, replace } from '../dom.js';
import { dateTime, t } from '../i18n.js';
import { button, confirm, copyLine, dialog, field, form, notice } from '../ui.js';
import { untilField, untilOf } from '../until.js';

function inviteDialog() {
  return dialog(t('invite.title'), (close) => {
    const place = h('div', { class: 'stack' });
    const admin = h('input', { type: 'checkbox', name: 'admin' });
    replace(
      place,
      form(
        {
          fields: [
            field({
              name: 'email',
              label: t('signup.email'),
              hint: t('invite.email_hint'),
              type: 'email',
              optional: true,
              autocomplete: 'off',
              maxlength: 254,
            }),
            untilField({ label: t('until.label'), only: ['day', 'week', 'month'] }),
          ],
          submit: t('invite.make'),
          faults: { bad_email: 'email' },
          secondary: button({ onclick: () => close() }, t('action.cancel')),
          send: async ({ email, until }) => {
            const made = await api.post('/api/v1/invites', {
              ...untilOf(until),
              ...(email.trim() && { email: email.trim() }),
              ...(admin.checked && { admin: true }),
            });
            const done = button({ class: 'primary', onclick: () => close(true) }, t('action.done'));
            replace(
              place,
              notice(
                made.mailed ? 'done' : 'info',
                made.mailed ? t('invite.mailed', { email: email.trim() }) : t('invite.once'),
              ),
              copyLine(t('invite.link'), new URL(made.path, location.origin).href),
              h('div', { class: 'actions' }, done),
            );
            done.focus();
          },
        },
        h(
          'label',
          { class: 'check' },
          admin,
          h('span', {}, h('b', {}, t('invite.admin')), h('span', { class: 'hint' }, ' ', t('admin.make_text'))),
        ),
      ),
    );
    return place;
  });
}

// { element, load() }
export function invitesPanel(signal) {
  const rows = h('ul', { class: 'rows' });
  const none = h('p', { class: 'muted' }, t('invite.none'));
  async function load() {
    const { invites } = await api.get('/api/v1/invites', { signal });
    none.hidden = invites.length > 0;
    redraw(
      rows,
      invites.map((invite) =>
        h(
          'li',
          {},
          icon('mail'),
          h(
            'div',
            { class: 'grow' },
            h(
              'b',
              {},
              invite.email || t('invite.anybody'),
              invite.admin && [' ', h('span', { class: 'chip accent' }, t('account.admin'))],
            ),
            h(
              'span',
              {},
              `${t('until.until', { date: dateTime(invite.until) })} · ${t('invite.by', { user: invite.by })}`,
            ),
          ),
          button(
            {
              class: 'small',
              'aria-label': t('share.action_of', {
                action: t('share.take_back'),
                name: invite.email || t('invite.anybody'),
              }),
              onclick: () => remove(invite),
            },
            t('share.take_back'),
          ),
        ),
      ),
    );
  }
  async function remove(invite) {
    const done = await confirm({
      title: t('invite.remove'),
      text: t('invite.remove_text'),
      action: t('invite.remove'),
      work: () => api.del(`/api/v1/invites/${part(invite.id)}`),
    });
    if (done) await load();
  }
  const element = h(
    'section',
    { class: 'panel', 'aria-label': t('invite.head') },
    h('h2', {}, t('invite.head')),
    h('p', { class: 'muted' }, t('invite.about')),
    none,
    rows,
    h(
      'div',
      { class: 'actions' },
      button(
        {
          icon: 'add',
          onclick: async () => {
            await inviteDialog();
            await load();
          },
        },
        t('invite.title'),
      ),
    ),
  );
  return { element, load };
}
