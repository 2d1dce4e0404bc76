// Several cameras side by side on one clock.
import { api, isAbort } from '../api.js';
import { href, navigate } from '../app.js';
import { nameOf } from '../camera.js';
import { h, icon, newId, replace, setText } from '../dom.js';
import { number, t } from '../i18n.js';
import { addDays, at, clock, dayOf, isDay, kDay, parseJump } from '../time.js';
import { button, dialog, emptyState, explain, repeat, toast } from '../ui.js';
import { addStyle } from '../player/style.js';
import { listenToKeys, showHelp } from '../player/keys.js';
import { Preview } from '../player/preview.js';
import { speeds } from '../player/speed.js';
import { Conductor } from '../player/sync.js';
import { Tile } from '../player/tile.js';
import { TimeBar } from '../player/timebar.js';
import '../player/icons.js';

const kMost = 9;
const kAddressEvery = 2000, kRefresh = 30_000;
const kMostSpeed = 8;

// Which cameras: a dialog with all that may be seen.
function choose(devices, chosen) {
  return dialog(t('together.choose'), (close) => {
    const boxes = devices.map((device) => h('input', { type: 'checkbox', value: device.device, checked: chosen.includes(device.device) }));
    const limit = () => {
      const full = boxes.filter((box) => box.checked).length >= kMost;
      for (const box of boxes) box.disabled = full && !box.checked;
    };
    limit();
    return h('form', { class: 'form', onchange: limit, onsubmit: (event) => { event.preventDefault(); close(boxes.filter((box) => box.checked).map((box) => box.value)); } },
      h('fieldset', {}, h('legend', { class: 'hint' }, t('together.choose_hint', { count: kMost })), devices.map((device, i) => h('label', { class: 'check' }, boxes[i],
        h('span', {}, nameOf(device), device.nickname && h('span', { class: 'hint' }, ` ${device.device}`))))),
      h('div', { class: 'actions' }, h('button', { type: 'submit', class: 'button primary' }, t('together.watch')), button({ onclick: () => close() }, t('action.cancel'))));
  });
}

const address = (names, rest) => `/together?d=${names.map(encodeURIComponent).join(',')}${rest}`;

class Together {
  constructor(devices, all, { day, offset, signal }) {
    Object.assign(this, { devices, all, day, offset, signal, names: devices.map((d) => d.device), live: false, addressed: 0 });
    this.from = Date.parse(`${day}T00:00:00Z`) - offset;
    this.tiles = devices.map((device) => new Tile(device, day));
    this.conductor = new Conductor(this.tiles.map((tile) => tile.feed));
    this.bar = new TimeBar({ from: this.from, to: this.from + kDay, offset, label: t('together.bar'), names: devices.map(nameOf) });
    this.bar.describe = (wall) => clock(wall, offset);
    this.preview = new Preview(this.bar, (wall, row) => this.describe(wall, row));
    this.element = this.build();
    this.connect();
  }

