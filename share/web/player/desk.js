// One camera, watched: the picture, the time bar, the files; live, or a day of what is recorded, and from one to the other.
import { api, isAbort, part } from '../api.js';
import { href, navigate } from '../app.js';
import { nameOf } from '../camera.js';
import { h, icon, newId, replace, setText } from '../dom.js';
import { bytes, date, number, percent, t } from '../i18n.js';
import { addDays, at, clock, differsHere, formatOffset, isDay } from '../time.js';
import { button, explain, repeat, toast } from '../ui.js';
import { Course } from './course.js';
import { Facts, kindText } from './facts.js';
import { Player } from './player.js';
import { Preview } from './preview.js';
import { SegmentList } from './segments.js';
import { TimeBar } from './timebar.js';
import { Tools } from './tools.js';
import { addStyle } from './style.js';
import { listenToKeys, showHelp } from './keys.js';
import * as actions from './actions.js';

const kAddressEvery = 2000;
const kRefresh = 20_000;

// The view of /d/{device}/{day} and of /d/{device}/live.
export async function watch(context, { live = false } = {}) {
  const { params, query, signal } = context;
  if (!live && !isDay(params.day)) throw Object.assign(new Error('no such day'), { status: 404 });
  const [device] = await Promise.all([api.get(`/api/v1/devices/${part(params.device)}`, { signal }), addStyle()]);
  const facts = await new Facts(device.device, live ? device.today.day : params.day).load({ signal });
  const desk = new Desk(device, facts, signal);
  desk.start(live, query);
  return desk.view();
}

class Desk {
  constructor(device, facts, signal) {
    Object.assign(this, { device, facts, signal, mark: { from: null, to: null }, addressed: 0 });
    const around = newId('watch');
    this.player = new Player({ device: device.device, offset: facts.offset, around });
    this.bar = new TimeBar({ from: facts.from, to: facts.to, offset: facts.offset, label: t('watch.bar', { name: nameOf(device) }) });
    this.bar.describe = (wall) => this.describe(wall);
    this.list = new SegmentList({ offset: facts.offset, mayDelete: device.may_change });
    this.tools = new Tools({ facts: () => this.facts, mayChange: device.may_change });
    this.preview = new Preview(this.bar, (wall) => this.previewOf(wall));
    this.events = h('ul', { class: 'rows events' });
    this.eventsBox = h('details', { class: 'panel', open: true }, h('summary', {}, h('h2', {}, t('watch.events'))), this.events);
    this.summary = h('p', { class: 'muted numbers' });
    this.course = new Course(this);
    this.element = this.build(around);
    this.connect();
  }

  // ---- what it looks like

  build(around) {
    const { device, facts } = this;
    const calendar = href(`/d/${part(device.device)}?m=${facts.day.slice(0, 7)}`);
    const dayLink = (day, shape, key) => h('a', { class: 'icon-button', href: href(`/d/${part(device.device)}/${day}`), 'aria-label': t(key, { day }), title: t(key, { day }) }, icon(shape));
    this.heading = h('h1', {}, this.longDay());
    this.next = dayLink(addDays(facts.day, 1), 'forward', 'watch.next_day');
    this.next.hidden = facts.to > Date.now();
    const zone = differsHere(facts.offset, facts.from) && h('p', { class: 'muted small-text' }, t('watch.zone', { offset: formatOffset(facts.offset) }));
    this.dayActions = h('div', { class: 'actions' },
      button({ icon: 'download', class: 'small', onclick: () => this.downloadDay() }, t('watch.day_download')),
      device.may_change && button({ icon: 'trash', class: 'small warns', onclick: () => this.removeDay() }, t('watch.day_delete')));
    const below = h('div', { class: 'actions day-actions' }, this.dayActions, button({ icon: 'help', class: 'small quiet', onclick: () => showHelp() }, t('watch.keys')));
    return h('div', { class: 'page watch' },
      h('a', { class: 'crumb', href: calendar }, icon('back'), nameOf(device)),
      h('div', { class: 'page-head' }, h('div', { class: 'day-head' }, dayLink(addDays(facts.day, -1), 'back', 'watch.previous_day'), this.heading, this.next), this.summary, zone),
      h('div', { class: 'watch-grid' },
        h('div', { class: 'watch-main' }, h('div', { class: 'watch-screen', id: around }, this.player.element, this.bar.element), this.tools.element),
        h('div', { class: 'watch-side' }, h('section', { class: 'panel files' }, h('h2', {}, t('segments.title')), this.list.box, below), this.eventsBox)));
  }

  longDay() {
    return date(Date.parse(`${this.facts.day}T00:00:00Z`), { dateStyle: 'full', timeZone: 'UTC' });
  }

