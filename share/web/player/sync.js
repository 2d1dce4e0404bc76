// Several feeds on one clock.  The clock runs by itself; each picture is brought to it: by playing a little faster or slower
// while it is near, by a jump when it is not.  Where a camera has nothing its picture rests until there is something again;
// where none has, the clock goes to the next picture of any.
import { kSilentAbove } from './speed.js';

const kTick = 100;
const kClose = 25;        // ms: as good as it gets
const kJump = 900;        // further away than this it jumps
const kBend = 0.18;       // at most so much faster or slower
const kJumpEvery = 1200;  // no two jumps of one picture within this
const kPatience = 8000;   // for so long the others wait for a picture that loads
const kReadyBefore = 4000; // a picture behind a hole is got ready so early
const kLiveReserve = 1800; // behind the newest picture of the slowest camera: that of a playlist and a half

// state of a part: 'loading', 'playing', 'gap' (until: the next picture), 'over', 'nothing' (no playlist)
export class Conductor extends EventTarget {
  constructor(feeds) {
    super();
    Object.assign(this, { wall: null, rate: 1, playing: false, live: false, held: false, at: 0 });
    this.parts = feeds.map((feed) => ({ feed, state: 'loading', until: null, since: 0, jumped: -1e9, late: false }));
    this.timer = setInterval(() => this.tick(), kTick);
  }
  destroy() {
    clearInterval(this.timer);
  }

  play() {
    this.playing = true;
    this.at = performance.now();
    this.tick();
  }
  pause() {
    this.playing = false;
    for (const { feed } of this.parts) feed.video.pause();
    this.tell('change');
  }
  setRate(rate) {
    this.rate = rate;
    for (const { feed } of this.parts) feed.setRate(rate);
    this.tell('change');
  }
  seek(wall) {
    this.wall = wall;
    this.at = performance.now();
    for (const part of this.parts) Object.assign(part, { jumped: -1e9, late: false, since: performance.now() });
    this.tick();
  }
  // A picture with other sources than before.
  reset(feed) {
    const part = this.parts.find((p) => p.feed === feed);
    Object.assign(part, { state: 'loading', until: null, jumped: -1e9, late: false, since: performance.now() });
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  tick() {
    const now = performance.now();
    if (this.live) this.followEdge();
    if (this.wall === null) return;
    // Behind a page that can't be seen timers are slow: never more than a second at once.
    if (this.playing && !this.held && !this.live) this.wall += Math.min(1000, now - this.at) * this.rate;
    this.at = now;
    for (const part of this.parts) this.judge(part, now);
    if (this.playing && !this.live && this.skipCommonGap()) return;
    const waits = this.parts.some((part) => part.state === 'loading' && !part.late);
    if (waits !== this.held) {
      this.held = waits;
      this.tell('change');
    }
    for (const part of this.parts) this.steer(part, now);
    this.tell('tick');
  }

  // Live: as near to now as the slowest camera allows.
  followEdge() {
    const known = this.parts.filter(({ feed }) => feed.live && feed.timeline && feed.edgeLag !== undefined && !feed.failed);
    if (!known.length) return;
    const lag = Math.min(20_000, Math.max(...known.map(({ feed }) => feed.edgeLag)) + kLiveReserve);
    this.lag = this.lag === undefined ? lag : Math.max(lag, this.lag - 3);
    this.wall = known[0].feed.serverNow - this.lag;
  }

  // What the clock means for this picture.
  judge(part, now) {
    const { feed } = part;
    if (part.nothing || feed.failed) return this.become(part, 'nothing', null, now);
    if (!feed.timeline) return this.become(part, 'loading', null, now);
    const to = feed.timeline.timeAt(this.wall);
    if (!to) return this.become(part, 'over', null, now);
    part.to = to;
    if (to.wall - this.wall > 250) return this.become(part, 'gap', to.wall, now);
    const { video } = feed;
    const far = Math.abs(feed.wall - this.wall) > kJump * Math.max(1, this.rate);
    // What rests needs only the picture; what runs needs some behind it.
    const ready = !video.seeking && video.readyState >= (this.playing ? 3 : 2) && !far;
    return this.become(part, ready ? 'playing' : 'loading', null, now);
  }

  become(part, state, until, now) {
    part.until = until;
    if (part.state !== state) {
      part.state = state;
      part.since = now;
      if (state !== 'loading') part.late = false;
      this.tell('state', part);
    }
    if (state === 'loading' && now - part.since > kPatience) part.late = true;
  }

  skipCommonGap() {
    const there = this.parts.filter((part) => part.state !== 'nothing');
    if (!there.length || there.some((part) => part.state === 'playing' || part.state === 'loading')) return false;
    const next = Math.min(...there.filter((part) => part.until !== null).map((part) => part.until));
    if (!Number.isFinite(next)) {
      this.pause();
      this.tell('end');
      return true;
    }
    this.tell('gap', { from: this.wall, to: next });
    this.seek(next);
    return true;
  }

  steer(part, now) {
    const { feed, state } = part;
    const { video } = feed;
    if (state === 'gap' || state === 'over' || state === 'nothing') {
      if (!video.paused) video.pause();
      const soon = state === 'gap' && part.until - this.wall < kReadyBefore * this.rate;
      if (soon && Math.abs(video.currentTime - part.to.time) > 0.3 && now - part.jumped > kJumpEvery) this.jump(part, part.to.time + 0.01, now);
      return;
    }
    if (!feed.timeline) return;
    const off = feed.wall - this.wall;
    if (Math.abs(off) > (this.playing ? kJump * Math.max(1, this.rate) : 60) && now - part.jumped > kJumpEvery && !video.seeking) {
      // A jump takes a moment, in which a running clock runs on.
      const lead = this.playing && !this.held ? Math.min(400, part.took ?? 150) * this.rate : 0;
      const to = feed.timeline.timeAt(this.wall + lead) ?? part.to;
      this.jump(part, to.time, now);
    }
    this.run(part, off);
  }

  jump(part, time, now) {
    const { video } = part.feed;
    part.jumped = now;
    video.currentTime = time;
    video.addEventListener('seeked', () => { part.took = performance.now() - now; }, { once: true });
  }

  run(part, off) {
    const { video } = part.feed;
    const runs = this.playing && (!this.held || part.state === 'loading' && part.late);
    if (!runs) {
      if (!video.paused) video.pause();
      return;
    }
    const bend = Math.abs(off) < kClose ? 0 : Math.max(-kBend, Math.min(kBend, -off / 1500));
    const rate = Math.min(16, this.rate * (1 + bend));
    if (Math.abs(video.playbackRate - rate) > 0.005) video.playbackRate = rate;
    if (this.rate > kSilentAbove && !video.muted) video.muted = true;
    if (video.paused) this.start(video);
  }

  async start(video) {
    try {
      await video.play();
    } catch (error) {
      // Not before somebody has touched the page: then without sound.
      if (error.name === 'NotAllowedError' && !video.muted) {
        video.muted = true;
        this.tell('silenced', video);
      }
    }
  }

  // How far the pictures that play are apart, in ms.
  get spread() {
    const walls = this.parts.filter((part) => part.state === 'playing').map((part) => part.feed.wall);
    return walls.length > 1 ? Math.max(...walls) - Math.min(...walls) : 0;
  }
}
