// The recordings of a camera: a month, each day shaded by how much of it there is.
import { api, isAbort, part } from '../api.js';
import { href, navigate } from '../app.js';
import { healthLine, nameOf } from '../camera.js';
import { h, icon, replace, setText } from '../dom.js';
import { bytes, date, language, number, percent, t } from '../i18n.js';
import { addDays, addMonths, dayOf, daysIn, parseOffset, weekday } from '../time.js';
import { announce, button, explain, notice, repeat } from '../ui.js';
import { addStyle } from '../player/style.js';

const kEvery = 30_000;
const isMonth = (text) => /^\d{4}-(0[1-9]|1[0-2])$/.test(text ?? '');
const utc = (day, options) => date(Date.parse(`${day}T00:00:00Z`), { ...options, timeZone: 'UTC' });
const monthName = (month) => utc(`${month}-01`, { year: 'numeric', month: 'long' });

// 0: weeks begin on Sunday, as in Korea
function firstWeekday() {
  const locale = new Intl.Locale([navigator.language, language()].find((l) => l?.startsWith(language())) ?? language());
  const info = locale.getWeekInfo?.() ?? locale.weekInfo;
  return (info?.firstDay ?? 7) % 7;
}

// ---- a month's days

function label(day, known, today) {
  const name = utc(day, { dateStyle: 'full' });
  if (day > today) return t('calendar.day_future', { day: name });
  if (!known) return t('calendar.day_none', { day: name });
  const gaps = known.gaps ? t('calendar.gaps', { count: known.gaps }) : t('calendar.no_gaps');
  return t('calendar.day_label', { day: name, percent: percent(known.percent), count: known.files, size: bytes(known.bytes), gaps });
}

function cell(device, day, known, today) {
  const share = known ? Math.max(0.08, known.percent / 100) : 0;
  const shown = { 'aria-hidden': 'true' };
  const inside = [h('span', { class: 'visually-hidden' }, label(day, known, today)), h('span', { class: 'calendar-number', ...shown }, String(Number(day.slice(8)))),
    known && h('span', { class: 'calendar-percent', ...shown }, percent(known.percent)), known && h('span', { class: 'calendar-more', ...shown }, t('calendar.files', { count: known.files }), h('br'), bytes(known.bytes))];
  const attributes = { class: `calendar-day${known ? '' : ' none'}${day === today ? ' today' : ''}`, tabindex: '-1', dataset: { day },
    'aria-current': day === today ? 'date' : null, style: { '--share': String(share) } };
  return h('td', { role: 'gridcell' }, known ? h('a', { href: href(`/d/${part(device)}/${day}`), ...attributes }, inside)
    : h('span', { role: 'link', 'aria-disabled': 'true', ...attributes }, inside));
}

class Calendar {
  constructor(device, signal) {
    Object.assign(this, { device, signal, days: new Map(), month: null, active: null, today: device.today.day, first: null });
    this.title = h('h2', { class: 'calendar-month', 'aria-live': 'polite' });
    this.body = h('tbody', {});
    const begin = firstWeekday();
    const names = Array.from({ length: 7 }, (_, i) => addDays('2026-11-01', i + begin));  // that was a Sunday
    this.begin = begin;
    this.table = h('table', { class: 'calendar', role: 'grid' }, h('thead', {}, h('tr', { role: 'row' }, names.map((day) =>
      h('th', { scope: 'col', abbr: utc(day, { weekday: 'long' }) }, utc(day, { weekday: 'short' }))))), this.body);
    this.table.addEventListener('keydown', (event) => this.key(event));
    this.sum = h('p', { class: 'muted numbers calendar-sum', role: 'status' });
    this.problem = h('div', {});
    this.health = healthLine(device);
    this.element = this.build();
  }