  view() {
    return {
      element: this.element,
      title: `${nameOf(this.device)} · ${this.course.mode === 'live' ? t('watch.live') : this.facts.day}`,
      update: (context) => this.update(context),
      destroy: () => this.destroy(),
    };
  }

  destroy() {
    for (const piece of [this.course, this.player, this.bar, this.list, this.preview]) piece.destroy();
  }

  // Another time of the same day: nothing is made anew.
  update({ params, query }) {
    if (params.device !== this.device.device || (params.day ?? this.facts.day) !== this.facts.day) return false;
    if (this.course.mode === 'live' || !params.day) return false;
    const wall = at(this.facts.day, query.get('t'), this.facts.offset);
    if (wall !== null) this.seek(wall);
    return true;
  }

  // ---- how its pieces meet

  connect() {
    const { player, bar, list, tools } = this;
    const on = (target, name, act) => target.addEventListener(name, ({ detail }) => act(detail));
    on(player, 'wall', (wall) => this.showWall(wall));
    on(bar, 'seek', ({ wall, done }) => this.drag(wall, done));
    on(bar, 'mark', (mark) => this.setMark(mark));
    on(list, 'go', ({ wall }) => this.seek(wall, { play: true }));
    on(list, 'remove', ({ segment }) => this.removeSegment(segment));
    on(list, 'explain', ({ gap }) => actions.explainGap(this.facts, gap));
    on(tools, 'go', ({ wall }) => this.seek(wall));
    on(tools, 'mark', (mark) => this.setMark(mark));
    on(tools, 'set', ({ end }) => this.markHere(end));
    on(tools, 'download', () => actions.download({ facts: this.facts, ...this.mark }));
    on(tools, 'pin', async () => { if (await actions.pin(this.facts, this.mark.from, this.mark.to)) this.refresh(); });
    on(tools, 'unpin', async () => { if (await actions.unpin(this.facts, this.mark.from, this.mark.to)) this.refresh(); });
    on(tools, 'moment', async () => { if (this.player.wall !== null && await actions.mark(this.facts, this.player.wall)) this.refresh(); });
    listenToKeys(this.keys(), this.signal);
  }

  keys() {
    const { player, bar, tools } = this;
    const play = () => player.toggle();
    const full = () => player.controller.querySelector('media-fullscreen-button').click();
    return {
      ' ': play, k: play, j: () => player.by(-10_000), l: () => player.by(10_000), ArrowLeft: () => player.by(-5000), ArrowRight: () => player.by(5000),
      'Shift+ArrowLeft': () => player.by(-60_000), 'Shift+ArrowRight': () => player.by(60_000), ',': () => player.step(-1), '.': () => player.step(1),
      '<': () => player.speed.by(-1), '>': () => player.speed.by(1), g: () => { tools.jump.input.focus(); tools.jump.input.select(); },
      i: () => this.markHere('from'), o: () => this.markHere('to'), x: () => this.setMark({ from: null, to: null }), m: () => { player.video.muted = !player.video.muted; },
      f: full, p: () => player.controller.querySelector('media-pip-button').click(), '+': () => bar.zoom(0.5), '=': () => bar.zoom(0.5), '-': () => bar.zoom(2),
      0: () => bar.show(bar.first, bar.last), e: () => this.course.goLive(), '?': () => showHelp(),
    };
  }

  start(live, query) {
    this.showFacts();
    const wanted = at(this.facts.day, query.get('t'), this.facts.offset);
    if (live) this.course.goLive({ address: false });
    else this.course.openRecorded(wanted ?? this.facts.first ?? this.facts.from, { address: wanted !== null, play: wanted !== null });
    // The files' list takes longest, and nobody waits for it.
    this.loadSegments();
    const period = live || this.facts.isToday ? kRefresh : 0;
    if (period) setTimeout(() => { if (!this.signal.aborted) repeat(() => this.refresh(), period, this.signal); }, period);
    repeat(() => this.course.showLatency(), 1000, this.signal);
  }

  // ---- facts

  async loadSegments() {
    try {
      await this.facts.loadSegments({ signal: this.signal });
      this.showSegments();
    } catch (error) {
      if (!isAbort(error)) toast(explain(error), 'bad');
    }
  }

  // Everything anew; what is playing goes on.
  async refresh() {
    try {
      const [device, facts] = await Promise.all([api.get(`/api/v1/devices/${part(this.device.device)}`, { signal: this.signal }),
        new Facts(this.device.device, this.facts.day).load({ signal: this.signal })]);
      await facts.loadSegments({ signal: this.signal });
      // Past midnight live is another day's.
      if (this.course.mode === 'live' && device.today.day !== this.facts.day) return void navigate(`/d/${part(device.device)}/live`, { replace: true });
      Object.assign(this, { device, facts });
      this.course.factsChanged();
      this.showFacts();
      this.showSegments();
    } catch (error) {
      if (!isAbort(error) && error.status !== 0) toast(explain(error), 'bad');
    }
  }

