// What the views are put together from.
import { h, icon, svg } from './dom.js';

export * from './buttons.js';
export * from './dialogs.js';
export * from './forms.js';
export * from './messages.js';

// A part of a page with a heading of its own.
export const panel = (title, about, ...children) =>
  h(
    'section',
    { class: 'panel', 'aria-label': title },
    h('h2', {}, title),
    about && h('p', { class: 'muted' }, about),
    children,
  );

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
