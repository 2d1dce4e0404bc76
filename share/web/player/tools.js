// Below the time bar: going to a time, and the range A–B with what can be done with it.
import { h, icon, setText, newId } from '../dom.js';
import { bytes, duration, t } from '../i18n.js';
import { at, clock, parseJump } from '../time.js';
import { button } from '../ui.js';
import './icons.js';

// A field for a time of day.  go(instant) is called with what was typed, if it is one.
function timeField({ name, label, facts, submit, go, placeholder }) {
  const id = newId(name);
  const input = h('input', { id, name, class: 'time-input numbers', inputmode: 'text', autocomplete: 'off', spellcheck: 'false', placeholder, maxlength: 16, 'aria-describedby': `${id}-error` });
  const error = h('p', { class: 'field-error', id: `${id}-error`, role: 'alert', hidden: true });
  const fail = (text) => {
    error.hidden = !text;
    setText(error, text);
    input.setAttribute('aria-invalid', String(Boolean(text)));
  };
  const take = () => {
    const time = input.value.trim() === '' ? null : parseJump(input.value);
    if (input.value.trim() === '') return go(null);
    if (time === null) return fail(t('watch.no_time'));
    fail('');
    return go(at(facts().day, time, facts().offset));
  };
  input.addEventListener('input', () => fail(''));
  const element = h('form', { class: 'time-field', novalidate: true, onsubmit: (event) => { event.preventDefault(); take(); } },
    h('label', { for: id }, label), h('div', { class: 'control' }, input, submit), error);
  return { element, input, take, fail };
}

// Events: go { wall }, mark { from, to }, set { end: 'from' | 'to' }, download, pin, unpin, moment.
export class Tools extends EventTarget {
  constructor({ facts, mayChange }) {
    super();
    this.facts = facts;
    this.mark = { from: null, to: null };
    const say = (name, detail) => this.dispatchEvent(new CustomEvent(name, { detail }));
    this.jump = timeField({
      name: 'jump', label: t('watch.go'), facts, placeholder: '08:14', submit: h('button', { type: 'submit', class: 'button' }, t('watch.go_do')),
      go: (wall) => { if (wall !== null) { say('go', { wall }); this.jump.input.select(); } },
    });
    const end = (which, letter, shape) => {
      const made = timeField({
        name: `mark-${which}`, label: t(`watch.mark_${which}`), facts, placeholder: '--:--:--',
        submit: h('button', { type: 'button', class: 'icon-button framed', 'aria-label': t(`watch.set_${which}`), title: t(`watch.set_${which}`), onclick: () => say('set', { end: which }) }, icon(shape)),
        go: (wall) => this.typed(which, wall),
      });
      made.input.addEventListener('change', () => made.take());
      return made;
    };
    this.from = end('from', 'A', 'markIn');
    this.to = end('to', 'B', 'markOut');
    this.length = h('p', { class: 'muted small-text numbers range-length', role: 'status' });
    this.clear = button({ icon: 'close', class: 'quiet small', onclick: () => this.change({ from: null, to: null }) }, t('watch.mark_clear'));
    this.download = button({ icon: 'download', class: 'small', onclick: () => say('download') }, t('watch.mark_download'));
    this.pin = mayChange && button({ icon: 'pin', class: 'small', onclick: () => say('pin') }, t('watch.mark_pin'));
    this.unpin = mayChange && button({ icon: 'unpin', class: 'small', onclick: () => say('unpin') }, t('watch.mark_unpin'));
    this.moment = mayChange && button({ icon: 'flag', class: 'small', onclick: () => say('moment') }, t('watch.moment'));
    this.ranged = h('div', { class: 'actions range-actions' }, this.download, this.pin, this.unpin, this.clear);
    this.element = h('div', { class: 'tools' }, this.jump.element,
      h('fieldset', { class: 'mark-range' }, h('legend', { class: 'visually-hidden' }, t('watch.mark')), this.from.element, this.to.element),
      h('div', { class: 'actions moment' }, this.moment), h('div', { class: 'range-line' }, this.length, this.ranged));
    this.show(this.mark);
  }

  typed(which, wall) {
    const mark = { ...this.mark, [which]: wall };
    // The other end moves out of the way.
    if (mark.from !== null && mark.to !== null && mark.from >= mark.to) mark[which === 'from' ? 'to' : 'from'] = null;
    this.change(mark);
  }
  change(mark) {
    this.show(mark);
    this.dispatchEvent(new CustomEvent('mark', { detail: mark }));
  }

  get whole() {
    return this.mark.from !== null && this.mark.to !== null && this.mark.to > this.mark.from;
  }

  show(mark) {
    this.mark = mark ?? { from: null, to: null };
    const { offset } = this.facts();
    for (const which of ['from', 'to']) {
      const value = this.mark[which] === null ? '' : clock(this.mark[which], offset);
      if (this[which].input.value !== value && document.activeElement !== this[which].input) this[which].input.value = value;
      this[which].fail('');
    }
    this.ranged.hidden = this.mark.from === null && this.mark.to === null;
    this.tell();
  }

  tell() {
    const facts = this.facts();
    for (const act of [this.download, this.pin, this.unpin]) if (act) act.hidden = !this.whole;
    const something = this.whole && facts.covered(this.mark.from, this.mark.to) > 0;
    this.download.hidden = !something;
    if (this.moment) this.moment.hidden = facts.first === null;
    if (this.unpin && this.whole) this.unpin.hidden = !facts.pinned(this.mark);
    const about = this.whole && facts.listed ? facts.weight(this.mark.from, this.mark.to) : 0;
    setText(this.length, !this.whole ? (this.mark.from === null ? '' : t('watch.mark_open'))
      : t('watch.mark_length', { length: duration(this.mark.to - this.mark.from), size: bytes(about) }));
  }
}
