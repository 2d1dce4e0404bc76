// Where the picture comes from: the live stream, a day of the recording, or a stretch of it; from one to the other as time
// goes on, somebody goes elsewhere, or something goes wrong.
import { api, part } from '../api.js';
import { href, navigate } from '../app.js';
import { h, icon } from '../dom.js';
import { ago, number, t } from '../i18n.js';
import { clock, dayOf, kMinute } from '../time.js';
import { button } from '../ui.js';
import { codecMessage } from './actions.js';
import { codecName } from './facts.js';
import { rangeOf, stretchAt, stretchesOf } from './stretches.js';
import { parsePlaylist } from './timeline.js';

const kAgain = 3000;
const kStuck = 5000;
const kHourSeen = 60 * kMinute;

// desk: what it belongs to: { player, bar, facts, device, signal, addressed, writeAddress(), refresh(), loadSegments() }
export class Course {
  constructor(desk) {
    Object.assign(this, { desk, mode: 'recorded', stretches: null, stretch: null, again: null });
    const on = (name, act) => desk.player.addEventListener(name, ({ detail }) => act(detail));
    on('ask', ({ wall }) => this.seek(wall));
    on('gap', (gap) => this.player.tell(this.facts.gapText(gap)));
    on('end', () => this.ended());
    on('trouble', (trouble) => this.trouble(trouble));
    on('recovered', () => this.player.say(null));
    on('live', () => this.goLive());
  }

  destroy() {
    this.later(null);
  }

  get player() {
    return this.desk.player;
  }
  get facts() {
    return this.desk.facts;
  }
  get device() {
    return this.desk.device;
  }
  get signal() {
    return this.desk.signal;
  }

  // Files have come or gone.
  factsChanged() {
    if (this.stretches) this.stretches = stretchesOf(this.facts.segments);
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
      this.desk.writeAddress(landed);
    }
    this.desk.bar.setWall(landed);
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
    this.desk.addressed = address ? performance.now() : 0;
    this.player.showLive(this.facts.isToday && this.device.state === 'live' ? { kind: 'off', text: t('watch.go_live') } : null);
    if (this.facts.first === null) return this.player.say({ shape: 'calendar', title: t('watch.empty_day'), text: t('watch.empty_text') });
    if (this.stretches) return this.openStretch(wall, { address, play });
    this.player.open(this.facts.day, { wall, fresh: fresh || this.facts.isToday });
    if (address) this.desk.writeAddress(wall);
    if (play) this.player.play();
    this.desk.addressed ||= performance.now() + 3000;
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
    if (address) this.desk.writeAddress(wall);
    if (play) this.player.play();
    this.desk.addressed ||= performance.now() + 3000;
    return undefined;
  }

  // ---- live

  goLive({ address = true, wall = null } = {}) {
    this.later(null);
    if (wall !== null && wall > Date.now() - kAgain) wall = null;
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
    this.desk.bar.show(now - kHourSeen, now + kHourSeen / 20);
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
    await this.desk.refresh();
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
    let device = this.device;
    let unreachable = false;
    try {
      device = await api.get(`/api/v1/devices/${part(device.device)}`, { signal: this.signal });
    } catch (error) {
      unreachable = !error.status;
    }
    if (this.signal.aborted || this.mode !== 'live') return;
    this.later(() => this.probe(), kAgain);
    // Nobody knows then what the camera does.
    if (unreachable) {
      this.player.showLive({ kind: 'off', text: t('watch.connecting') });
      this.player.say({ shape: 'refresh', title: t('watch.offline'), text: t('watch.offline_text') });
      return;
    }
    this.desk.device = device;
    this.player.showLive({ kind: 'off', text: t('watch.live_silent') });
    const seen = device.last_seen;
    const back = seen && h('a', { class: 'button', href: href(`/d/${part(device.device)}/${dayOf(Date.parse(seen), this.facts.offset)}`) }, icon('calendar'), t('watch.last_day'));
    this.player.say({ shape: 'off', title: t('watch.silent'), text: seen ? t('watch.silent_text', { ago: ago(seen) }) : t('watch.never_seen'), actions: [back].filter(Boolean) });
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
    if (!this.facts.listed) await this.desk.loadSegments();
    const stretches = stretchesOf(this.facts.segments);
    if (this.mode === 'live' || this.stretches || !stretches.some((s) => s.plays)) return this.codecTold(wall);
    this.stretches = stretches;
    return this.openRecorded(this.player.wall ?? wall ?? this.facts.first, { address: false, play: this.player.playing });
  }

  codecTold(wall) {
    const { facts, player } = this;
    const segment = facts.segmentAt(wall ?? facts.first) ?? facts.segments.find((s) => s.from >= (wall ?? 0)) ?? facts.segments[0];
    player.say(codecMessage(facts, this.mode === 'live' ? facts.segments.at(-1) ?? segment : segment));
  }

  // Deleted by somebody else or pruned while it was watched: on with what there is now.
  async gone(wall) {
    const now = performance.now();
    if (now - (this.goneAt ?? -1e9) < 2000) return this.player.say({ title: t('watch.gone') });
    this.goneAt = now;
    this.player.tell(t('watch.gone'));
    await this.desk.refresh();
    return this.signal.aborted ? undefined : this.openRecorded(wall ?? this.facts.from, { play: true, fresh: true });
  }
}
