// What fingers and the mouse do on a time bar.
export const kRuler = 26;  // pixels above the rows, for the hours
export const kShortest = 30_000;
const kMoved = 4, kMovedTouch = 9, kNear = 7, kNearTouch = 20;
const kLongPress = 420;

export class Hand {
  constructor(bar, signal) {
    Object.assign(this, { bar, pointers: new Map(), dragging: null, pressTimer: null });
    this.listen(signal);
    signal.addEventListener('abort', () => clearTimeout(this.pressTimer));
  }

  listen(signal) {
    const { box } = this.bar;
    const on = (name, act, options) => box.addEventListener(name, act, { signal, ...options });
    on('pointerdown', (event) => this.down(event));
    on('pointermove', (event) => this.move(event));
    on('pointerup', (event) => this.up(event));
    on('pointercancel', (event) => this.up(event, true));
    on('pointerleave', () => this.bar.hover(null));
    on('dblclick', (event) => { event.preventDefault(); this.bar.zoom(0.25, this.bar.at(event.offsetX)); });
    on('contextmenu', (event) => { if (this.dragging) event.preventDefault(); });
    on('wheel', (event) => this.wheel(event), { passive: false });
  }

  local(event) {
    const rect = this.bar.box.getBoundingClientRect();
    return { x: event.clientX - rect.left, y: event.clientY - rect.top };
  }

  wheel(event) {
    const { x } = this.local(event);
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      if (!this.bar.zoomed) return;
      event.preventDefault();
      return this.bar.pan((sideways / this.bar.width) * (this.bar.to - this.bar.from));
    }
    // There is nothing wider than all of it: the page may scroll.
    if (event.deltaY > 0 && !this.bar.zoomed) return undefined;
    event.preventDefault();
    this.bar.touched = performance.now();
    return this.bar.zoom(Math.exp(Math.max(-200, Math.min(200, event.deltaY)) * 0.003), this.bar.at(x));
  }

  // What is taken hold of there: the playhead, an end of the range, the ruler, or nothing in particular.
  grip({ x, y }, near) {
    if (this.bar.mark?.from != null && Math.abs(this.bar.x(this.bar.mark.from) - x) < near) return 'from';
    if (this.bar.mark?.to != null && Math.abs(this.bar.x(this.bar.mark.to) - x) < near) return 'to';
    if (this.bar.wall !== null && Math.abs(this.bar.x(this.bar.wall) - x) < near) return 'head';
    return y < kRuler ? 'ruler' : 'row';
  }

  down(event) {
    if (event.button !== 0) return;
    const point = this.local(event);
    this.pointers.set(event.pointerId, point);
    this.bar.box.setPointerCapture(event.pointerId);
    this.bar.box.classList.add('by-pointer');
    this.bar.slider.focus({ preventScroll: true });
    clearTimeout(this.pressTimer);
    if (this.pointers.size === 2) return this.beginPinch();
    const touch = event.pointerType !== 'mouse';
    this.dragging = { kind: 'click', touch, grip: this.grip(point, touch ? kNearTouch : kNear), start: point, from: this.bar.from, at: this.bar.at(point.x) };
    if (touch) this.pressTimer = setTimeout(() => this.press(), kLongPress);
    return undefined;
  }

  press() {
    if (this.dragging?.kind !== 'click') return;
    navigator.vibrate?.(15);
    this.dragging.kind = 'mark';
    this.dragTo(this.dragging.start);
  }

  beginPinch() {
    const [a, b] = [...this.pointers.values()];
    this.dragging = { kind: 'pinch', apart: Math.max(20, Math.abs(a.x - b.x)), middle: this.bar.at((a.x + b.x) / 2), length: this.bar.to - this.bar.from };
  }

  move(event) {
    const point = this.local(event);
    const { dragging } = this;
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, point);
    if (!dragging) return event.pointerType === 'mouse' ? this.bar.hover(point) : undefined;
    if (!this.pointers.has(event.pointerId)) return undefined;
    if (dragging.kind === 'pinch') return this.pinch();
    if (dragging.kind === 'click') {
      if (Math.hypot(point.x - dragging.start.x, point.y - dragging.start.y) < (dragging.touch ? kMovedTouch : kMoved)) return undefined;
      clearTimeout(this.pressTimer);
      dragging.kind = this.kindOf(dragging);
    }
    this.dragTo(point);
    return this.bar.hover(dragging.kind === 'pan' ? null : point);
  }

  kindOf({ grip, touch }) {
    if (grip === 'from' || grip === 'to' || grip === 'head') return grip;
    if (grip === 'ruler') return this.bar.zoomed ? 'pan' : 'head';
    if (touch) return this.bar.zoomed ? 'pan' : 'head';
    return 'mark';
  }

  dragTo(point) {
    const { dragging } = this;
    const at = this.bar.at(point.x);
    if (dragging.kind === 'head') this.bar.seek(at, false);
    else if (dragging.kind === 'pan') {
      this.bar.touched = performance.now();
      const by = ((dragging.start.x - point.x) / this.bar.width) * (this.bar.to - this.bar.from);
      this.bar.show(dragging.from + by, dragging.from + by + this.bar.to - this.bar.from);
    } else if (dragging.kind === 'mark') this.bar.setRange(Math.min(at, dragging.at), Math.max(at, dragging.at));
    else if (dragging.kind === 'from' || dragging.kind === 'to') this.dragEnd(at);
  }

  // One end past the other takes its part.
  dragEnd(at) {
    const other = this.dragging.kind === 'from' ? this.bar.mark.to : this.bar.mark.from;
    if (other === null) return this.bar.setRange(...(this.dragging.kind === 'from' ? [at, null] : [null, at]));
    this.bar.setRange(Math.min(at, other), Math.max(at, other));
    this.dragging.kind = at <= other ? 'from' : 'to';
    return undefined;
  }

  pinch() {
    if (this.pointers.size < 2) return;
    const [a, b] = [...this.pointers.values()];
    const { apart, middle, length } = this.dragging;
    this.bar.touched = performance.now();
    const now = Math.min(this.bar.last - this.bar.first, Math.max(kShortest, (length * apart) / Math.max(20, Math.abs(a.x - b.x))));
    const from = middle - ((a.x + b.x) / 2 / this.bar.width) * now;
    this.bar.show(from, from + now);
  }

  up(event, cancelled = false) {
    if (!this.pointers.delete(event.pointerId)) return;
    clearTimeout(this.pressTimer);
    const { dragging } = this;
    if (dragging?.kind === 'pinch' && this.pointers.size) return;
    this.dragging = null;
    if (!dragging || cancelled) return;
    if (dragging.kind === 'click') this.bar.seek(dragging.at, true);
    else if (dragging.kind === 'head') this.bar.seek(this.bar.at(this.local(event).x), true);
  }
}
