#!/usr/bin/env node
// Goes through the pages of a cbx-serve as people have them (desktop and phone, light and dark, every language) and says
// what is wrong with them: findings of axe-core, what is cut off at the side, what is too small to be touched, what moves
// while it loads, errors in the console, texts that are missing.  The pictures are for looking at.
//
// usage: look.js URL [--name NAME] [--device ID] [--shots DIR] [--only WORD,…]
//   NAME logs in with the password in CBX_PASSWORD and the code in CBX_CODE (`cbx-account user code NAME`)
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openBrowser } from './browser.js';

const kTouch = 44;
const kAxe = readFileSync(fileURLToPath(new URL('node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8');
const kRules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const kLooks = [
  { name: 'desktop-en-light', width: 1280, height: 800, locale: 'en-US', colorScheme: 'light' },
  { name: 'desktop-ko-dark', width: 1280, height: 800, locale: 'ko-KR', colorScheme: 'dark' },
  { name: 'phone-en-dark', width: 390, height: 844, locale: 'en-US', colorScheme: 'dark' },
  { name: 'phone-ko-light', width: 390, height: 844, locale: 'ko-KR', colorScheme: 'light' },
  { name: 'narrow-en-light', width: 360, height: 640, locale: 'en-US', colorScheme: 'light' },
];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string' },
    device: { type: 'string' },
    shots: { type: 'string' },
    only: { type: 'string' },
  },
});
const origin = new URL(positionals[0]).origin;
if (options.shots) mkdirSync(options.shots, { recursive: true });

function pages() {
  const open = { login: '/login', signup: '/signup', invited: '/signup#invite=none', reset: '/reset' };
  const own = {
    cameras: '/',
    add: '/add',
    account: '/account',
    admin: '/admin',
    users: '/admin/users',
    store: '/admin/store',
  };
  const of = options.device
    ? {
        settings: `/d/${options.device}/settings`,
        key: `/d/${options.device}/settings?key`,
        calendar: `/d/${options.device}`,
      }
    : {};
  const all = Object.entries({ ...open, ...(options.name && { ...own, ...of }) });
  const only = options.only?.split(',');
  return all
    .filter(([name]) => !only || only.includes(name))
    .map(([name, path]) => ({ name, path, open: name in open }));
}

// Runs in the page: how far it has moved by itself, as Layout Instability has it.
function watchShifts() {
  window.shifted = 0;
  const seen = (list) =>
    list.getEntries().forEach((entry) => {
      if (!entry.hadRecentInput) window.shifted += entry.value;
    });
  new PerformanceObserver(seen).observe({ type: 'layout-shift', buffered: true });
}

// Runs in the page.  What lies in a card that can be pressed as a whole is as large as the card.
function measure(touch) {
  const name = (e) =>
    `${e.tagName.toLowerCase()}${e.id ? `#${e.id}` : ''} '${(e.textContent || e.ariaLabel || e.name || '').trim().slice(0, 30)}'`;
  const boxes = [
    ...document.querySelectorAll(
      'a[href], button, select, summary, input:not([type=checkbox], [type=radio], [type=range])',
    ),
  ]
    .filter(
      (e) =>
        !e.closest('.visually-hidden, .skip, media-controller') &&
        getComputedStyle(e, '::after').position !== 'absolute',
    )
    .map((e) => [e, e.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && box.height > 0);
  const small = boxes
    .filter(([, box]) => box.height < touch - 0.5)
    .map(([e, box]) => `${name(e)} is ${Math.round(box.height)} px high`);
  const wide = document.documentElement.scrollWidth > innerWidth + 1 ? ['the page is wider than the window'] : [];
  return { small, wide, shifted: window.shifted };
}

function audit(rules) {
  const brief = (v) =>
    `${v.id}: ${v.help}: ${v.nodes
      .slice(0, 3)
      .map((n) => n.target.join(' '))
      .join(', ')}`;
  return axe.run(document, { runOnly: { type: 'tag', values: rules } }).then((result) => result.violations.map(brief));
}

async function logIn(page) {
  await page.goto(`${origin}/login`);
  await page.fill('[name=name]', options.name);
  await page.fill('[name=password]', process.env.CBX_PASSWORD);
  await page.click('[type=submit]');
  await page.waitForSelector('[name=code]');
  await page.click('[data-kind=operator]', { timeout: 1000 }).catch(() => {}); // the only kind there is
  await page.fill('[name=code]', process.env.CBX_CODE);
  await page.waitForURL(`${origin}/`);
  return page.context().storageState();
}

async function look(browser, { name: look, width, height, ...rest }, storageState, faults) {
  for (const { name, path, open } of pages()) {
    const context = await browser.newContext({
      ...rest,
      viewport: { width, height },
      storageState: open ? undefined : storageState,
    });
    await context.addInitScript(watchShifts);
    // The language of the account would be the page's: here the browser's is looked at.
    const page = await context.newPage();
    const fault = (text) => faults.push(`${look} ${name}: ${text}`);
    page.on('pageerror', (error) => fault(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') fault(`console: ${message.text()} ${message.location().url}`);
    });
    await page.route('**/api/v1/{welcome,account}', async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      const user = body.user ?? body;
      if (user.language) user.language = rest.locale.slice(0, 2);
      return route.fulfill({ response: answer, json: body });
    });
    await page.goto(origin + path);
    await page.waitForSelector('main h1');
    await page.waitForTimeout(800);
    const { small, wide, shifted } = await page.evaluate(measure, width < 720 ? kTouch : 0);
    [...small, ...wide].forEach(fault);
    if (shifted > 0.02) fault(`moved by ${shifted.toFixed(3)} while it loaded`);
    // The policy forbids scripts that are not the page's own; a debugger may all the same.
    await page.evaluate(kAxe);
    (await page.evaluate(audit, kRules)).forEach((text) => fault(`axe: ${text}`));
    if (options.shots) await page.screenshot({ path: join(options.shots, `${name}-${look}.png`), fullPage: true });
    await context.close();
  }
}

const browser = await openBrowser();
const faults = [];
try {
  let state;
  if (options.name) {
    const context = await browser.newContext();
    state = await logIn(await context.newPage());
    await context.close();
  }
  for (const of of kLooks) await look(browser, of, state, faults);
} finally {
  await browser.close();
}
for (const fault of faults) console.error(fault);
console.log(`${pages().length} pages in ${kLooks.length} looks: ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
