// One camera, watched: the picture, the time bar, the files; live, or a day of what is recorded, and from one to the other.
import { api, isAbort, part } from '../api.js';
import { href, navigate } from '../app.js';
import { nameOf } from '../camera.js';
import { h, icon, newId, replace, setText } from '../dom.js';
import { date, percent, bytes, number, t, ago } from '../i18n.js';
import { addDays, at, clock, dayOf, differsHere, formatOffset, isDay, kMinute } from '../time.js';
import { button, explain, repeat, toast } from '../ui.js';
import { codecName, Facts, kindText } from './facts.js';
import { Player } from './player.js';
import { Preview } from './preview.js';
import { SegmentList } from './segments.js';
import { TimeBar } from './timebar.js';
import { Tools } from './tools.js';
import { addStyle } from './style.js';
import { rangeOf, stretchAt, stretchesOf } from './stretches.js';
import { parsePlaylist } from './timeline.js';
import { listenToKeys, showHelp } from './keys.js';
import * as actions from './actions.js';

const kAddressEvery = 2000;
const kRefresh = 20_000;
const kAgain = 3000;
const kStuck = 5000;
const kHourSeen = 60 * kMinute;

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
    Object.assign(this, { device, facts, signal, mode: 'recorded', mark: { from: null, to: null }, pending: null });
    const around = newId('watch');
    this.player = new Player({ device: device.device, offset: facts.offset, around });
    this.bar = new TimeBar({ from: facts.from, to: facts.to, offset: facts.offset, label: t('watch.bar', { name: nameOf(device) }) });
    this.bar.describe = (wall) => this.describe(wall);
    this.list = new SegmentList({ offset: facts.offset, mayDelete: device.may_change });
    this.tools = new Tools({ facts: () => this.facts, mayChange: device.may_change });
    this.preview = new Preview(this.bar, (wall) => this.preview_(wall));
    this.events = h('ul', { class: 'rows events' });
    this.eventsBox = h('details', { class: 'panel', open: true }, h('summary', {}, h('h2', {}, t('watch.events'))), this.events);
    this.summary = h('p', { class: 'muted numbers' });
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
    const dayActions = h('div', { class: 'actions day-actions' },
      button({ icon: 'download', class: 'small', onclick: () => this.downloadDay() }, t('watch.day_download')),
      device.may_change && button({ icon: 'trash', class: 'small warns', onclick: () => this.removeDay() }, t('watch.day_delete')),
      button({ icon: 'help', class: 'small quiet', onclick: () => showHelp() }, t('watch.keys')));
    return h('div', { class: 'page watch' },
      h('a', { class: 'crumb', href: calendar }, icon('back'), nameOf(device)),
      h('div', { class: 'page-head' }, h('div', { class: 'day-head' }, dayLink(addDays(facts.day, -1), 'back', 'watch.previous_day'), this.heading, this.next), this.summary, zone),
      h('div', { class: 'watch-grid' },
        h('div', { class: 'watch-main' }, h('div', { class: 'watch-screen', id: around }, this.player.element, this.bar.element), this.tools.element),
        h('div', { class: 'watch-side' }, h('section', { class: 'panel files' }, h('h2', {}, t('segments.title')), this.list.box, dayActions), this.eventsBox)));
  }

  longDay() {
    return date(Date.parse(`${this.facts.day}T00:00:00Z`), { dateStyle: 'full', timeZone: 'UTC' });
  }

  view() {
    return {
      element: this.element,
      title: `${nameOf(this.device)} · ${this.mode === 'live' ? t('watch.live') : this.facts.day}`,
      update: (context) => this.update(context),
      destroy: () => this.destroy(),
    };
  }

  destroy() {
    clearTimeout(this.again);
    for (const piece of [this.player, this.bar, this.list, this.preview]) piece.destroy();
  }

  // Another time of the same day: nothing is made anew.
  update({ params, query }) {
    if (params.device !== this.device.device || (params.day ?? this.facts.day) !== this.facts.day) return false;
    if (this.mode === 'live' || !params.day) return false;
    const wall = at(this.facts.day, query.get('t'), this.facts.offset);
    if (wall !== null) this.seek(wall);
    return true;
  }

  // ---- how its pieces meet

  connect() {
    const { player, bar, list, tools } = this;
    const on = (target, name, act) => target.addEventListener(name, ({ detail }) => act(detail));
    on(player, 'wall', (wall) => this.showWall(wall));
    on(player, 'ask', ({ wall, forward }) => this.seek(wall, { forward }));
    on(player, 'gap', (gap) => player.tell(this.facts.gapText(gap)));
    on(player, 'end', () => this.ended());
    on(player, 'trouble', (trouble) => this.trouble(trouble));
    on(player, 'recovered', () => player.say(null));
    on(player, 'live', () => this.goLive());
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
      0: () => bar.show(bar.first, bar.last), e: () => this.goLive(), '?': () => showHelp(),
    };
  }

  start(live, query) {
    this.showFacts();
    const wanted = at(this.facts.day, query.get('t'), this.facts.offset);
    if (live) this.goLive({ address: false });
    else this.openRecorded(wanted ?? this.facts.first ?? this.facts.from, { address: wanted !== null, play: wanted !== null });
    // The files' list takes longest, and nobody waits for it.
    this.loadSegments();
    const period = live || this.facts.isToday ? kRefresh : 0;
    if (period) setTimeout(() => { if (!this.signal.aborted) repeat(() => this.refresh(), period, this.signal); }, period);
    repeat(() => this.showLatency(), 1000, this.signal);
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
      Object.assign(this, { device, facts });
      if (this.stretches) this.stretches = stretchesOf(facts.segments);
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
    setText(this.summary, summary ? t('watch.summary', { covered: percent(summary.percent), files: number(summary.files), size: bytes(summary.bytes) }) : t('watch.empty_day'));
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
    if (this.mode === 'recorded' && this.addressed && now - this.addressed > kAddressEvery) this.writeAddress(wall);
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
  preview_(wall) {
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

  // To that instant or the first picture behind it; says so where there is none.
  seek(wall, { play = false, quiet = false } = {}) {
    if (wall < this.facts.from || wall >= this.facts.to) return this.leaveDay(wall);
    if (this.mode === 'live') return this.rewind(wall, play);
    if (this.stretch && !(wall >= this.stretch.from && wall < this.stretch.to)) return this.openRecorded(wall, { play: play || this.player.playing });
    const landed = this.player.feed.seek(wall);
    if (landed === null) return this.behindEnd(wall);
    if (!quiet) {
      if (landed - wall > 1000) this.player.tell(this.facts.gapText({ from: this.facts.gapAt(wall)?.from ?? wall, to: landed }));
      this.addressed = performance.now();
      this.writeAddress(landed);
    }
    this.bar.setWall(landed);
    if (play) this.player.play();
    return undefined;
  }

  leaveDay(wall) {
    if (wall > Date.now()) return this.goLive();
    const day = dayOf(wall, this.facts.offset);
    return navigate(`/d/${part(this.device.device)}/${day}?t=${clock(wall, this.facts.offset)}`);
  }

  // Nothing is in this playlist behind that instant; perhaps something has come since.
  behindEnd(wall) {
    if (this.facts.isToday) return this.catchUp(wall);
    const last = this.facts.last;
    if (last === null) return undefined;
    this.player.tell(t('watch.behind_end', { time: clock(last, this.facts.offset) }));
    return this.player.feed.seek(last - 1000);
  }

  openRecorded(wall, { address = true, play = false, fresh = false } = {}) {
    this.later(null);
    this.mode = 'recorded';
    this.addressed = address ? performance.now() : 0;
    this.player.showLive(this.facts.isToday && this.device.state === 'live' ? { kind: 'off', text: t('watch.go_live') } : null);
    if (this.facts.first === null) return this.player.say({ shape: 'calendar', title: t('watch.empty_day'), text: t('watch.empty_text') });
    if (this.stretches) return this.openStretch(wall, { address, play });
    this.player.open(this.facts.day, { wall, fresh: fresh || this.facts.isToday });
    if (address) this.writeAddress(wall);
    if (play) this.player.play();
    this.addressed ||= performance.now() + 3000;
    return undefined;
  }

  // Of a day that can't be played as a whole.
  openStretch(wall, { address, play }) {
    const found = stretchAt(this.stretches, wall);
    this.stretch = found?.stretch ?? null;
    if (!found) return this.codecTold(wall);
    this.player.open(rangeOf(found.stretch), { wall: Math.max(wall, found.stretch.from) });
    const { skipped } = found;
    if (skipped) this.player.tell(t('codec.skipped', { from: clock(skipped.from, this.facts.offset), to: clock(skipped.to, this.facts.offset), codec: codecName(skipped.video) }));
    if (address) this.writeAddress(wall);
    if (play) this.player.play();
    this.addressed ||= performance.now() + 3000;
    return undefined;
  }

  // ---- live

  goLive({ address = true, wall = null } = {}) {
    this.later(null);
    const { feed } = this.player;
    if (this.mode === 'live' && feed.timeline && wall === null) {
      feed.goToEdge();
      return this.player.play();
    }
    this.mode = 'live';
    if (address) history.replaceState(history.state, '', href(`/d/${part(this.device.device)}/live`));
    this.player.open('live', { wall });
    this.player.showLive({ kind: 'off', text: t('watch.connecting') });
    const now = Date.now();
    this.bar.show(now - kHourSeen, now + kHourSeen / 20);
    return this.player.play();
  }

  // Within what the live playlist still has; else in the recording.
  rewind(wall, play) {
    const { feed } = this.player;
    if (feed.timeline && wall >= feed.timeline.from) {
      if (wall > feed.serverNow - 3000) feed.goToEdge();
      else feed.seek(wall);
      return play && this.player.play();
    }
    return this.openRecorded(wall, { play: true, fresh: true });
  }

  async ended() {
    if (this.mode === 'live') return this.silent();
    if (this.stretch && stretchAt(this.stretches, this.stretch.to)) return this.openRecorded(this.stretch.to, { play: true });
    if (!this.facts.isToday) return this.player.tell(t('watch.day_over', { day: this.facts.day }));
    return this.catchUp(this.player.wall);
  }

  // At the end of what was recorded when the playlist was made: there may be more by now, or it goes on live.
  async catchUp(wall) {
    this.later(null);
    const { feed } = this.player;
    const known = feed.timeline?.to ?? 0;
    await this.refresh();
    if (this.signal.aborted) return undefined;
    const newest = this.facts.segments.at(-1)?.to ?? 0;
    if (newest > known + 1000) return this.openRecorded(wall + 100, { play: true, fresh: true });
    if (this.device.state === 'live') return this.goLive({ wall });
    this.player.tell(t('watch.caught_up'));
    this.later(() => { if (this.mode === 'recorded' && this.player.video.ended) this.catchUp(wall); }, 2 * kAgain);
    return undefined;
  }

  showLatency() {
    if (this.mode !== 'live') return;
    const { latency, atEdge } = this.player.feed;
    this.watchdog();
    if (latency === null) return;
    if (this.player.speed.rate > 1 && atEdge) this.player.speed.set(1);
    const seconds = number(latency / 1000, { maximumFractionDigits: latency < 20_000 ? 1 : 0, minimumFractionDigits: latency < 20_000 ? 1 : 0 });
    this.player.showLive(atEdge && !this.player.video.paused ? { kind: 'on', text: t('watch.live_latency', { seconds }) } : { kind: 'behind', text: t('watch.live_behind', { seconds }) });
  }

  // A camera that leaves in the middle of something leaves a player that waits for the rest.
  watchdog() {
    const { video } = this.player;
    const now = performance.now();
    if (video.paused || video.currentTime !== this.lastTime) {
      this.lastTime = video.currentTime;
      this.movedAt = now;
    } else if (now - this.movedAt > kStuck && !this.again) {
      this.movedAt = now;
      this.probe({ stuck: true });
    }
  }

  // The camera sends nothing (any more): asked again until it does.
  async silent() {
    const device = await api.get(`/api/v1/devices/${part(this.device.device)}`, { signal: this.signal }).catch(() => this.device);
    if (this.signal.aborted || this.mode !== 'live') return;
    this.device = device;
    this.player.showLive({ kind: 'off', text: t('watch.live_silent') });
    const seen = device.last_seen;
    const back = seen && h('a', { class: 'button', href: href(`/d/${part(device.device)}/${dayOf(Date.parse(seen), this.facts.offset)}`) }, icon('calendar'), t('watch.last_day'));
    this.player.say({ shape: 'off', title: t('watch.silent'), text: seen ? t('watch.silent_text', { ago: ago(seen) }) : t('watch.never_seen'), actions: [back].filter(Boolean) });
    this.later(() => this.probe(), kAgain);
  }

  // One thing is to be tried again, at most.
  later(act, ms) {
    clearTimeout(this.again);
    this.again = act && setTimeout(() => {
      this.again = null;
      act();
    }, ms);
  }

  // stuck: what is there may be what is shown already.
  async probe({ stuck = false } = {}) {
    if (this.signal.aborted || this.mode !== 'live') return;
    const answer = await fetch(this.player.feed.addressOf('live', 'media.m3u8'), { signal: AbortSignal.any?.([this.signal, AbortSignal.timeout(15_000)]) ?? this.signal }).catch(() => null);
    const playlist = answer?.ok ? await answer.text().catch(() => '') : '';
    if (this.signal.aborted || this.mode !== 'live') return;
    if (!playlist || playlist.includes('#EXT-X-ENDLIST')) {
      await this.silent();
      return;
    }
    const newest = parsePlaylist(playlist).at(-1);
    if (stuck && !(newest && newest.programDateTime + newest.duration * 1000 > this.player.wall + kStuck)) return;
    this.player.open('live');
    this.player.play();
  }

  // ---- what goes wrong

  trouble({ kind, wall }) {
    const { player, facts } = this;
    if (kind === 'empty' && this.mode === 'live') return this.silent();
    if (kind === 'empty') return player.say({ shape: 'calendar', title: t('watch.empty_day'), text: t('watch.empty_text') });
    if (kind === 'gone') return this.gone(wall);
    if (kind === 'offline') return player.say({ shape: 'refresh', title: t('watch.offline'), text: t('watch.offline_text') });
    if (kind === 'refused') return player.say({ title: t('watch.refused') });
    if (kind === 'codec') return this.codec(wall);
    const skip = button({ onclick: () => { player.say(null); this.openRecorded((wall ?? facts.from) + kMinute, { play: true }); } }, t('watch.skip_minute'));
    return player.say({ title: t('watch.broken'), text: t('watch.broken_text'), actions: [skip] });
  }

  // The whole day in a codec that this browser can't play, or parts of it.
  async codec(wall) {
    if (!this.facts.listed) await this.loadSegments();
    const stretches = stretchesOf(this.facts.segments);
    if (this.mode === 'live' || this.stretches || !stretches.some((s) => s.plays)) return this.codecTold(wall);
    this.stretches = stretches;
    return this.openRecorded(this.player.wall ?? wall ?? this.facts.first, { address: false, play: this.player.playing });
  }

  codecTold(wall) {
    const { facts, player } = this;
    const segment = facts.segmentAt(wall ?? facts.first) ?? facts.segments.find((s) => s.from >= (wall ?? 0)) ?? facts.segments[0];
    player.say(actions.codecMessage(facts, this.mode === 'live' ? facts.segments.at(-1) ?? segment : segment));
  }

  // Deleted by somebody else or pruned while it was watched: on with what there is now.
  async gone(wall) {
    const now = performance.now();
    if (now - (this.goneAt ?? -1e9) < 2000) return this.player.say({ title: t('watch.gone') });
    this.goneAt = now;
    this.player.tell(t('watch.gone'));
    await this.refresh();
    return this.signal.aborted ? undefined : this.openRecorded(wall ?? this.facts.from, { play: true, fresh: true });
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
    if (this.mode === 'live' || this.signal.aborted) return;
    this.player.feed.close();
    this.openRecorded(wall ?? this.facts.first ?? this.facts.from, { play: playing, fresh: true });
  }
}