  showFacts() {
    const { facts } = this;
    this.bar.setRows([facts.row()], { now: facts.isToday ? Date.now() : null });
    const { summary } = facts;
    setText(this.summary, summary ? t('watch.summary', { covered: percent(summary.percent), count: summary.files, size: bytes(summary.bytes) }) : t('watch.empty_day'));
    this.dayActions.hidden = !summary?.files;
    this.eventsBox.hidden = facts.events.length === 0;
    replace(this.events, facts.events.map((e) => h('li', {}, h('button', { type: 'button', class: 'event', onclick: () => this.seek(e.at - 3000, { play: true }) },
      h('span', { class: 'numbers' }, clock(e.at, facts.offset)), h('span', { class: 'event-kind', style: { '--event': `var(--event-${e.kind}, var(--accent))` } }, kindText(e.kind)), e.note && h('span', { class: 'event-note' }, e.note)))));
    this.tools.show(this.mark);
  }

  showSegments() {
    const { facts } = this;
    this.bar.setRows([facts.row()], { now: facts.isToday ? Date.now() : null });
    const rows = JSON.stringify(facts.rows().map((r) => [r.from, r.to, r.cause])) + JSON.stringify(facts.pins);
    if (rows !== this.shownRows || !facts.segments.length) this.list.setRows(facts.rows(), facts);
    this.shownRows = rows;
    if (this.player.wall !== null) this.showWall(this.player.wall);
    this.tools.tell();
  }

  // ---- where we are

  showWall(wall) {
    if (!this.dragging) this.bar.setWall(wall);
    this.list.setWall(wall);
    const segment = this.facts.segmentAt(wall);
    if (segment?.fps) this.player.frame = 1 / segment.fps;
    const now = performance.now();
    if (this.course.mode === 'recorded' && this.addressed && now - this.addressed > kAddressEvery) this.writeAddress(wall);
  }

  writeAddress(wall) {
    this.addressed = performance.now();
    const path = href(`/d/${part(this.device.device)}/${this.facts.day}?t=${clock(wall, this.facts.offset)}`);
    if (location.pathname + location.search !== path) history.replaceState(history.state, '', path);
  }

  describe(wall) {
    const gap = this.facts.gapAt(wall);
    return gap ? `${clock(wall, this.facts.offset)}, ${this.facts.gapText(gap)}` : clock(wall, this.facts.offset);
  }
  previewOf(wall) {
    const time = clock(wall, this.facts.offset);
    if (wall > Date.now()) return { time, text: t('watch.future'), device: null };
    const gap = this.facts.gapAt(wall);
    if (gap) return { time, text: this.facts.gapText(gap), device: null };
    const event = this.facts.events.find((e) => Math.abs(this.bar.x(e.at) - this.bar.x(wall)) < 7);
    return { time, text: event ? [kindText(event.kind), event.note].filter(Boolean).join(': ') : '', device: this.device.device };
  }

  // ---- going somewhere

  // Dragging shows where it goes; what is loaded for each place on the way would never be seen.
  drag(wall, done) {
    this.dragging = !done;
    clearTimeout(this.dragTimer);
    if (done) this.seek(wall);
    else this.dragTimer = setTimeout(() => this.seek(wall, { quiet: true }), 160);
  }

  seek(wall, options) {
    return this.course.seek(wall, options);
  }

  // ---- the range, downloads, deletions

  setMark(mark) {
    this.mark = mark;
    this.bar.setMark(mark.from === null && mark.to === null ? null : mark);
    this.tools.show(mark);
  }
  markHere(end) {
    const { wall } = this.player;
    if (wall !== null) this.tools.typed(end, wall);
  }

  downloadDay() {
    const { facts } = this;
    return actions.download({ facts, from: facts.from, to: facts.to, when: facts.day });
  }

  async removeSegment(segment) {
    if (await actions.removeSegment(this.facts, segment)) await this.deleted();
  }
  async removeDay() {
    if (await actions.removeDay(this.facts)) await this.deleted();
  }

  async deleted() {
    const { wall, playing } = this.player;
    this.preview.forget();
    await this.refresh();
    if (this.course.mode === 'live' || this.signal.aborted) return;
    this.player.feed.close();
    this.course.openRecorded(wall ?? this.facts.first ?? this.facts.from, { play: playing, fresh: true });
  }
}
