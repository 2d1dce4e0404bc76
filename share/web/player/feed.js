// The picture of one camera in a <video>, recorded or live, by the wall clock.
import Hls from '../vendor/hls.light.mjs';
import { mediaUrl, part, events as signals } from '../api.js';
import { Timeline, parsePlaylist } from './timeline.js';

const kHlsType = 'application/vnd.apple.mpegurl';
const kRetry = 3000;
const kCodecErrors = new Set(['manifestIncompatibleCodecsError', 'bufferAddCodecError', 'bufferIncompatibleCodecsError']);

// Seconds of media ahead: faster playing needs more of it in the same time.
const kAhead = 30, kBehind = 60;
const kCatchUp = 1.1;
const kDates = 60;
const kInside = 0.01;      // the very beginning of a fragment may lie a hair before its first picture
const kFirstPicture = 0.3; // seconds of sound alone, before the first picture of a file

// Events (CustomEvent, with `detail`):
//   timeline  where the wall clock lies is known, or known anew
//   gap       { from, to }: playing has just come over this hole
//   end       the last picture of the playlist was shown
//   trouble   { kind, text, wall }: codec  this browser can't show it
//                                   empty  nothing is recorded there, or nothing comes (live)
//                                   gone   the file at `wall` was deleted meanwhile
//                                   offline  no answer: it goes on by itself when there is one
//                                   refused  signed out, or no longer shared
//                                   broken  what came can't be decoded
//   recovered after `offline`
export class Feed extends EventTarget {
  constructor(video, device) {
    super();
    Object.assign(this, { video, device, hls: null, when: null, timeline: null, index: -1, wanted: null, aim: null, healed: [], rate: 1, dates: [] });
    this.listeners = new AbortController();
    const on = (name, act) => video.addEventListener(name, act, { signal: this.listeners.signal });
    on('timeupdate', () => this.look());
    on('seeking', () => this.settle());
    on('seeked', () => { if (!video.seeking) this.aim = null; });
    on('ended', () => this.tell('end'));
    on('error', () => this.nativeError());
  }

  get live() {
    return this.when === 'live';
  }
  get native() {
    return this.when !== null && !this.hls;
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  addressOf(when, document) {
    return mediaUrl(`/media/${part(this.device)}/hls/${when}/${document}`);
  }
  address(document) {
    return this.addressOf(this.when, document);
  }

  // when: 'live', a day, or a range 'A..B' of RFC 3339 times.  wall: where to begin (live: at the edge).
  // fresh: ask the server even where a playlist of some minutes ago would do.
  // steered: somebody else sees to its speed.
  open(when, { wall = null, fresh = false, steered = false } = {}) {
    this.close();
    Object.assign(this, { when, wanted: wall, aim: wall, index: -1, steered });
    if (Hls.isSupported()) this.openHls(fresh);
    else if (this.video.canPlayType(kHlsType)) this.openNative(fresh);
    else this.tell('trouble', { kind: 'codec', text: 'no Media Source Extensions, no HLS' });
  }

  close() {
    clearTimeout(this.retry);
    this.hls?.destroy();
    this.opening?.abort();
    Object.assign(this, { hls: null, when: null, timeline: null, opening: null, isOffline: false, edgeLag: undefined });
    if (!this.video.hasAttribute('src')) return;
    this.video.removeAttribute('src');
    this.video.load();
  }

  destroy() {
    this.listeners.abort();
    this.close();
  }

  openHls(fresh) {
    const hls = (this.hls = new Hls({
      lowLatencyMode: this.live,
      backBufferLength: kBehind,
      maxBufferLength: kAhead * Math.max(1, this.rate),
      maxMaxBufferLength: 120,
      maxLiveSyncPlaybackRate: this.live && !this.steered ? kCatchUp : 1,
      liveDurationInfinity: true,
      // Tracks that nobody reads.
      enableDateRangeMetadataCues: false,
      enableEmsgMetadataCues: false,
      enableID3MetadataCues: false,
      enableWorker: false,
      xhrSetup: (xhr, url) => {
        if (fresh && url.includes('.m3u8')) xhr.setRequestHeader('Cache-Control', 'no-cache');
      },
    }));
    hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => this.know(details));
    hls.on(Hls.Events.LEVEL_LOADED, (_, { networkDetails }) => this.readServerClock(networkDetails));
    hls.on(Hls.Events.FRAG_LOADED, () => this.recover());
    hls.on(Hls.Events.FRAG_BUFFERED, () => this.settle());
    hls.on(Hls.Events.ERROR, (_, data) => this.hlsError(data));
    hls.loadSource(this.address('main.m3u8'));
    hls.attachMedia(this.video);
  }