  build() {
    const { device } = this;
    const to = (shape, key, act) => h('button', { type: 'button', class: 'icon-button', 'aria-label': t(key), title: t(key), onclick: act }, icon(shape));
    const tool = (key, act) => button({ class: 'small', onclick: act }, t(key));
    this.nextButton = to('forward', 'calendar.next', () => this.go(addMonths(this.month, 1)));
    this.firstButton = tool('calendar.first', () => this.first && this.go(this.first.slice(0, 7), this.first));
    this.lastButton = tool('calendar.last', () => this.last && this.go(this.last.slice(0, 7), this.last));
    this.firstButton.hidden = this.lastButton.hidden = true;
    const live = h('a', { class: 'button primary small', href: href(`/d/${part(device.device)}/live`) }, icon('live'), t('calendar.live'));
    const settings = (device.may_change || device.role === 'viewer') && !/^\/t\//.test(location.pathname) &&
      h('a', { class: 'button small', href: href(`/d/${part(device.device)}/settings`) }, icon('settings'), t('calendar.settings'));
    const scale = h('div', { class: 'calendar-scale', 'aria-hidden': 'true' }, h('span', {}, t('calendar.less')),
      [0.1, 0.35, 0.6, 0.85, 1].map((share) => h('i', { style: { '--share': String(share) } })), h('span', {}, t('calendar.more')));
    return h('div', { class: 'page middle calendar-page' },
      h('div', { class: 'page-head' }, h('div', { class: 'calendar-name' }, h('h1', {}, nameOf(device)), device.nickname && h('p', { class: 'camera-id' }, device.device), this.health.element),
        h('div', { class: 'actions' }, live, settings)),
      h('section', { class: 'panel' },
        h('div', { class: 'calendar-head' }, to('back', 'calendar.previous', () => this.go(addMonths(this.month, -1))), this.title, this.nextButton, h('span', { class: 'spring' }),
          h('div', { class: 'actions' }, tool('calendar.today', () => this.go(this.today.slice(0, 7), this.today)), this.firstButton, this.lastButton)),
        this.problem, h('div', { class: 'calendar-wrap' }, this.table), h('div', { class: 'calendar-foot' }, this.sum, scale)));
  }

  // By the address, so that back and forward know it.
  go(month, day = null) {
    this.wanted = day;
    if (month === this.month) return day && this.focus(day);
    return navigate(`/d/${part(this.device.device)}?m=${month}`);
  }

  async show(month) {
    const focused = this.table.contains(document.activeElement);
    this.month = month;
    this.active = this.wanted ?? (month === this.today.slice(0, 7) ? this.today : `${month}-01`);
    setText(this.title, monthName(month));
    this.table.setAttribute('aria-label', t('calendar.grid', { month: monthName(month) }));
    this.nextButton.disabled = month >= this.today.slice(0, 7);
    this.days = new Map();
    this.write();
    setText(this.sum, t('calendar.loading'));
    const wanted = this.wanted;
    this.wanted = null;
    if (focused || wanted) this.focus(this.active);
    await this.load();
  }

  async load() {
    const { month } = this;
    try {
      const answer = await api.get(`/api/v1/devices/${part(this.device.device)}/days?from=${month}-01&to=${addMonths(month, 1)}-01`, { signal: this.signal });
      if (month !== this.month) return;
      this.today = dayOf(Date.now(), parseOffset(answer.utc_offset) ?? 0);
      const days = new Map(answer.days.map((day) => [day.day, day]));
      replace(this.problem);
      if (JSON.stringify([...days]) === JSON.stringify([...this.days]) && this.sum.textContent !== t('calendar.loading')) return;
      this.days = days;
      this.write();
      this.tell();
    } catch (error) {
      if (isAbort(error) || month !== this.month) return;
      setText(this.sum, '');
      replace(this.problem, notice('bad', h('p', {}, explain(error)), button({ class: 'small', onclick: () => this.load() }, t('action.retry'))));
    }
  }

