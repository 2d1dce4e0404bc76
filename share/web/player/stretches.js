// A day in which a camera changed its codec, and the browser knows only one of them: what can be played, stretch by stretch.

const playable = new Map();

export function canPlay(codecs) {
  if (!codecs) return true;  // nobody knows: it is tried
  if (!playable.has(codecs)) {
    const source = globalThis.ManagedMediaSource ?? globalThis.MediaSource;
    const type = `video/mp4; codecs="${codecs}"`;
    playable.set(codecs, source ? source.isTypeSupported(type) : document.createElement('video').canPlayType(type) !== '');
  }
  return playable.get(codecs);
}

// [{ from, to, plays, video }] by time, each as long as it can be.
export function stretchesOf(segments) {
  const out = [];
  for (const { from, to, codecs, video } of segments) {
    const plays = canPlay(codecs);
    const last = out.at(-1);
    if (last?.plays === plays) last.to = Math.max(last.to, to);
    else out.push({ from, to, plays, video });
  }
  // Files may overlap by a picture: a playlist must not reach into the neighbours.
  out.forEach((s, i) => {
    if (!s.plays) return;
    s.from = Math.max(s.from, (out[i - 1]?.to ?? 0) + 1);
    s.to = Math.min(s.to, (out[i + 1]?.from ?? Infinity) - 1);
  });
  return out.filter((s) => s.to > s.from);
}

// The stretch that can be played at that instant, or the next one: { stretch, skipped: the one before it that can't }, or null.
export function stretchAt(stretches, wall) {
  const index = stretches.findIndex((s) => s.plays && s.to > wall);
  if (index < 0) return null;
  const before = stretches[index - 1];
  return { stretch: stretches[index], skipped: before && !before.plays && wall < stretches[index].from && wall >= before.from - 1000 ? before : null };
}

export const rangeOf = ({ from, to }) => `${new Date(from).toISOString()}..${new Date(to).toISOString()}`;