  know(details) {
    const first = !this.timeline;
    // The group that is being written has its parts' pictures already.
    const hint = this.live && details.fragmentHint?.programDateTime ? [details.fragmentHint] : [];
    this.timeline = new Timeline(hint.length ? [...details.fragments, ...hint] : details.fragments, { open: details.live });
    // Before anything is asked for from the beginning of the day.
    if (first && this.wanted !== null) {
      const to = this.timeline.timeAt(this.wanted);
      if (to && to.wall - this.wanted > 1000) this.tell('gap', { from: this.timeline.gapAt(this.wanted)?.from ?? this.wanted, to: to.wall });
      if (to || !this.live) this.hls.startLoad(to ? to.time + kInside : Math.max(0, this.timeline.end - 1));
    }
    if (first) this.wanted = null;
    if (this.live) this.measureEdge(details.edge);
    this.tell('timeline');
  }

  // How far behind the clock the newest picture is when it becomes known; the worst of late.
  measureEdge(edge) {
    const lag = this.serverNow - this.timeline.wallAt(edge);
    if (lag > -1000 && lag < 60_000) this.edgeLag = Math.max(lag, (this.edgeLag ?? 0) * 0.97);
  }

  async openNative(fresh) {
    const opening = (this.opening = new AbortController());
    const options = { signal: opening.signal, cache: fresh ? 'reload' : 'default' };
    try {
      const answer = await fetch(this.address('media.m3u8'), options);
      if (!answer.ok) return this.refuse(answer.status);
      const fragments = parsePlaylist(await answer.text());
      if (!this.live) this.timeline = new Timeline(fragments);
    } catch (error) {
      if (!opening.signal.aborted) this.refuse(0);
      return;
    }
    this.video.src = this.address('main.m3u8');
    const to = this.wanted !== null && this.timeline?.timeAt(this.wanted);
    if (to) this.video.addEventListener('loadedmetadata', () => (this.video.currentTime = to.time), { once: true, signal: opening.signal });
    this.wanted = null;
    this.tell('timeline');
  }

  nativeError() {
    if (!this.native || !this.video.error) return;
    const { code, message } = this.video.error;
    if (code === 4 || code === 3) this.tell('trouble', { kind: code === 4 ? 'codec' : 'broken', text: message, wall: this.wall });
    else this.refuse(0);
  }

  hlsError(data) {
    const status = data.response?.code;
    const wall = data.frag?.programDateTime ?? this.wall;
    if (kCodecErrors.has(data.details)) return this.tell('trouble', { kind: 'codec', text: data.error?.message ?? '', wall });
    if (data.details === 'fragLoadError' && (status === 404 || status === 410)) return this.gone(wall);
    if (!data.fatal) return undefined;
    if (data.type === 'mediaError') return this.heal(data, wall);
    if (data.type === 'networkError') return this.refuse(status, data);
    return this.tell('trouble', { kind: 'broken', text: data.error?.message ?? data.details, wall });
  }

  gone(wall) {
    if (this.live) return this.again();
    this.hls.stopLoad();
    return this.tell('trouble', { kind: 'gone', wall });
  }

  // A decoder that gave up gets two fresh starts a minute.
  heal(data, wall) {
    const now = performance.now();
    this.healed = this.healed.filter((at) => now - at < 60_000);
    if (this.healed.length < 2) {
      this.healed.push(now);
      const playing = !this.video.paused;
      this.hls.recoverMediaError();
      // Taking the source away has paused it.
      if (playing) this.video.play().catch(() => {});
      return undefined;
    }
    return this.tell('trouble', { kind: 'broken', text: data.error?.message ?? data.details, wall });
  }

  refuse(status, data) {
    if (status === 404 || status === 410) return this.tell('trouble', { kind: 'empty' });
    if (status === 401) signals.dispatchEvent(new CustomEvent('signed-out'));
    if (status === 401 || status === 403) return this.tell('trouble', { kind: 'refused' });
    if (!this.isOffline) this.tell('trouble', { kind: 'offline', text: data?.details });
    this.isOffline = true;
    this.again();
    return undefined;
  }