  tell() {
    const size = [...this.days.values()].reduce((sum, day) => sum + day.bytes, 0);
    setText(this.sum, this.days.size ? t('calendar.sum', { count: this.days.size, size: bytes(size) }) : t('calendar.none', { month: monthName(this.month) }));
  }

  write() {
    const focused = this.table.contains(document.activeElement);
    const { month } = this;
    const lead = (weekday(`${month}-01`) - this.begin + 7) % 7;
    const cells = Array.from({ length: lead }, () => h('td', { role: 'gridcell', class: 'outside' }));
    for (let i = 1; i <= daysIn(month); i++) {
      const day = `${month}-${String(i).padStart(2, '0')}`;
      cells.push(cell(this.device.device, day, this.days.get(day), this.today));
    }
    while (cells.length % 7) cells.push(h('td', { role: 'gridcell', class: 'outside' }));
    const weeks = [];
    for (let i = 0; i < cells.length; i += 7) weeks.push(h('tr', { role: 'row' }, cells.slice(i, i + 7)));
    replace(this.body, weeks);
    this.activate(this.active);
    if (focused) this.focus(this.active);
  }

  activate(day) {
    this.table.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
    const at = this.table.querySelector(`[data-day="${day}"]`);
    at?.setAttribute('tabindex', '0');
    if (at) this.active = day;
    return at;
  }
  focus(day) {
    this.activate(day)?.focus();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.active) return;
    const back = (weekday(this.active) - this.begin + 7) % 7;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, Home: -back, End: 6 - back }[event.key];
    let to = by === undefined ? null : addDays(this.active, by);
    if (event.key === 'PageUp' || event.key === 'PageDown') {
      const month = addMonths(this.active.slice(0, 7), event.key === 'PageUp' ? -1 : 1);
      to = `${month}-${String(Math.min(daysIn(month), Number(this.active.slice(8)))).padStart(2, '0')}`;
    }
    if (!to) return;
    event.preventDefault();
    if (to.slice(0, 7) === this.month) this.focus(to);
    else if (to.slice(0, 7) <= this.today.slice(0, 7)) this.go(to.slice(0, 7), to);
  }

  // The oldest file, and the newest.
  async findEnds() {
    const path = `/api/v1/devices/${part(this.device.device)}`;
    const { segments } = await api.get(`${path}/segments?limit=1`, { signal: this.signal }).catch(() => ({ segments: [] }));
    const offset = Date.parse(`${this.device.today.day}T00:00:00Z`) - Date.parse(this.device.today.from);
    const last = this.device.last_segment?.start ?? this.device.recording_since;
    this.first = segments[0] ? dayOf(Date.parse(segments[0].start), offset) : null;
    this.last = last ? dayOf(Date.parse(last), offset) : null;
    this.firstButton.hidden = !this.first;
    this.lastButton.hidden = !this.last;
  }

  async refresh() {
    try {
      this.device = await api.get(`/api/v1/devices/${part(this.device.device)}`, { signal: this.signal });
      this.health.update(this.device);
    } catch {
      return;
    }
    if (this.month === this.today.slice(0, 7)) await this.load();
  }
}

export default async function view({ params, query, signal }) {
  const [device] = await Promise.all([api.get(`/api/v1/devices/${part(params.device)}`, { signal }), addStyle()]);
  const calendar = new Calendar(device, signal);
  const monthOf = (of) => (isMonth(of.get('m')) ? of.get('m') : device.today.day.slice(0, 7));
  calendar.show(monthOf(query));
  calendar.findEnds();
  setTimeout(() => { if (!signal.aborted) repeat(() => calendar.refresh(), kEvery, signal); }, kEvery);
  const out = { element: calendar.element, title: `${nameOf(device)} · ${t('calendar.title')}` };
  out.update = async (context) => {
    if (context.params.device !== device.device) return false;
    await calendar.show(monthOf(context.query));
    announce(calendar.title.textContent);
    return true;
  };
  return out;
}
