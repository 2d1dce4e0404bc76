// The files of a day and the holes between them, in the order of time.  Only the rows in sight are made: a day has 1,440.
import { h, icon, replace, setText } from '../dom.js';
import { bytes, duration, number, t } from '../i18n.js';
import { clock } from '../time.js';
import { mediaUrl } from '../api.js';
import { causeText, codecName } from './facts.js';
import './icons.js';

const kBeyond = 8;   // rows made above and below what is seen
const kQuiet = 5000; // for so long after somebody has scrolled the list does not follow the picture

// Events: go { wall }, remove { segment }, explain { gap }.
export class SegmentList extends EventTarget {
  constructor({ offset, mayDelete }) {
    super();
    Object.assign(this, { offset, mayDelete, rows: [], made: new Map(), spare: [], current: -1, active: 0, height: 0, facts: null, scrolled: -1e9 });
    this.canvas = h('div', { class: 'segments-canvas', role: 'presentation' });
    this.body = h('div', { class: 'segments-body', role: 'presentation' }, this.canvas);
    this.element = h('div', { class: 'segments', role: 'grid', 'aria-label': t('segments.label'), 'aria-readonly': 'true' }, this.body);
    this.empty = h('p', { class: 'segments-empty muted' });
    this.box = h('div', { class: 'segments-box' }, this.element, this.empty);
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    this.element.addEventListener('scroll', () => this.later(), { signal, passive: true });
    for (const name of ['wheel', 'touchmove', 'pointerdown', 'keydown'])
      this.element.addEventListener(name, () => { this.scrolled = performance.now(); }, { signal, passive: true });
    this.element.addEventListener('keydown', (event) => this.key(event), { signal });
    this.element.addEventListener('click', (event) => this.click(event), { signal });
    this.element.addEventListener('focusin', (event) => {
      const row = event.target.closest('[data-index]');
      if (row) this.activate(Number(row.dataset.index), { focus: false });
    }, { signal });
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(this.element);
  }

  destroy() {
    this.listeners.abort();
    this.sizes.disconnect();
  }

  setRows(rows, facts) {
    Object.assign(this, { rows, facts, current: -1 });
    this.active = Math.min(this.active, Math.max(0, rows.length - 1));
    this.element.setAttribute('aria-rowcount', String(rows.length));
    this.element.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
    setText(this.empty, facts.listed ? t('segments.none') : t('segments.loading'));
    this.drop();
    this.measure();
  }

  drop() {
    for (const row of this.made.values()) row.element.remove();
    this.made.clear();
    this.spare = [];
  }

  measure() {
    const height = parseFloat(getComputedStyle(this.element).getPropertyValue('--row')) || 48;
    this.height = height;
    this.canvas.style.height = `${this.rows.length * height}px`;
    this.later();
  }

  later() {
    this.painting ??= requestAnimationFrame(() => {
      this.painting = null;
      this.fill();
    });
  }

  // Rows that have left are used again for those that come.
  fill() {
    const { scrollTop, clientHeight } = this.element;
    if (!clientHeight) return;
    const first = Math.max(0, Math.floor(scrollTop / this.height) - kBeyond);
    const last = Math.min(this.rows.length - 1, Math.ceil((scrollTop + clientHeight) / this.height) + kBeyond);
    const focused = this.focused();
    for (const [index, row] of this.made) {
      // What has the focus keeps it.
      if ((index >= first && index <= last) || index === focused) continue;
      this.made.delete(index);
      this.spare.push(row);
    }
    for (let index = first; index <= last; index++) {
      if (this.made.has(index)) continue;
      const row = this.spare.pop() ?? this.make();
      this.made.set(index, row);
      this.write(row, index);
    }
    for (const row of this.spare) row.element.remove();
    this.spare.length = 0;
  }

  focused() {
    const row = document.activeElement?.closest?.('[data-index]');
    return row && this.element.contains(row) ? Number(row.dataset.index) : -1;
  }

  make() {
    const time = h('span', { class: 'segment-time numbers' });
    const length = h('span', { class: 'segment-length numbers' });
    const what = h('span', { class: 'segment-what' });
    const mark = h('span', { class: 'segment-pin' }, icon('pin'));
    const reason = h('span', { class: 'visually-hidden' });
    const play = h('button', { type: 'button', class: 'segment-go', tabindex: '-1', dataset: { act: 'go' } }, time, ' ', length, ' ', what, mark, reason);
    const download = h('a', { class: 'icon-button', tabindex: '-1', download: true }, icon('download'));
    const remove = h('button', { type: 'button', class: 'icon-button', tabindex: '-1', dataset: { act: 'remove' } }, icon('trash'));
    const why = h('button', { type: 'button', class: 'icon-button', tabindex: '-1', dataset: { act: 'explain' } }, icon('help'));
    const element = h('div', { class: 'segment', role: 'row' }, h('div', { role: 'gridcell', class: 'segment-cell' }, play),
      h('div', { role: 'gridcell', class: 'segment-actions' }, download, remove, why));
    return { element, time, length, what, mark, reason, play, download, remove, why };
  }

