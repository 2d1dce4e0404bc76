// The cards: every camera that may be seen, and how it is.
import { api, isAbort } from '../api.js';
import { href } from '../app.js';
import { healthOf, nameOf } from '../camera.js';
import { card } from '../camera_card.js';
import { h, icon, replace, setText } from '../dom.js';
import { t } from '../i18n.js';
import { announce, emptyState, explain, notice, repeat } from '../ui.js';

const kEvery = 10_000;
const kManyCards = 6;

// ---- searching

const folded = (text) => text.normalize('NFKC').toLowerCase();

function found(device, words, tag) {
  if (tag && !device.tags.includes(tag)) return false;
  const text = folded([device.device, device.nickname, ...device.tags].join(' '));
  return words.every((word) => text.includes(word));
}

const kRank = { live: 0, silent: 1, never_seen: 2, off: 3 };
const order = (a, b) =>
  kRank[healthOf(a)] - kRank[healthOf(b)] || nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true });

function tools(change) {
  const input = h('input', {
    type: 'search',
    'aria-label': t('cards.search'),
    placeholder: t('cards.search'),
    autocomplete: 'off',
    oninput: () => change(),
  });
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': t('cards.tags') });
  const element = h(
    'div',
    { class: 'cards-tools', role: 'search' },
    h('div', { class: 'search' }, icon('search'), input),
    chips,
  );
  let tag = '',
    shown = '';
  const toggle = (of) => {
    tag = tag === of ? '' : of;
    shown = '';
    change();
  };
  return {
    element,
    words: () => folded(input.value).split(/\s+/).filter(Boolean),
    tag: () => tag,
    offer(devices) {
      const tags = [...new Set(devices.flatMap((d) => d.tags))].sort((a, b) => a.localeCompare(b));
      if (tag && !tags.includes(tag)) tag = '';
      element.hidden = devices.length < kManyCards && !tags.length;
      if (shown === JSON.stringify([tags, tag])) return;
      shown = JSON.stringify([tags, tag]);
      const focused = chips.contains(document.activeElement) ? document.activeElement.textContent : null;
      replace(
        chips,
        tags.map((of) =>
          h(
            'button',
            { type: 'button', class: 'chip', 'aria-pressed': String(of === tag), onclick: () => toggle(of) },
            of,
          ),
        ),
      );
      if (focused) [...chips.children].find((chip) => chip.textContent === focused)?.focus();
    },
  };
}

// ---- the view

export default async function devices({ signal }) {
  const grid = h('ul', { class: 'cameras' });
  const count = h('p', { class: 'muted' });
  const problem = h('div', {});
  const area = h('div', {}, grid);
  const cards = new Map();
  let all = null,
    sorted = [];

  const search = tools(() => arrange());
  search.element.hidden = true;

  const inSight = new Set();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const of = cards.get(target.dataset.device);
        if (!of) continue;
        clearTimeout(of.soon);
        if (!isIntersecting) inSight.delete(of);
        // What only flies by needs no picture.
        else if (!inSight.has(of))
          of.soon = setTimeout(() => {
            inSight.add(of);
            of.picture.load(signal);
          }, 120);
      }
    },
    { rootMargin: '200px' },
  );

  function keep(device) {
    const known = cards.get(device.device);
    if (known) return known.update(device);
    const made = card(device);
    made.element.dataset.device = device.device;
    cards.set(device.device, made);
    watcher.observe(made.element);
    return undefined;
  }

  function drop(id) {
    const of = cards.get(id);
    watcher.unobserve(of.element);
    clearTimeout(of.soon);
    inSight.delete(of);
    of.picture.release();
    of.element.remove();
    cards.delete(id);
  }

  // Cards keep their places while they are looked at: a camera that falls silent doesn't jump away under the finger.
  function arrange() {
    const words = search.words(),
      tag = search.tag();
    search.offer(all);
    const known = new Map(all.map((device) => [device.device, device]));
    let before = null,
      seen = 0;
    for (const id of sorted) {
      const { element } = cards.get(id);
      const hidden = !found(known.get(id), words, tag);
      element.hidden = hidden;
      seen += !hidden;
      const at = before ? before.nextSibling : grid.firstChild;
      if (element !== at) grid.insertBefore(element, at);
      before = element;
    }
    const live = all.filter((d) => d.state === 'live').length;
    setText(
      count,
      seen === all.length
        ? t('cards.count', { count: all.length, live })
        : t('cards.found', { count: seen, all: all.length }),
    );
    if (all.length && !seen && !area.contains(nothing)) area.append(nothing);
    if (seen) nothing.remove();
  }
  const nothing = h('p', { class: 'empty', role: 'status' }, t('cards.nothing'));

  function take(list) {
    const first = all === null;
    all = list;
    const ids = new Set(list.map((d) => d.device));
    for (const id of [...cards.keys()]) if (!ids.has(id)) drop(id);
    list.forEach(keep);
    const known = new Set(sorted);
    if (first) sorted = [...list].sort(order).map((d) => d.device);
    else
      sorted = [
        ...sorted.filter((id) => ids.has(id)),
        ...list.filter((d) => !known.has(d.device)).map((d) => d.device),
      ];
    if (!list.length) return replace(area, empty());
    if (!area.contains(grid)) replace(area, grid);
    return arrange();
  }

  async function refresh() {
    try {
      take(await api.all('/api/v1/devices?limit=500', 'devices', { signal }));
      if (problem.firstChild) announce(t('cards.again'));
      replace(problem);
      await Promise.all([...inSight].map((of) => of.picture.load(signal)));
    } catch (error) {
      if (isAbort(error) || signal.aborted || error.status === 401) return;
      if (all === null) throw error;
      if (!problem.firstChild) replace(problem, notice('warn', t('cards.stale', { reason: explain(error) })));
    }
  }

  signal.addEventListener('abort', () => {
    watcher.disconnect();
    for (const of of cards.values()) of.picture.release();
  });

  const title = t('cards.title');
  const element = h(
    'div',
    { class: 'page' },
    h('div', { class: 'page-head' }, h('h1', {}, title), count),
    problem,
    search.element,
    area,
  );
  take(await api.all('/api/v1/devices?limit=500', 'devices', { signal }));
  setTimeout(() => repeat(refresh, kEvery, signal), signal.aborted ? 0 : kEvery);
  return { element, title };
}

function empty() {
  return emptyState(
    'camera',
    t('cards.empty.title'),
    t('cards.empty.text'),
    h('a', { class: 'button primary', href: href('/add') }, icon('add'), t('cards.empty.add')),
  );
}
