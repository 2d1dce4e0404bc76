// Fast and slow.  What the browser can decode is played at the speed asked for; what it can't is shown picture by picture:
// a jump to the next key picture every quarter of a second, which needs hardly any decoding.
//
// Above 4× there is no sound: browsers stop it there, or make noise.
export const speeds = [0.25, 0.5, 1, 1.5, 2, 4, 8, 16];
export const kSilentAbove = 4;

const kLook = 1000;      // how often it is checked whether the browser keeps up
const kTolerated = 3;    // so many times in a row it may not
const kKeepsUp = 0.6;    // of the speed that was asked for
const kStep = 250;

// Events: change.
export class Speed extends EventTarget {
  constructor(feed) {
    super();
    Object.assign(this, { feed, video: feed.video, rate: 1, stepping: false, wasMuted: null, poor: 0 });
    this.listeners = new AbortController();
    const on = (name, act) => this.video.addEventListener(name, act, { signal: this.listeners.signal });
    // Another source sets it back to 1.
    on('loadedmetadata', () => this.apply());
    on('ratechange', () => this.follow());
    on('pause', () => this.stop());
    on('play', () => { this.last = null; this.poor = 0; });
    this.timer = setInterval(() => this.look(), kLook);
  }

  destroy() {
    this.listeners.abort();
    clearInterval(this.timer);
    this.stop();
  }

  get silenced() {
    return this.wasMuted !== null;
  }

  set(rate) {
    this.rate = rate;
    this.feed.setRate(rate);
    this.stop();
    this.apply();
    this.dispatchEvent(new Event('change'));
  }

  // By that many steps of the list.
  by(steps) {
    const at = speeds.indexOf(this.rate);
    this.set(speeds[Math.min(speeds.length - 1, Math.max(0, at + steps))]);
  }

  apply() {
    const { video, rate } = this;
    if (rate > kSilentAbove && this.wasMuted === null) {
      this.wasMuted = video.muted;
      video.muted = true;
    } else if (rate <= kSilentAbove && this.wasMuted !== null) {
      video.muted = this.wasMuted;
      this.wasMuted = null;
    }
    video.defaultPlaybackRate = rate;
    const real = this.stepping ? 1 : rate;
    if (video.playbackRate !== real) video.playbackRate = real;
    this.last = null;
    this.poor = 0;
  }

  // Set by others, the browser's own controls for example (not the catching up of live).
  follow() {
    const { playbackRate } = this.video;
    if (this.stepping || this.feed.live || playbackRate === this.rate || !speeds.includes(playbackRate)) return;
    this.set(playbackRate);
  }

  look() {
    const { video } = this;
    if (this.stepping || this.rate <= 2 || video.paused || video.seeking || video.ended) {
      this.last = null;
      return;
    }
    const quality = video.getVideoPlaybackQuality?.();
    const now = { at: performance.now(), time: video.currentTime, shown: quality?.totalVideoFrames ?? 0, dropped: quality?.droppedVideoFrames ?? 0 };
    const { last } = this;
    this.last = now;
    if (!last || now.time < last.time) return;
    const reached = (now.time - last.time) / ((now.at - last.at) / 1000);
    const frames = now.shown - last.shown;
    const few = frames === 0 && reached > 0;
    this.poor = reached < this.rate * kKeepsUp || few ? this.poor + 1 : 0;
    if (this.poor >= kTolerated) this.step();
  }

  step() {
    this.stepping = true;
    this.video.playbackRate = 1;
    this.goal = this.feed.wall;
    this.since = performance.now();
    this.stepTimer = setInterval(() => this.next(), kStep);
    this.dispatchEvent(new Event('change'));
  }

  // Where playing would have come to by now, if there is a group between here and there; groups begin with a key picture.
  next() {
    const { feed, video } = this;
    const now = performance.now();
    const passed = now - this.since;
    this.since = now;
    // What takes longer to load than to pass makes it slower, not later and later.
    if (video.seeking || video.paused || !feed.timeline) return;
    const { timeline } = feed;
    this.goal = Math.max(this.goal + passed * this.rate, feed.wall);
    const to = timeline.timeAt(this.goal);
    if (!to) return;
    this.goal = to.wall;
    const index = timeline.indexAt(to.time);
    if (index > timeline.indexAt(video.currentTime)) video.currentTime = timeline.fragments[index].start + 0.01;
  }

  stop() {
    if (!this.stepping) return;
    clearInterval(this.stepTimer);
    this.stepping = false;
    this.dispatchEvent(new Event('change'));
  }
}