  write(row, index) {
    const of = this.rows[index];
    const { element } = row;
    const from = clock(of.from, this.offset);
    const isGap = of.kind === 'gap';
    element.dataset.index = String(index);
    element.className = `segment ${of.kind}${index === this.current ? ' now' : ''}`;
    element.style.transform = `translateY(${index * this.height}px)`;
    element.setAttribute('aria-rowindex', String(index + 1));
    setText(row.time, from);
    setText(row.length, duration(of.to - of.from));
    const pin = !isGap && this.facts.pinned(of);
    row.mark.hidden = !pin;
    row.mark.title = pin ? t('segments.pinned', { reason: pin.reason }) : '';
    // What the icon and the pattern say to those who see.
    setText(row.reason, isGap ? t('watch.no_preview') : row.mark.title);
    setText(row.what, isGap ? causeText(of.cause) : this.describe(of));
    element.style.setProperty('--cause', isGap ? `var(--cause-${of.cause})` : 'transparent');
    row.play.tabIndex = index === this.active ? 0 : -1;
    row.download.hidden = isGap;
    row.remove.hidden = isGap || !this.mayDelete;
    row.why.hidden = !isGap;
    const name = { time: from };
    if (isGap) this.name(row.why, t('segments.why', name));
    else {
      row.download.href = mediaUrl(`${of.url}?download=1`);
      this.name(row.download, t('segments.download', name));
      this.name(row.remove, t('segments.delete', name));
    }
    if (!element.isConnected) this.canvas.append(element);
  }

  name(control, text) {
    control.setAttribute('aria-label', text);
    control.title = text;
  }

  describe(s) {
    const turned = s.rotation === 90 || s.rotation === 270;
    const size = s.width ? `${turned ? s.height : s.width}×${turned ? s.width : s.height}` : '';
    const fps = s.fps ? t('segments.fps', { fps: number(s.fps, { maximumFractionDigits: 1 }) }) : '';
    return [bytes(s.bytes), [codecName(s.video), size, fps].filter(Boolean).join(' '), codecName(s.audio)].filter(Boolean).join(' · ');
  }

  // ---- the row that is shown

  setWall(wall) {
    if (wall >= this.currentFrom && wall < this.currentTo && this.current >= 0) return;
    let low = 0, high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle].from <= wall) low = middle + 1;
      else high = middle;
    }
    const index = low - 1;
    const row = this.rows[index];
    this.currentFrom = row?.from ?? -Infinity;
    this.currentTo = this.rows[index + 1]?.from ?? row?.to ?? Infinity;
    if (index === this.current) return;
    this.made.get(this.current)?.element.classList.remove('now');
    this.current = index;
    this.made.get(index)?.element.classList.add('now');
    if (index >= 0 && performance.now() - this.scrolled > kQuiet && !this.element.matches(':focus-within')) this.reveal(index, true);
  }

  reveal(index, middle = false) {
    const { clientHeight, scrollTop } = this.element;
    const top = index * this.height;
    if (top >= scrollTop && top + this.height <= scrollTop + clientHeight) return;
    this.element.scrollTop = middle ? top - clientHeight / 3 : top < scrollTop ? top : top + this.height - clientHeight;
  }

  // ---- by hand

  activate(index, { focus = true } = {}) {
    const before = this.made.get(this.active);
    if (before) before.play.tabIndex = -1;
    this.active = Math.min(this.rows.length - 1, Math.max(0, index));
    this.reveal(this.active);
    this.fill();
    const row = this.made.get(this.active);
    if (!row) return;
    row.play.tabIndex = 0;
    if (focus) row.play.focus({ preventScroll: true });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
    const to = { ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page, PageUp: this.active - page, Home: 0, End: this.rows.length - 1 }[event.key];
    if (to !== undefined) this.activate(to);
    else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') this.sideways(event.key === 'ArrowRight' ? 1 : -1);
    else if (event.key === 'Delete' && this.mayDelete && this.rows[this.active]?.kind === 'segment') this.tell('remove', { segment: this.rows[this.active] });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  sideways(by) {
    const row = this.made.get(this.active);
    if (!row) return;
    const controls = [row.play, row.download, row.remove, row.why].filter((c) => !c.hidden);
    const at = controls.indexOf(document.activeElement);
    controls[Math.min(controls.length - 1, Math.max(0, at + by))]?.focus();
  }

  click(event) {
    const control = event.target.closest('[data-act]');
    const row = control && this.rows[Number(control.closest('[data-index]').dataset.index)];
    if (!row) return;
    if (control.dataset.act === 'go') this.tell('go', { wall: row.from, row });
    else if (control.dataset.act === 'remove') this.tell('remove', { segment: row });
    else this.tell('explain', { gap: row });
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
