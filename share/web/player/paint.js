// What a time bar shows, on a canvas: hours, what is recorded, why something is missing, events, pins.
export const causes = ['offline', 'stalled', 'bad_data', 'unsupported', 'disk', 'lost', 'deleted', 'missing', 'unknown'];
export const eventKinds = ['shock', 'motion', 'sos', 'parking', 'mark'];

const kSteps = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10_800, 21_600].map((s) => s * 1000);
const kLabelRoom = 64;

// Every cause has a pattern of its own: colour alone would not do.  On a tile of 8 × 8.
const patterns = {
  offline: (c) => line(c, [[0, 8, 8, 0], [-2, 2, 2, -2], [6, 10, 10, 6]]),
  stalled: (c) => dots(c, [[2, 2], [6, 6]], 1.2),
  bad_data: (c) => line(c, [[0, 8, 8, 0], [0, 0, 8, 8], [-2, 2, 2, -2], [6, 10, 10, 6]]),
  unsupported: (c) => line(c, [[2, 0, 2, 8], [6, 0, 6, 8]]),
  disk: (c) => line(c, [[0, 2, 8, 2], [0, 6, 8, 6]]),
  lost: (c) => line(c, [[0, 0, 8, 8], [-2, 6, 2, 10], [6, -2, 10, 2]]),
  deleted: (c) => line(c, [[2, 2, 6, 6], [6, 2, 2, 6]]),
  missing: (c) => { c.fillRect(0, 0, 4, 4); c.fillRect(4, 4, 4, 4); },
  unknown: (c) => dots(c, [[4, 4]], 1),
};

function line(c, strokes) {
  c.beginPath();
  for (const [x1, y1, x2, y2] of strokes) { c.moveTo(x1, y1); c.lineTo(x2, y2); }
  c.stroke();
}
function dots(c, points, radius) {
  for (const [x, y] of points) { c.beginPath(); c.arc(x, y, radius, 0, 7); c.fill(); }
}

function tile(cause, colour, back, ratio) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 8 * ratio;
  const c = canvas.getContext('2d');
  c.scale(ratio, ratio);
  c.fillStyle = back;
  c.fillRect(0, 0, 8, 8);
  c.fillStyle = c.strokeStyle = colour;
  c.lineWidth = 1.4;
  patterns[cause](c);
  return canvas;
}

// The colours of the page's scheme, and patterns made of them.
export function palette(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(name).trim();
  const ratio = Math.max(1, Math.round(devicePixelRatio));
  const colours = {
    covered: of('--covered'), uncovered: of('--uncovered'), surface: of('--surface'), sunken: of('--sunken'), text: of('--text'),
    soft: of('--text-2'), line: of('--line'), strong: of('--line-strong'), accent: of('--accent'), warn: of('--warn'), font: of('--font') || 'sans-serif',
  };
  const tiles = Object.fromEntries(causes.map((cause) => [cause, tile(cause, of(`--cause-${cause}`), of('--surface'), ratio)]));
  const edges = Object.fromEntries(causes.map((cause) => [cause, of(`--cause-${cause}`)]));
  const events = Object.fromEntries(eventKinds.map((kind) => [kind, of(`--event-${kind}`)]));
  return { ...colours, tiles, edges, events, ratio };
}

