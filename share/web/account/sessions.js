// Where one is logged in, and out of there.
import { agentName } from '../agent.js';
import { api } from '../api.js';
import { signOut } from '../app.js';
import { h, redraw } from '../dom.js';
import { ago, date, dateTime, t } from '../i18n.js';
import { button, confirm, panel, toast } from '../ui.js';

function sessionRow(session, end) {
  const name = agentName(session.agent);
  return h(
    'li',
    {},
    h(
      'div',
      { class: 'grow' },
      h('b', {}, name, ' ', session.current && h('span', { class: 'chip ok' }, t('account.sessions.this'))),
      h(
        'span',
        {},
        session.current
          ? session.address
          : t('account.sessions.used', { ago: ago(session.last_used), address: session.address }),
      ),
      h('span', {}, t('account.sessions.since', { date: dateTime(session.created), until: date(session.until) })),
    ),
    button(
      {
        class: 'small',
        'aria-label': t('share.action_of', { action: t(session.current ? 'nav.out' : 'account.sessions.end'), name }),
        onclick: (event) => end(session, event.currentTarget),
      },
      t(session.current ? 'nav.out' : 'account.sessions.end'),
    ),
  );
}

// { element, load() }
export function sessionsPanel(signal) {
  const rows = h('ul', { class: 'rows' });
  const others = h(
    'div',
    { class: 'actions', hidden: true },
    button({ class: 'warns', onclick: endOthers }, t('account.sessions.end_all')),
  );
  const element = panel(t('account.sessions.title'), t('account.sessions.about'), rows, others);

  async function load() {
    const { sessions } = await api.get('/api/v1/account/sessions', { signal });
    sessions.sort((a, b) => b.current - a.current || b.last_used.localeCompare(a.last_used));
    redraw(
      rows,
      sessions.map((session) => sessionRow(session, end)),
    );
    others.hidden = sessions.length < 2;
  }

  async function end(session) {
    if (session.current) return signOut();
    const done = await confirm({
      title: t('account.sessions.end_title'),
      text: t('account.sessions.end_text', { name: agentName(session.agent), address: session.address }),
      action: t('account.sessions.end'),
      work: () => api.del(`/api/v1/account/sessions/${encodeURIComponent(session.id)}`),
    });
    if (!done) return undefined;
    toast(t('account.sessions.ended'));
    return load();
  }

  async function endOthers() {
    const done = await confirm({
      title: t('account.sessions.end_all'),
      text: t('account.sessions.end_all_text'),
      action: t('account.sessions.end_all'),
      work: () => api.del('/api/v1/account/sessions'),
    });
    if (!done) return undefined;
    toast(t('account.sessions.ended'));
    return load();
  }

  return { element, load };
}
