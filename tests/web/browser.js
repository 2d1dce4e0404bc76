// Chromium with the player page on the server's own origin, so that nothing is asked that a site's own page would not
// ask.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, firefox } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, 'node_modules');

// Path on the origin → file, type.
const files = {
  'player.html': [join(here, 'player.html'), 'text/html'],
  'player.js': [join(here, 'player.js'), 'text/javascript'],
  'hls.js': [join(modules, 'hls.js/dist/hls.min.js'), 'text/javascript'],
  'dash.js': [join(modules, 'dashjs/dist/modern/umd/dash.all.min.js'), 'text/javascript'],
};

export async function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
      '--autoplay-policy=no-user-gesture-required', '--mute-audio', '--ignore-certificate-errors',
    ],
  });
}

// Debian's own Firefox, over WebDriver BiDi.
export async function openFirefox() {
  return firefox.launch({
    channel: 'moz-firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    timeout: 60_000,
    firefoxUserPrefs: { 'media.autoplay.default': 0, 'media.volume_scale': '0.0' },
  });
}

// A page on `origin` that can play, but does not yet.
export async function openPage(browser, origin) {
  const page = await browser.newPage({ viewport: { width: 640, height: 480 } });
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  const isOurs = (asked) => asked.origin === origin && asked.pathname.startsWith('/player/');
  await page.route(isOurs, (route) => {
    const [path, contentType] = files[new URL(route.request().url()).pathname.slice('/player/'.length)] ?? [];
    return path ? route.fulfill({ path, contentType }) : route.fulfill({ status: 404 });
  });
  // A page that came from nowhere would have to ask for leave to reach this machine.
  await page.context().grantPermissions(['local-network-access']);
  await page.goto(`${origin}/player/player.html`);
  // What follows is between the player and the server: intercepted pages have no cache.
  await page.unrouteAll();
  return new Player(page);
}

// A page that plays `url` by `kind` (hls, dash, native, file).  Its origin is the url's, or `origin`.
export async function openPlayer(browser, kind, url, options = {}) {
  const player = await openPage(browser, options.origin ?? new URL(url).origin);
  await player.start(kind, url, options);
  return player;
}

export class Player {
  constructor(page) {
    this.page = page;
  }
  start(kind, url, options = {}) {
    return this.page.evaluate(([k, u, o]) => control.start(k, u, o), [kind, url, options]);
  }
  state() {
    return this.page.evaluate(() => control.state());
  }
  seen(from = 0) {
    return this.page.evaluate((n) => control.seen(n), from);
  }
  play() {
    return this.page.evaluate(() => control.play());
  }
  pause() {
    return this.page.evaluate(() => control.pause());
  }
  rate(value) {
    return this.page.evaluate((v) => control.rate(v), value);
  }
  seek(time) {
    return within(30, `seek to ${time}`, this.page.evaluate((t) => control.seek(t), time), this);
  }
  screenshot(path) {
    return this.page.screenshot({ path });
  }
  // Until `good` says so of the player's state; it fails at a fatal error of the player, too.
  async until(seconds, what, good) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const state = await this.state();
      if (state.errors.length) throw new Error(`${what}: the player says: ${state.errors.join('; ')}`);
      if (await good(state)) return state;
      if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s: ${JSON.stringify(state)}`);
      await new Promise((next) => setTimeout(next, 100));
    }
  }
}

async function within(seconds, what, promise, player) {
  let timer;
  const late = new Promise((_, failed) => {
    timer = setTimeout(async () => {
      const state = player ? JSON.stringify(await player.state()) : '';
      failed(new Error(`${what}: not within ${seconds} s ${state}`));
    }, seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
