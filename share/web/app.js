// The page's start, its frame, and the way from view to view.
import { api, base, events, isAbort } from './api.js';
import { h, icon, replace, setText } from './dom.js';
import { language, languages, preferredLanguage, setLanguage, t } from './i18n.js';
import { match, route } from './router.js';
import { announce, explain, toast } from './ui.js';

const anybody = { open: true };
route('/', () => import('./views/devices.js'));
route('/login', () => import('./views/login.js'), anybody);
route('/signup', () => import('./views/signup.js'), anybody);
route('/reset', () => import('./views/reset.js'), anybody);
route('/account', () => import('./views/account.js'));
route('/add', () => import('./views/add.js'));
route('/together', () => import('./views/together.js'));
route('/admin', () => import('./views/admin.js'));
route('/admin/{page}', () => import('./views/admin.js'));
route('/d/{device}', () => import('./views/calendar.js'));
route('/d/{device}/settings', () => import('./views/settings.js'));
route('/d/{device}/live', () => import('./views/live.js'));
route('/d/{device}/{day}', () => import('./views/day.js'));

const main = document.getElementById('main');
const header = document.getElementById('header');
const footer = document.getElementById('footer');

// What is known of who looks: welcome of the server, the user, or the share link { name, device }.
const known = { welcome: null, user: null, link: null };
let shown = null; // { pattern, url, view, controller }
let going = 0;

export const welcome = () => known.welcome;

// The address of a path of the page, for links.
export const href = (path) => base + path;

const here = () => location.pathname.slice(base.length) || '/';

// Goes to a path of the page ('/d/cam01?m=2026-11', without the base).  replace: the present one is not gone back to.
export function navigate(path, { replace: instead = false } = {}) {
  keepScroll();
  history[instead ? 'replaceState' : 'pushState']({}, '', href(path));
  return show({ moved: true });
}

// Puts another query to the address of the view that is shown, without showing it anew.
export function replaceQuery(query) {
  const text = query.toString();
  history.replaceState(history.state, '', location.pathname + (text ? `?${text}` : ''));
  if (shown) shown.url = location.pathname + location.search;
}

// Somebody has logged in, or what is known of them has changed.
export async function setUser(user) {
  known.user = user;
  if (user?.language && user.language !== language() && Object.hasOwn(languages, user.language))
    await setLanguage(user.language, { keep: true });
  // Letters to somebody who was added at the terminal come in the language of their page.
  else if (user?.language === '') api.patch('/api/v1/account', { language: language() }).catch(() => {});
  frame();
}

export async function signOut() {
  try {
    await api.post('/api/v1/logout');
  } catch (error) {
    // Without an answer the session may live on: better said than believed.
    if (error.status !== 401) return toast(explain(error), 'bad');
  }
  known.user = null;
  return navigate('/login?out');
}

export async function changeLanguage(code) {
  await setLanguage(code, { keep: true });
  if (known.user)
    await api.patch('/api/v1/account', { language: code }).then(
      (user) => {
        known.user = user ?? known.user;
      },
      () => {},
    );
  frame();
  return show({ again: true });
}

// ---- the frame: header, navigation, footer

function navigation() {
  if (base || !known.user) return null;
  const items = [
    ['/', 'camera', t('nav.cameras')],
    ['/together', 'grid', t('nav.together')],
    ['/add', 'add', t('nav.add')],
  ];
  if (known.user.admin) items.push(['/admin', 'admin', t('nav.admin')]);
  items.push(['/account', 'account', t('nav.account')]);
  const top = `/${here().split('/')[1] ?? ''}`;
  const current = top === '/d' ? '/' : top;
  return h(
    'nav',
    { class: 'tabs', 'aria-label': t('nav.label') },
    items.map(([path, shape, text]) =>
      h(
        'a',
        {
          href: href(path),
          class: path === '/account' ? 'last' : null,
          'aria-current': path === current ? (here() === path ? 'page' : 'true') : null,
        },
        icon(shape),
        h('span', {}, text),
      ),
    ),
  );
}

function languageChoice() {
  return h(
    'div',
    { class: 'languages' },
    icon('language'),
    Object.entries(languages).map(([code, name]) =>
      h(
        'button',
        {
          type: 'button',
          class: 'plain',
          lang: code,
          'aria-pressed': String(code === language()),
          onclick: () => changeLanguage(code),
        },
        name,
      ),
    ),
  );
}

function frame() {
  const brand = h('a', { class: 'brand', href: href('/') }, h('span', { class: 'mark', 'aria-hidden': 'true' }), 'cbx');
  const place = known.link
    ? h('span', { class: 'shared' }, icon('share'), t('nav.shared'))
    : known.user
      ? h(
          'button',
          { type: 'button', class: 'button quiet sign-out', 'aria-label': t('nav.out'), onclick: signOut },
          icon('out'),
          h('span', {}, t('nav.out')),
        )
      : null;
  replace(header, h('div', { class: 'bar-in' }, brand, navigation(), place));
  document.body.classList.toggle('with-tabs', Boolean(known.user && !base));
  replace(
    footer,
    languageChoice(),
    h('span', { class: 'version' }, known.welcome ? `cbx ${known.welcome.version}` : 'cbx'),
  );
  setText(document.getElementById('skip'), t('nav.skip'));
}

// ---- from view to view

function keepScroll() {
  history.replaceState({ ...history.state, scroll: scrollY }, '');
}