  build() {
    const id = newId('together');
    const columns = Math.ceil(Math.sqrt(this.tiles.length));
    const tool = (shape, key, act) => h('button', { type: 'button', class: 'icon-button', 'aria-label': t(key), title: t(key), onclick: act }, icon(shape));
    const ten = (text, key, by) => h('button', { type: 'button', class: 'icon-button ten numbers', title: t(key), onclick: () => this.by(by) }, h('span', { 'aria-hidden': 'true' }, text), h('span', { class: 'visually-hidden' }, t(key)));
    this.playButton = tool('play', 'together.play', () => this.toggle());
    this.clock = h('output', { class: 'wall-clock', 'aria-label': t('watch.shown'), 'aria-live': 'off' }, '--:--:--');
    this.rates = h('select', { class: 'rates', 'aria-label': t('watch.speed'), onchange: () => this.setRate(Number(this.rates.value)) },
      speeds.filter((rate) => rate <= kMostSpeed).map((rate) => h('option', { value: rate, selected: rate === 1 }, `${number(rate)}×`)));
    this.liveButton = h('button', { type: 'button', class: 'button small', 'aria-pressed': 'false', onclick: () => this.goLive() }, icon('live'), h('span', {}, t('together.live')));
    this.note = h('p', { class: 'together-note', role: 'status' });
    this.jump = h('input', { class: 'time-input numbers', 'aria-label': t('watch.go'), placeholder: '08:14', autocomplete: 'off', maxlength: 16 });
    const jump = h('form', { class: 'control', novalidate: true, onsubmit: (event) => { event.preventDefault(); this.go(this.jump.value); } }, this.jump, h('button', { type: 'submit', class: 'button' }, t('watch.go_do')));
    this.screen = h('div', { class: 'watch-screen', id },
      h('ul', { class: 'tiles', style: { '--columns': String(columns), '--lines': String(Math.ceil(this.tiles.length / columns)) } }, this.tiles.map((tile) => tile.element)),
      h('div', { class: 'together-controls' }, this.playButton, ten('−10', 'together.back', -10_000), ten('+10', 'together.forward', 10_000), this.clock, this.rates, this.liveButton,
        this.note, h('span', { class: 'spring' }), tool('full', 'keys.full', () => this.fullScreen())), this.bar.element);
    this.dayField = h('input', { type: 'date', value: this.day, 'aria-label': t('together.day'), onchange: () => isDay(this.dayField.value) && this.toDay(this.dayField.value) });
    const dayTool = (shape, key, by) => tool(shape, key, () => this.toDay(addDays(this.day, by)));
    return h('div', { class: 'page watch together' }, h('div', { class: 'page-head' }, h('h1', {}, t('together.title')),
      h('div', { class: 'actions' }, button({ icon: 'camera', class: 'small', onclick: () => this.choose() }, t('together.choose')))),
    h('div', { class: 'watch-main' }, this.screen, h('div', { class: 'tools' }, jump, h('div', { class: 'together-day' }, dayTool('back', 'watch.previous_day', -1), this.dayField, dayTool('forward', 'watch.next_day', 1)),
      h('span', { class: 'spring' }), button({ icon: 'help', class: 'small quiet', onclick: () => showHelp() }, t('watch.keys')))));
  }

  connect() {
    const { conductor, bar } = this;
    bar.addEventListener('seek', ({ detail }) => this.drag(detail));
    conductor.addEventListener('tick', () => this.show());
    conductor.addEventListener('change', () => this.showState());
    conductor.addEventListener('gap', ({ detail }) => this.tell(t('together.all_gap', { from: clock(detail.from, this.offset), to: clock(detail.to, this.offset) })));
    conductor.addEventListener('end', () => this.tell(t('watch.day_over', { day: this.day })));
    conductor.addEventListener('silenced', () => this.sound(null));
    this.tiles.forEach((tile) => {
      tile.addEventListener('sound', () => this.sound(tile.video.muted ? tile : null));
      tile.addEventListener('ready', () => { if (!this.live && conductor.wall === null) conductor.seek(this.wanted); });
    });
    listenToKeys({
      ' ': () => this.toggle(), k: () => this.toggle(), j: () => this.by(-10_000), l: () => this.by(10_000), ArrowLeft: () => this.by(-5000), ArrowRight: () => this.by(5000),
      'Shift+ArrowLeft': () => this.by(-60_000), 'Shift+ArrowRight': () => this.by(60_000), '<': () => this.faster(-1), '>': () => this.faster(1), g: () => { this.jump.focus(); this.jump.select(); },
      '+': () => bar.zoom(0.5), '=': () => bar.zoom(0.5), '-': () => bar.zoom(2), 0: () => bar.show(bar.first, bar.last), e: () => this.goLive(), f: () => this.fullScreen(), '?': () => showHelp(),
      m: () => this.sound(this.tiles.some((tile) => !tile.video.muted) ? null : this.tiles[0]),
    }, this.signal);
  }

  destroy() {
    this.conductor.destroy();
    this.bar.destroy();
    this.preview.destroy();
    for (const tile of this.tiles) tile.destroy();
  }

