// One of several pictures side by side.
import { part } from '../api.js';
import { href } from '../app.js';
import { nameOf } from '../camera.js';
import { h, icon, setText } from '../dom.js';
import { t } from '../i18n.js';
import { clock } from '../time.js';
import { Feed } from './feed.js';
import { causeText, codecName, Facts } from './facts.js';

const kAgain = 4000;

// Events: sound (it was asked for), ready (its playlist is known).
export class Tile extends EventTarget {
  constructor(device, day) {
    super();
    Object.assign(this, { device, facts: new Facts(device.device, day), name: nameOf(device), fault: null });
    this.video = h('video', { playsinline: true, tabindex: '-1', 'aria-label': this.name });
    this.video.muted = true;
    this.feed = new Feed(this.video, device.device);
    this.feed.addEventListener('trouble', ({ detail }) => this.trouble(detail));
    this.feed.addEventListener('timeline', () => { this.fault = null; this.feed.failed = false; this.dispatchEvent(new Event('ready')); });
    this.message = h('p', { class: 'tile-message', hidden: true });
    this.sound = h('button', { type: 'button', class: 'icon-button', 'aria-pressed': 'false', 'aria-label': t('together.sound', { name: this.name }), title: t('together.sound', { name: this.name }),
      onclick: () => this.dispatchEvent(new Event('sound')) }, icon('silent'));
    this.alone = h('a', { class: 'tile-name', href: href(`/d/${part(device.device)}`), title: t('together.open', { name: this.name }) }, this.name);
    this.element = h('li', { class: 'tile' }, this.video, this.message, h('div', { class: 'tile-bar' }, this.alone, this.sound));
  }

  destroy() {
    clearTimeout(this.again);
    this.feed.destroy();
  }

  open(when, wall) {
    clearTimeout(this.again);
    this.fault = null;
    this.feed.failed = false;
    this.when = when;
    this.feed.open(when, { wall, steered: true, fresh: this.facts.isToday });
  }
  // The day has nothing of this camera.
  leaveEmpty() {
    this.feed.close();
    this.fault = t('together.nothing');
  }

  setSound(on) {
    this.video.muted = !on;
    this.sound.setAttribute('aria-pressed', String(on));
    this.sound.replaceChildren(icon(on ? 'sound' : 'silent'));
  }

  link(wall, live) {
    const to = live ? `/d/${part(this.device.device)}/live` : `/d/${part(this.device.device)}/${this.facts.day}?t=${clock(wall, this.facts.offset)}`;
    if (this.linked === to) return;
    this.linked = to;
    this.alone.href = href(to);
  }

  trouble({ kind, wall }) {
    // The others don't wait for what won't come.
    this.feed.failed = kind !== 'offline' && kind !== 'gone';
    if (kind === 'codec') {
      const segment = this.facts.segmentAt(wall) ?? this.facts.segments[0] ?? this.device.last_segment;
      this.fault = t('together.codec', { codec: codecName(segment?.video) || '?' });
    } else if (kind === 'empty') {
      this.fault = t(this.when === 'live' ? 'together.silent' : 'together.nothing');
      if (this.when === 'live') this.again = setTimeout(() => this.open('live'), kAgain);
    } else if (kind === 'offline') this.fault = t('watch.offline');
    else if (kind === 'refused') this.fault = t('watch.refused');
    else if (kind === 'gone') this.open(this.when, wall);
    else this.fault = t('watch.broken');
  }

  // What stands in place of the picture: why there is none.
  show(state) {
    let text = this.fault ?? '';
    if (!text && state.state === 'gap') {
      const gap = this.facts.gapAt(state.until - 1);
      text = t('together.next', { time: clock(state.until, this.facts.offset), cause: causeText(gap?.cause ?? 'unknown') });
    } else if (!text && state.state === 'over') text = this.when === 'live' ? t('together.silent') : t('together.no_more');
    const loading = !text && state.state === 'loading' && performance.now() - state.since > 600;
    this.element.classList.toggle('loading', loading);
    this.element.classList.toggle('hidden-picture', Boolean(text));
    this.message.hidden = !text;
    setText(this.message, text);
    const { videoWidth: width, videoHeight: height } = this.video;
    this.element.classList.toggle('portrait', height > width);
  }
}
