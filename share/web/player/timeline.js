// Where wall-clock time lies on a player's time line.  A playlist leaves out what was not recorded: on the player's time
// line its files follow each other without holes, and only EXT-X-PROGRAM-DATE-TIME tells when they were.

// Holes up to this are rounding, as everywhere in cbx.
export const kSmallestGap = 500;

// fragments: by time, as hls.js has them: { start, duration } in seconds of the player, programDateTime in ms since 1970.
// They are read where they are: hls.js corrects `start` while it loads them.
// open: more is being added (live), so that its last one has no end.
export class Timeline {
  constructor(fragments, { open = false } = {}) {
    Object.assign(this, { fragments, open });
  }

  get from() {
    return this.fragments[0]?.programDateTime ?? null;
  }
  get to() {
    return this.fragments.length ? this.endOf(this.fragments.length - 1) : null;
  }
  // In seconds of the player.
  get end() {
    const last = this.fragments.at(-1);
    return last ? last.start + last.duration : 0;
  }

  endOf(index) {
    const { programDateTime, duration } = this.fragments[index];
    return programDateTime + duration * 1000;
  }

  // The last one that begins at `value` or before; -1: none does.
  find(value, of) {
    let low = 0, high = this.fragments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (of(this.fragments[middle]) <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  indexAt(time) {
    return Math.max(0, this.find(time + 0.001, (f) => f.start));
  }

  // Wall clock of a time of the player; what is behind the end is taken to go on.
  wallAt(time) {
    const f = this.fragments[this.indexAt(time)];
    return f ? f.programDateTime + (time - f.start) * 1000 : null;
  }

  // Where that instant is, or the first picture behind it: { time, wall }; null when there is none any more.
  timeAt(wall) {
    const index = this.find(wall, (f) => f.programDateTime);
    const f = this.fragments[index];
    const next = this.fragments[index + 1];
    const inside = f && (wall < this.endOf(index) - (next ? 0 : 1) || (this.open && !next));
    if (inside) return { time: Math.min(f.start + (wall - f.programDateTime) / 1000, next?.start ?? Infinity), wall };
    return next ? { time: next.start, wall: next.programDateTime } : null;
  }

  // The hole between a fragment and the one before: { from, to }, or null.
  gapBefore(index) {
    if (index < 1 || index >= this.fragments.length) return null;
    const from = this.endOf(index - 1), to = this.fragments[index].programDateTime;
    return to - from > kSmallestGap ? { from, to } : null;
  }

  // The hole that the instant lies in: { from, to }, with null for a side that this time line does not reach.
  gapAt(wall) {
    const index = this.find(wall, (f) => f.programDateTime);
    if (index >= 0 && wall < this.endOf(index)) return null;
    return { from: index >= 0 ? this.endOf(index) : null, to: this.fragments[index + 1]?.programDateTime ?? null };
  }
}

// The fragments of a media playlist, for players that keep theirs to themselves.
export function parsePlaylist(text) {
  const fragments = [];
  let start = 0, clock = null, duration = null;
  for (const line of text.split('\n')) {
    if (line.startsWith('#EXTINF:')) duration = parseFloat(line.slice(8));
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) clock = Date.parse(line.slice(25));
    else if (line && !line.startsWith('#') && duration !== null) {
      fragments.push({ start, duration, programDateTime: clock });
      start += duration;
      if (clock !== null) clock += duration * 1000;
      duration = null;
    }
  }
  return fragments;
}
