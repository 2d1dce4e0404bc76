// The picture with its controls: what is shown, at which speed, and what is the matter when nothing is.
import { h, icon, replace, setText, newId } from '../dom.js';
import { number, t } from '../i18n.js';
import { clock } from '../time.js';
import { Feed } from './feed.js';
import { Speed, speeds, kSilentAbove } from './speed.js';
import { speakLanguage } from './chrome.js';

const kNoteStays = 7000;
const kFrame = 1 / 30;

// Events: wall (the instant that is shown has changed), ask { wall } (to go there), live (to go live), and those of its feed.
export class Player extends EventTarget {
  // around: the id of the element that full screen shows, with more than the picture.
  constructor({ device, offset, around }) {
    super();
    Object.assign(this, { offset, frame: kFrame, shownAt: null });
    speakLanguage();
    this.video = h('video', { slot: 'media', playsinline: true, tabindex: '-1', preload: 'auto' });
    this.feed = new Feed(this.video, device);
    this.speed = new Speed(this.feed);
    this.element = this.build(around);
    for (const name of ['timeline', 'gap', 'end', 'trouble', 'recovered'])
      this.feed.addEventListener(name, ({ detail }) => this.dispatchEvent(new CustomEvent(name, { detail })));
    this.speed.addEventListener('change', () => this.showSpeed());
    this.video.addEventListener('loadedmetadata', () => this.fit());
    this.video.addEventListener('resize', () => this.fit());
    this.video.addEventListener('playing', () => this.say(null));
    this.tick = this.tick.bind(this);
    this.ticking = requestAnimationFrame(this.tick);
  }

  build(around) {
    this.clock = h('output', { class: 'wall-clock', 'aria-label': t('watch.shown'), 'aria-live': 'off' }, '--:--:--');
    this.liveBadge = h('button', { type: 'button', class: 'live-badge', hidden: true, onclick: () => this.dispatchEvent(new CustomEvent('live')) });
    this.speedBadge = h('span', { class: 'speed-badge', hidden: true });
    this.note = h('div', { class: 'picture-note', role: 'status', slot: 'top-chrome', noautohide: true, hidden: true });
    this.message = h('div', { class: 'picture-message', hidden: true });
    const id = newId('speed');
    this.rates = h('select', { id, class: 'rates', 'aria-label': t('watch.speed'), onchange: () => this.speed.set(Number(this.rates.value)) },
      speeds.map((rate) => h('option', { value: rate, selected: rate === 1 }, `${number(rate)}×`)));
    const back = h('media-seek-backward-button', { seekoffset: '10', notooltip: true });
    const forward = h('media-seek-forward-button', { seekoffset: '10', notooltip: true });
    // The player's own are measured on its time line, which has no holes: ten seconds are those of the clock.
    back.addEventListener('mediaseekrequest', (event) => { event.stopPropagation(); this.by(-10_000); });
    forward.addEventListener('mediaseekrequest', (event) => { event.stopPropagation(); this.by(10_000); });
    const bar = h('media-control-bar', {}, h('media-play-button', { notooltip: true }), back, forward,
      h('media-mute-button', { notooltip: true }), h('media-volume-range', {}), this.clock, this.liveBadge, h('span', { class: 'spring' }),
      this.rates, h('media-pip-button', { notooltip: true }), h('media-fullscreen-button', { notooltip: true }));
    this.controller = h('media-controller', { class: 'picture', nohotkeys: true, novolumepref: true, fullscreenelement: around, noautoseektolive: true },
      this.video, this.note, h('div', { class: 'picture-badges', slot: 'top-chrome', noautohide: true }, this.speedBadge),
      h('media-loading-indicator', { slot: 'centered-chrome', noautohide: true }), bar);
    return h('section', { class: 'stage', 'aria-label': t('watch.picture') }, this.controller, this.message);
  }

  destroy() {
    cancelAnimationFrame(this.ticking);
    clearTimeout(this.noteTimer);
    this.speed.destroy();
    this.feed.destroy();
  }

  get wall() {
    return this.feed.wall;
  }
  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  open(when, options) {
    this.say(null);
    if (when === 'live' && this.speed.rate !== 1) this.speed.set(1);
    this.feed.open(when, options);
  }

  async play() {
    try {
      await this.video.play();
    } catch (error) {
      // Without a touch of the user browsers play nothing that can be heard.
      if (error.name !== 'NotAllowedError' || this.video.muted) return;
      this.video.muted = true;
      await this.video.play().catch(() => {});
    }
  }
  pause() {
    this.video.pause();
  }
  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }
  by(ms) {
    if (this.wall !== null) this.dispatchEvent(new CustomEvent('ask', { detail: { wall: this.wall + ms, forward: ms > 0 } }));
  }
  // By pictures, at rest.
  step(count) {
    this.pause();
    this.video.currentTime += count * this.frame;
  }

  // The clock and whoever follows it, with each picture of the screen while it plays.
  tick() {
    this.ticking = requestAnimationFrame(this.tick);
    const { wall } = this.feed;
    if (wall === null || wall === this.shownAt) return;
    this.shownAt = wall;
    setText(this.clock, clock(wall, this.offset));
    this.dispatchEvent(new CustomEvent('wall', { detail: wall }));
  }

  // Portrait pictures are as high as the room, landscape ones as wide.
  fit() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width || !height) return;
    this.element.style.setProperty('--ratio', `${width} / ${height}`);
    this.element.classList.toggle('portrait', height > width);
  }

  showSpeed() {
    const { rate, stepping, silenced } = this.speed;
    this.rates.value = String(rate);
    this.speedBadge.hidden = rate === 1;
    const said = [`${number(rate)}×`];
    if (stepping) said.push(t('watch.stepping'));
    else if (silenced && rate > kSilentAbove) said.push(t('watch.silenced'));
    setText(this.speedBadge, said.join(' · '));
  }

  // live: null (recorded), or { text, kind: 'on' | 'behind' | 'off' }; pressed, it asks for live
  showLive(live) {
    this.liveBadge.hidden = !live;
    if (!live) return;
    setText(this.liveBadge, live.text);
    this.liveBadge.dataset.kind = live.kind;
  }

  // Over the picture, for a while.
  tell(text) {
    clearTimeout(this.noteTimer);
    this.note.hidden = false;
    setText(this.note, text);
    this.noteTimer = setTimeout(() => {
      this.note.hidden = true;
      setText(this.note, '');
    }, kNoteStays);
  }

  // In place of the picture, until something else is said or it plays: { shape, title, text, actions }, null: nothing.
  say(message) {
    this.message.hidden = !message;
    this.element.classList.toggle('with-message', Boolean(message));
    if (!message) return replace(this.message);
    return replace(this.message, h('div', { class: 'picture-message-in', role: 'alert' }, icon(message.shape ?? 'alert'),
      h('p', { class: 'strong' }, message.title), message.text && h('p', {}, message.text),
      message.actions?.length && h('div', { class: 'actions center' }, message.actions)));
  }
}