  async start(wall, live) {
    this.wanted = wall;
    this.sound(this.tiles[0]);
    await this.load();
    if (this.signal.aborted) return;
    if (live) this.goLive();
    else this.openDay(wall);
    setTimeout(() => { if (!this.signal.aborted && (this.live || this.tiles[0].facts.isToday)) repeat(() => this.load(), kRefresh, this.signal); }, kRefresh);
  }

  async load() {
    try {
      await Promise.all(this.tiles.map((tile) => tile.facts.load({ signal: this.signal })));
      this.bar.setRows(this.tiles.map((tile) => ({ ...tile.facts.row(), cuts: [] })), { now: this.tiles[0].facts.isToday ? Date.now() : null });
    } catch (error) {
      if (!isAbort(error)) toast(explain(error), 'bad');
    }
  }

  // ---- where we are

  openDay(wall) {
    this.live = this.conductor.live = false;
    const firsts = this.tiles.map((tile) => tile.facts.first).filter((first) => first !== null);
    const start = wall ?? (firsts.length ? Math.min(...firsts) : this.from);
    this.wanted = start;
    this.tiles.forEach((tile, i) => {
      const part = this.conductor.parts[i];
      part.nothing = tile.facts.first === null;
      this.conductor.reset(tile.feed);
      if (part.nothing) tile.leaveEmpty();
      else tile.open(this.day, start);
    });
    this.conductor.wall = start;
    this.conductor.seek(start);
    this.conductor.play();
    this.addressed = performance.now();
    this.showState();
  }

  goLive() {
    if (this.live) return;
    this.live = this.conductor.live = true;
    this.conductor.lag = undefined;
    this.setRate(1);
    for (const tile of this.tiles) {
      this.conductor.parts.find((part) => part.feed === tile.feed).nothing = false;
      this.conductor.reset(tile.feed);
      tile.open('live');
    }
    this.conductor.play();
    history.replaceState(history.state, '', href(address(this.names, '&live')));
    const today = this.tiles[0].facts;
    if (today.isToday) this.bar.show(Date.now() - 3_600_000, Date.now() + 180_000);
    this.showState();
  }

  drag({ wall, done }) {
    clearTimeout(this.dragTimer);
    this.dragging = !done;
    if (done) this.seek(wall);
    else this.dragTimer = setTimeout(() => this.seek(wall), 200);
  }

  seek(wall) {
    if (wall < this.from || wall >= this.from + kDay) return navigate(address(this.names, `&t=${dayOf(wall, this.offset)}T${clock(wall, this.offset)}`));
    if (this.live) return this.openDay(wall);
    this.conductor.seek(wall);
    return this.write(wall);
  }
  by(ms) {
    if (this.conductor.wall !== null) this.seek(this.conductor.wall + ms);
  }
  go(text) {
    const time = parseJump(text);
    const wall = time && at(this.day, time, this.offset);
    this.jump.setAttribute('aria-invalid', String(!wall));
    if (!wall) return this.tell(t('watch.no_time'));
    return this.seek(wall);
  }
  toDay(day) {
    const time = this.conductor.wall === null ? '00:00:00' : clock(this.conductor.wall, this.offset);
    return navigate(address(this.names, `&t=${day}T${time}`));
  }
  async choose() {
    const names = await choose(this.all, this.names);
    if (names?.length) navigate(address(names, this.live ? '&live' : `&t=${this.day}T${clock(this.conductor.wall ?? this.from, this.offset)}`));
  }

  write(wall) {
    this.addressed = performance.now();
    const path = href(address(this.names, `&t=${this.day}T${clock(wall, this.offset)}`));
    if (location.pathname + location.search !== path) history.replaceState(history.state, '', path);
  }

  // ---- how it plays

