// What a place of the time bar shows, before one goes there: its time, and the picture nearest to it.
import { mediaUrl, part } from '../api.js';
import { h, setText } from '../dom.js';
import { t } from '../i18n.js';

const kKept = 240;
const kPatience = 110;  // ms between two that are asked for
const kAtOnce = 2;
const kWidth = 240;
// Places nearer to each other than this show the same picture.
const kFinest = 2000;

export class Preview {
  // describe(wall, row) → { time, text, device: null where there is no picture }
  constructor(bar, describe) {
    Object.assign(this, { bar, describe, pictures: new Map(), loading: 0, gone: new AbortController() });
    this.image = h('img', { alt: '', decoding: 'async', hidden: true });
    this.frame = h('div', { class: 'preview-picture' }, this.image);
    this.time = h('span', { class: 'preview-time numbers' });
    this.text = h('span', { class: 'preview-text' });
    this.element = h('div', { class: 'preview', 'aria-hidden': 'true', hidden: true }, this.frame, this.time, this.text);
    bar.box.append(this.element);
    bar.addEventListener('hover', ({ detail }) => this.show(detail));
  }

  destroy() {
    clearTimeout(this.timer);
    this.gone.abort();
    this.forget();
  }

  // What was deleted is shown no more.
  forget() {
    for (const url of this.pictures.values()) if (url) URL.revokeObjectURL(url);
    this.pictures.clear();
  }

  show(place) {
    this.element.hidden = !place;
    if (!place) {
      this.wanted = null;
      return;
    }
    const { time, text, device } = this.describe(place.wall, place.row);
    setText(this.time, time);
    setText(this.text, text);
    const half = (device ? kWidth : 160) / 2 + 6;
    const { width } = this.bar;
    this.element.style.setProperty('--left', `${width < 2 * half ? width / 2 : Math.min(width - half, Math.max(half, place.x))}px`);
    this.frame.hidden = !device;
    if (device) this.picture(device, place.wall);
    else this.wanted = null;
  }

  picture(device, wall) {
    // As fine as one can point.
    const step = Math.max(kFinest, Math.round((this.bar.to - this.bar.from) / this.bar.width / 1000) * 1000);
    const at = Math.floor(wall / step) * step;
    const key = `${device}/${at}`;
    if (key === this.wanted) return;
    this.wanted = key;
    if (this.pictures.has(key)) return this.put(key);
    // The one before stays until this one is there: no flicker.
    this.frame.classList.add('old');
    this.place = { key, device, at };
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.load();
    }, kPatience);
  }

  // The place that is pointed at by now; what was asked for on the way is not given up, or a moving hand would see nothing.
  async load() {
    const { key, device, at } = this.place;
    if (key !== this.wanted || this.pictures.has(key) || this.loading >= kAtOnce) return;
    this.loading++;
    try {
      const answer = await fetch(mediaUrl(`/media/${part(device)}/picture/${new Date(at).toISOString()}.jpg?width=${kWidth}`),
        { signal: this.gone.signal, headers: { 'X-Requested-With': 'cbx' } });
      this.keep(key, answer.ok ? URL.createObjectURL(await answer.blob()) : null);
      this.put(key);
    } catch {
      return;  // nobody answers: the time is shown all the same
    } finally {
      this.loading--;
    }
    this.load();
  }

  keep(key, url) {
    this.pictures.set(key, url);
    if (this.pictures.size <= kKept) return;
    const [oldest] = this.pictures.keys();
    const old = this.pictures.get(oldest);
    if (old) URL.revokeObjectURL(old);
    this.pictures.delete(oldest);
  }

  put(key) {
    const url = this.pictures.get(key);
    if (key !== this.wanted && (!url || !this.wanted)) return;
    this.frame.classList.toggle('old', key !== this.wanted);
    this.image.hidden = !url;
    if (url) this.image.src = url;
    this.frame.dataset.none = url ? '' : t('watch.no_preview');
  }
}