function leave() {
  if (!shown) return;
  for (const open of document.querySelectorAll('dialog[open]')) open.close();
  shown.controller.abort();
  shown.view?.destroy?.();
  shown = null;
}

function context(found, controller) {
  return {
    params: found?.params ?? {},
    query: new URLSearchParams(location.search),
    user: known.user,
    base,
    link: known.link,
    signal: controller.signal,
  };
}

// The view of an address that is not found, or of an error.
async function problem(kind, error) {
  const { default: view } = await import('./views/problem.js');
  return view(kind, error, () => show({ again: true }));
}

async function make(found, given) {
  try {
    if (!found) return await problem('missing');
    const { default: view } = await found.load();
    return await view(given);
  } catch (error) {
    if (isAbort(error) || given.signal.aborted) return null;
    if (error.status === 401) return null;
    return problem(
      error.status === 404 || error.status === 403
        ? 'missing'
        : error.status === 0 || error instanceof TypeError
          ? 'offline'
          : 'error',
      error,
    );
  }
}

// Where somebody is sent instead: to log in, to the camera of a share link.
function detour(path, found) {
  if (known.link)
    return path === '/' || !/^\/d\//.test(path) || /\/settings$/.test(path)
      ? `/d/${encodeURIComponent(known.link.device)}`
      : null;
  if (found && !found.open && !known.user)
    return path === '/' && !location.search ? '/login' : `/login?next=${encodeURIComponent(path + location.search)}`;
  return null;
}

async function show({ moved = false, again = false, scroll = 0 } = {}) {
  const path = here();
  const found = match(path);
  const other = detour(path, found);
  if (other) return navigate(other, { replace: true });
  const pattern = found?.pattern ?? null;
  if (!again && shown?.view?.update && shown.pattern === pattern && pattern) {
    const given = { ...context(found, shown.controller) };
    if (await shown.view.update(given)) {
      shown.url = location.pathname + location.search;
      entitle(shown.view.title);
      return undefined;
    }
  }
  const turn = ++going;
  const controller = new AbortController();
  const late = setTimeout(() => {
    if (turn === going) main.setAttribute('aria-busy', 'true');
  }, 150);
  const view = await make(found, context(found, controller));
  clearTimeout(late);
  if (turn !== going || !view) {
    controller.abort();
    view?.destroy?.();
    return undefined;
  }
  leave();
  shown = { pattern, url: location.pathname + location.search, view, controller };
  main.removeAttribute('aria-busy');
  frame();
  replace(main, view.element);
  entitle(view.title);
  settle(view, moved, again, scroll);
  return undefined;
}

function entitle(title) {
  document.title = title ? `${title} · cbx` : 'cbx';
}

// Scroll and focus as a page of its own would have them.
function settle(view, moved, again, scroll) {
  if (again) return;
  scrollTo({ top: scroll, behavior: 'instant' });
  if (!moved) return;
  announce(view.title ?? '');
  if (main.contains(document.activeElement)) return; // the view has its own idea
  const start = main.querySelector('[autofocus]') ?? main.querySelector('h1') ?? main;
  if (!start.matches('a, button, input, select, textarea, [tabindex]')) start.tabIndex = -1;
  start.focus({ preventScroll: true });
}

function onClick(event) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const anchor = event.target.closest?.('a[href]');
  if (!anchor || anchor.target || anchor.hasAttribute('download') || anchor.origin !== location.origin) return;
  if (base && !`${anchor.pathname}/`.startsWith(`${base}/`)) return;
  const path = anchor.pathname.slice(base.length) || '/';
  if (/^\/(api|media|assets|t)\//.test(path)) return;
  // Within the page: the browser knows how.
  if (anchor.hash && anchor.pathname === location.pathname && anchor.search === location.search) return;
  event.preventDefault();
  keepScroll();
  history.pushState({}, '', anchor.href);
  show({ moved: true });
}

async function whoLooks() {
  if (!base) {
    known.welcome = await api.get('/api/v1/welcome');
    return setUser(known.welcome.user ?? null);
  }
  const me = await api.get('/api/v1/me');
  known.link = { name: me.name, device: me.only_device };
  return undefined;
}

async function start() {
  history.scrollRestoration = 'manual';
  await setLanguage(preferredLanguage());
  frame();
  document.addEventListener('click', onClick);
  addEventListener('popstate', (event) => {
    // To another place of the same view (the skip link's): that is all done.
    if (shown?.url === location.pathname + location.search) return;
    clearTimeout(rest);
    show({ moved: true, scroll: event.state?.scroll ?? 0 });
  });
  let rest;
  addEventListener(
    'scroll',
    () => {
      clearTimeout(rest);
      rest = setTimeout(keepScroll, 200);
    },
    { passive: true },
  );
  addEventListener('pagehide', keepScroll);
  events.addEventListener('signed-out', () => {
    if (!known.user) return;
    known.user = null;
    navigate(`/login?ended&next=${encodeURIComponent(here() + location.search)}`, { replace: true });
  });
  try {
    await whoLooks();
  } catch (error) {
    const gone = base && [401, 403, 404].includes(error.status);
    const view = await problem(gone ? 'link' : error.status === 0 ? 'offline' : 'error', error);
    main.removeAttribute('aria-busy');
    replace(main, view.element);
    return entitle(view.title);
  }
  return show({ scroll: history.state?.scroll ?? 0 });
}

start();