  toggle() {
    if (this.conductor.playing) this.conductor.pause();
    else this.conductor.play();
    this.showState();
  }
  setRate(rate) {
    this.rates.value = String(rate);
    this.conductor.setRate(rate);
  }
  faster(by) {
    const known = speeds.filter((rate) => rate <= kMostSpeed);
    if (!this.live) this.setRate(known[Math.min(known.length - 1, Math.max(0, known.indexOf(this.conductor.rate) + by))]);
  }
  sound(tile) {
    for (const of of this.tiles) of.setSound(of === tile);
  }
  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.screen.requestFullscreen?.();
  }

  // ---- what is seen

  show() {
    const { conductor } = this;
    const { wall } = conductor;
    if (wall === null) return;
    setText(this.clock, clock(wall, this.offset));
    if (!this.dragging) this.bar.setWall(wall);
    this.tiles.forEach((tile, i) => {
      tile.show(conductor.parts[i]);
      tile.link(wall, this.live);
    });
    if (this.live && conductor.lag) setText(this.liveButton.lastChild, t('together.behind', { seconds: number(conductor.lag / 1000, { maximumFractionDigits: 1 }) }));
    if (!this.live && performance.now() - this.addressed > kAddressEvery) this.write(wall);
  }

  showState() {
    const { playing } = this.conductor;
    const key = playing ? 'together.pause' : 'together.play';
    replace(this.playButton, icon(playing ? 'pause' : 'play'));
    this.playButton.setAttribute('aria-label', t(key));
    this.playButton.title = t(key);
    this.liveButton.setAttribute('aria-pressed', String(this.live));
    this.liveButton.classList.toggle('primary', this.live);
    if (!this.live) setText(this.liveButton.lastChild, t('together.live'));
    this.rates.disabled = this.live;
  }

  tell(text) {
    clearTimeout(this.noteTimer);
    setText(this.note, text);
    this.noteTimer = setTimeout(() => setText(this.note, ''), 7000);
  }

  describe(wall, row) {
    const tile = this.tiles[row];
    const gap = tile?.facts.gapAt(wall);
    const time = clock(wall, this.offset);
    if (!tile || wall > Date.now()) return { time, text: t('watch.future'), device: null };
    return { time, text: [tile.name, gap && tile.facts.gapText(gap)].filter(Boolean).join(': '), device: gap ? null : tile.device.device };
  }
}

async function nothingChosen(devices) {
  const pick = async () => {
    const names = await choose(devices, []);
    if (names?.length) navigate(address(names, ''));
  };
  const act = devices.length ? button({ icon: 'camera', class: 'primary', onclick: pick }, t('together.choose')) : null;
  return { element: h('div', { class: 'page' }, h('h1', {}, t('together.title')), emptyState('grid', t('together.none'), null, act)), title: t('together.title') };
}

export default async function view({ query, signal }) {
  const [devices] = await Promise.all([api.all('/api/v1/devices?limit=500', 'devices', { signal }), addStyle()]);
  const names = [...new Set((query.get('d') ?? '').split(',').filter(Boolean))].slice(0, kMost);
  const chosen = names.map((name) => devices.find((d) => d.device === name)).filter(Boolean);
  if (!chosen.length) return nothingChosen(devices);
  const { today } = chosen[0];
  const offset = Date.parse(`${today.day}T00:00:00Z`) - Date.parse(today.from);
  const [day, time] = (query.get('t') ?? '').split('T');
  const together = new Together(chosen, devices, { day: isDay(day) ? day : today.day, offset, signal });
  const missing = names.length - chosen.length;
  if (missing) together.tell(t('error.404'));
  together.start(isDay(day) ? at(day, time, offset) : null, query.has('live'));
  return {
    element: together.element, title: `${t('together.title')} · ${chosen.map(nameOf).join(', ')}`, destroy: () => together.destroy(),
    update: (context) => {
      const [otherDay, otherTime] = (context.query.get('t') ?? '').split('T');
      if (context.query.get('d') !== query.get('d') || context.query.has('live') !== together.live || otherDay !== together.day) return false;
      const wall = at(otherDay, otherTime, offset);
      if (wall !== null) together.seek(wall);
      return true;
    },
  };
}
