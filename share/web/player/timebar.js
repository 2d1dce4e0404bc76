// The bar under the picture: a stretch of time with a row for each camera, the playhead, and a range A–B that can be
// marked.  By mouse: click goes there, dragging marks, wheel zooms; by touch: tap, drag, pinch, long press and drag marks;
// by keys: it is a slider.
import { h, icon, replace, setText } from '../dom.js';
import { t } from '../i18n.js';
import { clock } from '../time.js';
import { paint, palette, stepFor, swatch, eventSwatch, causes, eventKinds } from './paint.js';
import { Hand, kRuler, kShortest } from './hand.js';
import './icons.js';


// Events: seek { wall, done: false while it is being dragged }, mark { from, to }, hover { wall, x, row } or null.
export class TimeBar extends EventTarget {
  constructor({ from, to, offset, label, names = [] }) {
    super();
    Object.assign(this, { first: from, last: to, from, to, offset, rows: [], mark: null, wall: null, now: null });
    this.build(label, names);
    this.colours = null;
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    this.sizes = new ResizeObserver(() => this.repaint());
    this.sizes.observe(this.box);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { this.colours = null; this.repaint(); this.showLegend(); }, { signal });
    this.hand = new Hand(this, signal);
    this.slider.addEventListener('keydown', (event) => this.key(event), { signal });
  }

  build(label, names) {
    this.canvas = h('canvas', { 'aria-hidden': 'true' });
    this.head = h('div', { class: 'playhead', 'aria-hidden': 'true', hidden: true });
    this.hoverLine = h('div', { class: 'hover-line', 'aria-hidden': 'true', hidden: true });
    this.slider = h('div', {
      class: 'timebar-slider', role: 'slider', tabindex: '0', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': String(Math.round((this.last - this.first) / 1000)),
      'aria-valuenow': '0', 'aria-valuetext': '',
    });
    this.box = h('div', { class: 'timebar-box' }, this.canvas, this.hoverLine, this.head, this.slider);
    const tool = (shape, key, act) => h('button', { type: 'button', class: 'icon-button', 'aria-label': t(key), title: t(key), onclick: act }, icon(shape));
    this.zoomOut = tool('zoomOut', 'watch.zoom_out', () => this.zoom(2));
    this.zoomIn = tool('zoomIn', 'watch.zoom_in', () => this.zoom(0.5));
    this.all = tool('whole', 'watch.zoom_all', () => this.show(this.first, this.last));
    this.range = h('span', { class: 'muted numbers small-text timebar-range' });
    this.legend = h('ul', { class: 'legend', 'aria-label': t('watch.legend') });
    this.names = h('div', { class: 'timebar-names', 'aria-hidden': 'true', hidden: names.length < 2 }, names.map((name) => h('span', {}, name)));
    this.element = h('div', { class: 'timebar' }, h('div', { class: 'timebar-body' }, this.names, this.box),
      h('div', { class: 'timebar-foot' }, this.legend, this.range, h('div', { class: 'timebar-tools' }, this.zoomOut, this.zoomIn, this.all)));
  }

  destroy() {
    this.listeners.abort();
    this.sizes.disconnect();
  }

  setRows(rows, { now = null } = {}) {
    this.rows = rows;
    this.now = now;
    this.box.style.setProperty('--rows', String(rows.length));
    this.repaint();
    this.showLegend();
  }
  setMark(mark) {
    this.mark = mark;
    this.repaint();
  }
  setWall(wall) {
    this.wall = wall;
    this.place();
    this.follow();
    const second = Math.round((wall - this.first) / 1000);
    if (second === this.second) return;
    this.second = second;
    this.slider.setAttribute('aria-valuenow', String(second));
    this.slider.setAttribute('aria-valuetext', this.describe?.(wall) ?? clock(wall, this.offset));
  }

  // ---- what is seen

  get width() {
    return this.box.clientWidth || 1;
  }
  x(wall) {
    return ((wall - this.from) / (this.to - this.from)) * this.width;
  }
  at(x) {
    return this.from + (Math.min(this.width, Math.max(0, x)) / this.width) * (this.to - this.from);
  }

  show(from, to) {
    const whole = this.last - this.first;
    const length = Math.min(whole, Math.max(kShortest, to - from));
    from = Math.min(this.last - length, Math.max(this.first, from));
    Object.assign(this, { from, to: from + length });
    this.repaint();
  }
  // factor below 1: closer.  about: what stays where it is.
  zoom(factor, about) {
    const seen = this.wall !== null && this.wall >= this.from && this.wall <= this.to;
    const centre = about ?? (seen ? this.wall : (this.from + this.to) / 2);
    this.show(centre - (centre - this.from) * factor, centre + (this.to - centre) * factor);
  }
  pan(ms) {
    this.touched = performance.now();
    this.show(this.from + ms, this.to + ms);
  }
  get zoomed() {
    return this.to - this.from < this.last - this.first;
  }

  // What is playing stays in sight, unless somebody has just looked elsewhere.
  follow() {
    if (!this.zoomed || this.hand.dragging || performance.now() - (this.touched ?? -1e9) < 8000) return;
    const length = this.to - this.from;
    if (this.wall < this.from || this.wall > this.to - length * 0.02) this.show(this.wall - length * 0.2, this.wall + length * 0.8);
  }

  place() {
    const inside = this.wall !== null && this.wall >= this.from && this.wall <= this.to;
    this.head.hidden = !inside;
    if (inside) this.head.style.transform = `translateX(${this.x(this.wall)}px)`;
  }

  repaint() {
    if (this.painting) return;
    this.painting = requestAnimationFrame(() => {
      this.painting = null;
      this.paintNow();
    });
  }
  paintNow() {
    if (!this.box.isConnected) return;
    this.colours ??= palette(this.element);
    const { clientWidth: width, clientHeight: height } = this.box;
    const { ratio } = this.colours;
    const { canvas } = this;
    if (canvas.width !== width * ratio || canvas.height !== height * ratio) {
      canvas.width = width * ratio;
      canvas.height = height * ratio;
    }
    const rowGap = 4;
    const rowHeight = (height - kRuler - rowGap * Math.max(0, this.rows.length - 1)) / Math.max(1, this.rows.length);
    paint(canvas.getContext('2d'), {
      from: this.from, to: this.to, offset: this.offset, width, height, ruler: kRuler, rowHeight, rowGap, rows: this.rows, now: this.now, mark: this.mark, dayEnd: this.last,
    }, this.colours);
    this.place();
    const step = stepFor((this.to - this.from) / width);
    const seconds = step < 60_000;
    setText(this.range, this.zoomed ? `${clock(this.from, this.offset, { seconds })} – ${clock(this.to, this.offset, { seconds })}` : '');
    for (const [tool, useless] of [[this.zoomOut, !this.zoomed], [this.all, !this.zoomed], [this.zoomIn, this.to - this.from <= kShortest]])
      tool.setAttribute('aria-disabled', String(useless));
  }

  // What there is on the bar, and only that.
  showLegend() {
    const found = new Set(this.rows.flatMap((row) => row.gaps.map((gap) => gap.cause)));
    const kinds = new Set(this.rows.flatMap((row) => (row.events ?? []).map((e) => (eventKinds.includes(e.kind) ? e.kind : 'mark'))));
    const kept = this.rows.some((row) => row.pins?.length);
    const key = [...found, '|', ...kinds, kept].join() + matchMedia('(prefers-color-scheme: dark)').matches;
    if (key === this.legendKey || !this.element.isConnected) return this.legendLater();
    this.legendKey = key;
    this.colours ??= palette(this.element);
    return replace(this.legend, h('li', {}, swatch('covered', this.colours), t('watch.recorded')),
      causes.filter((cause) => found.has(cause)).map((cause) => h('li', {}, swatch(cause, this.colours), t(`cause.${cause}`))),
      kept && h('li', {}, swatch('kept', this.colours), t('watch.kept')),
      eventKinds.filter((kind) => kinds.has(kind)).map((kind) => h('li', {}, eventSwatch(kind, this.colours), t(`event.${kind}`))));
  }
  legendLater() {
    if (!this.element.isConnected) requestAnimationFrame(() => { if (!this.listeners.signal.aborted) this.showLegend(); });
  }

  // ---- what is done

  seek(wall, done) {
    this.setWall(wall);
    this.dispatchEvent(new CustomEvent('seek', { detail: { wall, done } }));
  }
  setRange(from, to) {
    this.setMark({ from, to });
    this.dispatchEvent(new CustomEvent('mark', { detail: this.mark }));
  }

  hover(point) {
    this.hoverLine.hidden = !point;
    if (point) this.hoverLine.style.transform = `translateX(${Math.min(this.width, Math.max(0, point.x))}px)`;
    const rows = Math.max(1, this.rows.length);
    const row = point ? Math.min(rows - 1, Math.max(0, Math.floor(((point.y - kRuler) / (this.box.clientHeight - kRuler)) * rows))) : 0;
    this.dispatchEvent(new CustomEvent('hover', { detail: point && { wall: this.at(point.x), x: point.x, row } }));
  }

  key(event) {
    this.box.classList.remove('by-pointer');
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowLeft: -5000, ArrowDown: -5000, ArrowRight: 5000, ArrowUp: 5000, PageDown: -600_000, PageUp: 600_000 }[event.key];
    if (by) this.seek(Math.min(this.last, Math.max(this.first, (this.wall ?? this.first) + by * (event.shiftKey ? 12 : 1))), true);
    else if (event.key === 'Home') this.seek(this.first, true);
    else if (event.key === 'End') this.seek(this.last - 1000, true);
    else if (event.key === '+' || event.key === '=') this.zoom(0.5);
    else if (event.key === '-') this.zoom(2);
    else if (event.key === '0') this.show(this.first, this.last);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