// A patch that shows how a cause is drawn.
export function swatch(cause, colours) {
  const canvas = document.createElement('canvas');
  const { ratio } = colours;
  canvas.className = 'swatch';
  canvas.width = 24 * ratio;
  canvas.height = 16 * ratio;
  const c = canvas.getContext('2d');
  c.fillStyle = cause === 'covered' ? colours.covered : cause === 'kept' ? colours.warn : c.createPattern(colours.tiles[cause], 'repeat');
  c.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

// An event's shape, its point at the bottom; each kind has its own.
function shape(c, kind, x, y, size) {
  const h = size / 2;
  c.beginPath();
  if (kind === 'shock') { c.moveTo(x - h, y); c.lineTo(x + h, y); c.lineTo(x, y + size); c.closePath(); }
  else if (kind === 'motion') c.arc(x, y + h, h, 0, 7);
  else if (kind === 'sos') c.rect(x - h, y, size, size);
  else if (kind === 'parking') { c.moveTo(x - h, y + size); c.lineTo(x + h, y + size); c.lineTo(x, y); c.closePath(); }
  else { c.moveTo(x, y); c.lineTo(x + h, y + h); c.lineTo(x, y + size); c.lineTo(x - h, y + h); c.closePath(); }
}

export function eventSwatch(kind, colours) {
  const canvas = document.createElement('canvas');
  const { ratio } = colours;
  canvas.className = 'swatch round';
  canvas.width = canvas.height = 16 * ratio;
  const c = canvas.getContext('2d');
  c.scale(ratio, ratio);
  c.fillStyle = colours.events[kind] ?? colours.accent;
  shape(c, kind, 8, 3, 10);
  c.fill();
  return canvas;
}

// How far apart the lines are, in ms, where a pixel is that many ms.
export const stepFor = (msPerPixel) => kSteps.find((step) => step / msPerPixel >= kLabelRoom) ?? kSteps.at(-1);

// view: { from, to, offset, width, height, ruler, rowHeight, rowGap, rows, now, mark }.  rows: [{ spans: [{from, to}], gaps: [{from,
// to, cause}], events: [{at, kind}], pins: [{from, to}], cuts: [instant] }], all by time.
export function paint(c, view, colours) {
  const { width, height } = view;
  const perMs = width / (view.to - view.from);
  const x = (ms) => (ms - view.from) * perMs;
  c.setTransform(colours.ratio, 0, 0, colours.ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  ruler(c, view, colours, x);
  view.rows.forEach((row, i) => paintRow(c, view, row, view.ruler + i * (view.rowHeight + view.rowGap), colours, x));
  if (view.mark) paintMark(c, view, colours, x);
  if (view.now && view.now > view.from && view.now < view.to) {
    c.fillStyle = colours.strong;
    c.fillRect(Math.round(x(view.now)), view.ruler - 4, 1, height);
  }
}

function ruler(c, view, colours, x) {
  const step = stepFor((view.to - view.from) / view.width);
  const first = Math.ceil((view.from + view.offset) / step) * step - view.offset;
  c.font = `12px ${colours.font}`;
  c.textBaseline = 'middle';
  c.textAlign = 'center';
  for (let at = first; at <= view.to; at += step) {
    const left = Math.round(x(at));
    c.fillStyle = colours.strong;
    c.fillRect(left, view.ruler - 5, 1, 5);
    const text = new Date(at + view.offset).toISOString().slice(11, step < 60_000 ? 19 : 16);
    const half = c.measureText(text).width / 2;
    const shown = at + view.offset > 0 && at === view.dayEnd ? '24:00' : text;
    c.fillStyle = colours.soft;
    c.fillText(shown, Math.min(view.width - half, Math.max(half, left)), view.ruler / 2 - 2);
  }
}

function span(c, view, x, top, height, from, to, least = 0) {
  if (to <= view.from || from >= view.to) return;
  const left = Math.max(0, x(from)), right = Math.min(view.width, x(to));
  c.fillRect(left, top, Math.max(least, right - left), height);
}

function paintRow(c, view, row, top, colours, x) {
  const { rowHeight: height } = view;
  c.fillStyle = colours.uncovered;
  c.fillRect(0, top, view.width, height);
  c.fillStyle = colours.covered;
  for (const s of row.spans) span(c, view, x, top, height, s.from, s.to, 1);
  for (const gap of row.gaps) {
    c.save();
    // A pattern that stays where it is when the bar is moved would swim.
    const pattern = c.createPattern(colours.tiles[gap.cause] ?? colours.tiles.unknown, 'repeat');
    pattern.setTransform(new DOMMatrix([1 / colours.ratio, 0, 0, 1 / colours.ratio, x(gap.from) % 8, top]));
    c.fillStyle = pattern;
    span(c, view, x, top, height, gap.from, gap.to, 2);
    c.fillStyle = colours.edges[gap.cause] ?? colours.soft;
    span(c, view, x, top + height - 3, 3, gap.from, gap.to, 2);
    c.restore();
  }
  // What is recorded is seen, however short it is in a whole day.
  c.fillStyle = colours.covered;
  for (const s of row.spans) if (x(s.to) - x(s.from) < 2) span(c, view, x, top, height, s.from, s.to, 2);
  cuts(c, view, row, top, colours, x);
  c.fillStyle = colours.warn;
  for (const pin of row.pins ?? []) span(c, view, x, top, 4, pin.from, pin.to, 3);
  for (const event of row.events ?? []) {
    if (event.at < view.from || event.at > view.to) continue;
    c.beginPath();
    c.arc(x(event.at), top + 11, 9, 0, 7);
    c.fillStyle = colours.surface;
    c.fill();
    shape(c, event.kind, x(event.at), top + 5.5, 11);
    c.fillStyle = colours.events[event.kind] ?? colours.accent;
    c.fill();
  }
}

// Where one file ends and the next begins, once there is room for it.
function cuts(c, view, row, top, colours, x) {
  if (!row.cuts?.length || 60_000 * (view.width / (view.to - view.from)) < 14) return;
  c.fillStyle = colours.surface;
  for (const at of row.cuts) {
    if (at > view.from && at < view.to) c.fillRect(Math.round(x(at)), top + view.rowHeight - 8, 1, 8);
  }
}

function paintMark(c, view, colours, x) {
  const { from, to } = view.mark;
  const left = from === null ? 0 : x(from), right = to === null ? view.width : x(to);
  const top = view.ruler - 6, height = view.height - top;
  c.fillStyle = colours.accent;
  c.globalAlpha = 0.25;
  c.fillRect(left, top, right - left, height);
  c.globalAlpha = 1;
  // Inside, where there is room for both.
  const inside = right - left > 30 ? 1 : -1;
  for (const [at, letter, side] of [[from, 'A', inside], [to, 'B', -inside]]) {
    if (at === null || at < view.from - 1 || at > view.to + 1) continue;
    const edge = Math.round(x(at));
    c.fillStyle = colours.accent;
    c.fillRect(edge - 1, top, 2, height);
    c.fillRect(side > 0 ? edge : edge - 14, top, 14, 14);
    c.fillStyle = colours.surface;
    c.font = `bold 11px ${colours.font}`;
    c.textAlign = 'center';
    c.fillText(letter, edge + 7 * side, top + 7.5);
  }
}
