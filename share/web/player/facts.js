// What is known of a camera's day: files, holes with their causes, events, pins.
import { api, part } from '../api.js';
import { has, t } from '../i18n.js';
import { clock, kDay, parseOffset, startOf } from '../time.js';
import { kSmallestGap } from './timeline.js';

const span = ({ start, duration_ms: length }) => ({ from: Date.parse(start), to: Date.parse(start) + length });

export const causeText = (cause) => (has(`cause.${cause}`) ? t(`cause.${cause}`) : cause);
export const kindText = (kind) => (has(`event.${kind}`) ? t(`event.${kind}`) : kind);

const codecNames = { h264: 'H.264', h265: 'H.265', hevc: 'H.265', aac: 'AAC', mp2: 'MP2', mp3: 'MP3', ac3: 'AC-3', eac3: 'E-AC-3', opus: 'Opus' };
export const codecName = (name) => codecNames[name] ?? name ?? '';

export class Facts {
  constructor(device, day) {
    Object.assign(this, { device, day, path: `/api/v1/devices/${part(device)}`, offset: 0, from: 0, to: 0, now: 0 });
    Object.assign(this, { spans: [], gaps: [], events: [], pins: [], segments: [], summary: null, listed: false });
  }

  // All but the files; those take longer and may come later.
  async load(options) {
    const range = `range=${this.day}`;
    const get = (path) => api.get(`${this.path}${path}`, options);
    const [days, coverage, gaps, events, pins] = await Promise.all([
      get(`/days?${range}`), api.all(`${this.path}/coverage?${range}&limit=10000`, 'spans', options), api.all(`${this.path}/gaps?${range}&limit=10000`, 'gaps', options),
      api.all(`${this.path}/events?${range}&limit=1000`, 'events', options), get(`/pins?${range}`),
    ]);
    this.offset = parseOffset(days.utc_offset) ?? 0;
    this.from = startOf(this.day, this.offset);
    this.to = this.from + kDay;
    this.summary = days.days[0] ?? null;
    this.spans = coverage.map(span);
    this.gaps = gaps.map((gap) => ({ ...span(gap), cause: gap.cause, detail: gap.detail ?? '' }));
    this.events = events.map((e) => ({ at: Date.parse(e.time), kind: e.kind, note: e.note ?? '', value: e.value, source: e.source }));
    this.pins = pins.pins.map((p) => ({ from: Date.parse(p.from), to: Date.parse(p.to), reason: p.reason ?? '', who: p.who, until: p.until && Date.parse(p.until) }));
    return this;
  }

  async loadSegments(options) {
    const all = await api.all(`${this.path}/segments?range=${this.day}&limit=1000`, 'segments', options);
    this.segments = all.map((s) => ({ ...s, ...span(s) }));
    this.listed = true;
    return this;
  }

  get isToday() {
    return Date.now() >= this.from && Date.now() < this.to;
  }
  get first() {
    return this.spans[0]?.from ?? null;
  }
  get last() {
    return this.spans.at(-1)?.to ?? null;
  }

  gapAt(wall) {
    return this.gaps.find((gap) => wall >= gap.from && wall < gap.to) ?? null;
  }
  segmentAt(wall) {
    return this.segments.find((s) => wall >= s.from && wall < s.to) ?? null;
  }
  pinned({ from, to }) {
    return this.pins.find((pin) => pin.from < to && pin.to > from) ?? null;
  }

  // Why there is nothing between these instants, in words; what explains most of it.
  why(from, to) {
    let best = null, length = 0;
    for (const gap of this.gaps) {
      const common = Math.min(gap.to, to) - Math.max(gap.from, from);
      if (common > length) [best, length] = [gap, common];
    }
    return causeText(best?.cause ?? 'unknown');
  }

  gapText({ from, to }) {
    return t('watch.gap', { from: clock(from, this.offset), to: clock(to, this.offset), cause: this.why(from, to) });
  }

  // About how much a download of that stretch weighs, in bytes.
  weight(from, to) {
    let sum = 0;
    for (const s of this.segments) {
      const common = Math.min(s.to, to) - Math.max(s.from, from);
      if (common > 0) sum += (s.bytes * common) / Math.max(1, s.to - s.from);
    }
    return Math.round(sum);
  }
  covered(from, to) {
    return this.spans.reduce((sum, s) => sum + Math.max(0, Math.min(s.to, to) - Math.max(s.from, from)), 0);
  }

  // A row of the time bar.
  row() {
    return { spans: this.spans, gaps: this.gaps, events: this.events, pins: this.pins, cuts: this.segments.map((s) => s.from) };
  }

  // Files and the holes between them, by time: { kind: 'segment' | 'gap', from, to, … }
  rows() {
    const gaps = this.gaps.filter((gap) => gap.to - gap.from > kSmallestGap).map((gap) => ({ kind: 'gap', ...gap }));
    const files = this.segments.map((s) => ({ kind: 'segment', ...s }));
    return [...files, ...gaps].sort((a, b) => a.from - b.from);
  }
}