  // Anew at the same place, a little later.
  again() {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      const { when, wall, isOffline } = this;
      if (this.hls && this.timeline) this.hls.startLoad(this.live ? -1 : this.video.currentTime);
      else this.open(when, { wall: this.live ? null : wall ?? this.wanted, steered: this.steered });
      this.isOffline = isOffline;
    }, kRetry);
  }

  recover() {
    if (!this.isOffline) return;
    this.isOffline = false;
    this.tell('recovered');
  }

  // The instant of the picture that is shown; null as long as nobody knows.
  get wall() {
    if (this.timeline) return this.wanted ?? this.timeline.wallAt(this.video.currentTime);
    const began = this.native && this.video.getStartDate?.().getTime();
    return began ? began + this.video.currentTime * 1000 : this.wanted;
  }

  // Shows that instant, or the first picture behind it: what it will be, or null where this playlist has nothing more.
  seek(wall) {
    if (!this.timeline) {
      this.wanted = this.aim = wall;
      return wall;
    }
    const to = this.timeline.timeAt(wall);
    if (!to) return null;
    this.index = -1;
    this.aim = wall;
    this.video.currentTime = to.time + kInside;
    return to.wall;
  }

  // Where a seek at rest really leads.  Fragments move by tens of milliseconds when they are loaded, and their sound may begin
  // before their first picture: playing, hls.js steps over that; at rest there would be the picture before, or none.
  settle() {
    const { video, aim } = this;
    if (!this.hls || !this.timeline || !video.paused || !video.seeking || aim === null) return;
    const to = this.timeline.timeAt(aim);
    if (!to || Math.abs(to.time - video.currentTime) > kFirstPicture) return;
    const { buffered } = video;
    let time = to.time + kInside;
    for (let i = 0; i < buffered.length; i++) {
      const begin = buffered.start(i);
      if (time < begin && begin - time < kFirstPicture) time = begin + kInside;
      if (time < buffered.end(i)) break;
    }
    if (Math.abs(time - video.currentTime) > 0.005) video.currentTime = time;
  }

  // Whether playing came over a hole.
  look() {
    if (!this.timeline || this.video.seeking) return;
    const index = this.timeline.indexAt(this.video.currentTime);
    const before = this.index;
    this.index = index;
    if (before < 0 || index <= before || this.live) return;
    for (let i = before + 1; i <= index; i++) {
      const gap = this.timeline.gapBefore(i);
      if (gap) this.tell('gap', gap);
    }
  }

  setRate(rate) {
    this.rate = rate;
    if (!this.hls) return;
    this.hls.config.maxBufferLength = kAhead * Math.max(1, rate);
    // hls.js sets the speed to keep its distance from the edge; a speed that was asked for stays.
    if (this.live) this.hls.config.maxLiveSyncPlaybackRate = rate === 1 && !this.steered ? kCatchUp : 1;
  }

  // An answer's Date is the server's clock cut to seconds, some time ago: its clock is at least that.  The largest difference
  // of many answers comes near, and no answer that was late can spoil it.
  readServerClock(networkDetails) {
    const date = Date.parse(networkDetails?.getResponseHeader?.('Date'));
    if (Number.isNaN(date)) return;
    this.dates.push(date - Date.now());
    if (this.dates.length > kDates) this.dates.shift();
  }
  // What the server's clock says now, as far as it is known.
  get serverNow() {
    const { length } = this.dates;
    return Date.now() + (length ? Math.max(...this.dates) + 1000 / (length + 1) : 0);
  }
  // How long ago what is shown was in front of the camera, in ms; null when that is unknown.
  get latency() {
    const wall = this.live ? this.wall : null;
    return wall === null || wall === false ? null : Math.max(0, this.serverNow - wall);
  }
  // Whether it is as live as it gets.
  get atEdge() {
    if (!this.live) return false;
    const { seekable } = this.video;
    if (this.native) return !seekable.length || this.video.currentTime > seekable.end(seekable.length - 1) - 20;
    const edge = this.hls.liveSyncPosition;
    return edge === null || this.video.currentTime > edge - 3;
  }
  goToEdge() {
    const { video } = this;
    if (this.native && video.seekable.length) video.currentTime = video.seekable.end(video.seekable.length - 1) - 1;
    else if (this.hls?.liveSyncPosition) video.currentTime = this.hls.liveSyncPosition;
  }
}
