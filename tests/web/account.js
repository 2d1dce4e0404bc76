#!/usr/bin/env node
// account.js ORIGIN DEVICE MAILBOX RUN RUN [--browser firefox] [--offset MINUTES] [--size WIDTHxHEIGHT] [--language TAG]
// [--screenshots FOLDER]: the page from the first visit on, as the owner of a car has it: makes an account with the code from
// the letter in MAILBOX, claims the camera DEVICE (its key is CBX_KEY), which is sending, watches it live and on the day
// of the two RUNs (see picture.js), takes a range along, deletes, logs out and in again.  Runs cross a full minute.
//
// The camera gets a name that is markup, and every page is looked at with it.  Exit status 1, with the reason, when
// anything is not as it should be.
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { openBrowser, openFirefox } from './browser.js';
import { check } from './checks.js';
import { Mailbox } from './mailbox.js';
import { Picture, runOf } from './picture.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    browser: { type: 'string', default: 'chromium' }, offset: { type: 'string', default: '540' }, size: { type: 'string', default: '1280x900' },
    language: { type: 'string', default: 'en-US' }, screenshots: { type: 'string' },
  },
});
const [origin, device, box, ...words] = positionals;
const [width, height] = values.size.split('x').map(Number);
const runs = words.map(runOf);
const [one, two] = runs;
const minute = Math.ceil(one.start / 60_000) * 60_000;
const offset = Number(values.offset) * 60_000;
const day = new Date(one.start + offset).toISOString().slice(0, 10);
const user = { name: `owner-${device}`, email: `owner-${device}@example.org`, password: `one of ${device}'s passwords` };
const nickname = `"><img src=x onerror=alert(1)>'&lt;앞차 שלום ${device}`;
const tag = '<img/src=x/onerror=alert(2)>';

const { default: texts } = await import(`../../share/web/locales/${values.language.slice(0, 2)}.js`);
const t = (key, given = {}) => (texts[key].other ?? texts[key]).replace(/\{(\w+)\}/g, (_, name) => given[name]);

const phone = width < 720;
const browser = await (values.browser === 'firefox' ? openFirefox() : openBrowser());
const context = await browser.newContext({ viewport: { width, height }, locale: values.language, acceptDownloads: true, ...(phone && { hasTouch: true, isMobile: true }) });
context.setDefaultTimeout(20_000);
// A violation is reported to the page alone, and some browsers keep it from the console.
await context.addInitScript(() => document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) =>
  console.error(`the policy forbids ${violatedDirective} ${blockedURI} ${sourceFile}`)));
const page = await context.newPage();
const complaints = [];
page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
page.on('console', (message) => {
  if (message.type() === 'error' && !/status of 404/.test(message.text())) complaints.push(`${page.url()}: ${message.text()}`);
});
page.on('dialog', (dialog) => {
  complaints.push(`${page.url()}: a script of a camera's name ran: ${dialog.message()}`);
  dialog.dismiss().catch(() => {});
});
const picture = new Picture(page, { runs, offset, complaints });
const clock = (ms) => picture.clock(ms);
const button = (key, given) => page.getByRole('button', { name: t(key, given), exact: true });
const begin = page.locator('#main').getByRole('link', { name: t('cards.empty.add') });
const link = (key, given) => page.getByRole('link', { name: t(key, given), exact: true });
const card = page.locator(`.camera[data-device="${device}"]`);
const mail = new Mailbox(box, user.email);

async function shot(name) {
  if (values.screenshots) await page.screenshot({ path: `${values.screenshots}/${name}-${values.browser}-${values.language}-${width}.png`, fullPage: true });
}

// What happens while nobody looks is told with the step in which it happened.
async function step(name, work) {
  const began = Date.now();
  try {
    await work();
  } catch (error) {
    await shot(`failed-${name}`).catch(() => {});
    throw new Error(`${name}: ${error.message}${complaints.length ? `; ${complaints.join('; ')}` : ''}`);
  }
  check(!complaints.length, `${name}: the browser says: ${complaints.join('; ')}`);
  await shot(name);
  console.log(`${name}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

async function signUp() {
  await page.goto(origin);
  await link('login.signup').click();
  await page.locator('[name=name]').fill(user.name);
  await page.locator('[name=email]').fill(user.email);
  await page.locator('[name=password]').fill(user.password);
  await button('signup.submit').click();
  await page.locator('[name=code]').fill((await mail.code()).code);
  await begin.waitFor();
  check(new URL(page.url()).pathname === '/', `a new account begins at ${page.url()}`);
}

async function claim() {
  await begin.click();
  const form = page.locator('[aria-labelledby=way-claim]');
  const give = async (key) => {
    await form.locator('[name=key]').fill(key);
    await button('add.claim.submit').click();
  };
  await form.locator('[name=device]').fill(device);
  await give('not the key of anything');
  await form.locator('.notice.bad').waitFor();
  await give(process.env.CBX_KEY);
  await page.waitForURL(`${origin}/d/${device}`);
}

// The card says what the camera does; from there to its settings.
async function seeCard() {
  await link('nav.cameras').click();
  await card.locator('.light.live').waitFor();
  const seen = card.locator('img');
  await seen.waitFor();
  check(await seen.evaluate((image) => image.naturalWidth > 0 && image.src.startsWith('blob:')), 'the card has no picture');
}

async function rename() {
  await link('cards.settings_of', { name: device }).click();
  await page.locator('[name=nickname]').fill(nickname);
  await page.locator('[name=tags]').fill(tag);
  await button('action.save').click();
  await page.getByRole('heading', { level: 1, name: nickname, exact: true }).waitFor();
  await link('nav.cameras').click();
  await card.getByRole('link', { name: nickname, exact: true }).waitFor();
  await card.getByText(tag, { exact: true }).waitFor();
}

async function watchLive() {
  await link('cards.live_of', { name: nickname }).click();
  const first = await picture.until(40, 'live', ({ number }) => number > two.first + two.count);
  await picture.until(20, 'live goes on', ({ number, clock: said }) => number > first.number + 50 && said !== first.clock);
  await page.locator('.live-badge[data-kind=on]').waitFor();
}

async function openDay() {
  await page.locator('a.crumb').click();
  const cell = page.locator(`a[data-day="${day}"]`);
  await page.locator('[data-day]').first().waitFor();
  if (!(await page.locator(`[data-day="${day}"]`).count())) await button('calendar.previous').click();
  await cell.click();
  await page.waitForURL(`**/d/${device}/${day}**`);
  await page.locator('.segment:not(.gap)').first().waitFor();
}

async function watchDay() {
  await picture.until(20, 'the first picture of the day', ({ number }) => number === one.first);
  await picture.goTo(clock((one.end + two.start) / 2));
  const behind = await picture.until(20, 'behind the hole', ({ number }) => number >= two.first);
  check(picture.checkTime(behind) === two && behind.note.includes(clock(two.start)), `the hole is not named: ${JSON.stringify(behind)}`);
  const cut = one.first + (minute - one.start) / 40;
  await picture.goTo(clock(minute - 3000));
  await picture.until(20, 'before the minute', ({ number }) => number < cut && number > cut - 150);
  if ((await picture.look()).paused) await page.locator('media-play-button').click();
  let last = 0;
  await picture.until(20, 'over the minute', (seen) => {
    if (seen.number < 0) return false;
    picture.checkTime(seen);
    check(seen.number >= last, `picture ${seen.number} after ${last}`);
    last = seen.number;
    return seen.number > cut + 50;
  });
}

// A range over the minute, as a file: what ffprobe and ffmpeg say of it.
async function takeAlong() {
  const [from, to] = [minute - 2000, minute + 4000];
  for (const [end, at] of [['from', from], ['to', to]]) {
    await page.locator(`[name=mark-${end}]`).fill(clock(at));
    await page.locator(`[name=mark-${end}]`).press('Enter');
  }
  await button('watch.mark_download').click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('dialog').getByRole('link', { name: t('download.video') }).click()]);
  check(download.suggestedFilename().startsWith(`${device}_${day}_`), `the file is called ${download.suggestedFilename()}`);
  const file = await download.path();
  const tool = (name, ...of) => execFileSync(name, ['-v', 'error', ...of], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const seconds = Number(tool('ffprobe', '-show_entries', 'format=duration', '-of', 'csv=p=0', file));
  check(Math.abs(seconds - (to - from) / 1000) < 1.2, `6 seconds were marked, ${seconds} came`);
  const pictures = Number(tool('ffprobe', '-count_frames', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', file));
  check(Math.abs(pictures - seconds * 25) <= 3, `${pictures} pictures in ${seconds} s`);
  tool('ffmpeg', '-xerror', '-i', file, '-f', 'null', '-');
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
}

const cookie = async () => {
  const found = (await context.cookies(origin)).find(({ name }) => name === '__Host-cbx');
  check(found, 'there is no cookie of a session');
  check(found.httpOnly && found.secure && found.sameSite === 'Strict', `a weak cookie: ${JSON.stringify({ ...found, value: '' })}`);
  return `__Host-cbx=${found.value}`;
};
const asks = async (Cookie, path) => fetch(`${origin}/api/v1/${path}`, { headers: { Cookie, 'X-Requested-With': 'cbx' } });

// Every page with that name; those that show it must show it as it is.
async function tour() {
  execFileSync('cbx-account', ['-q', 'user', 'admin', user.name]);
  const shared = JSON.parse(execFileSync('cbx-account', ['-q', 'device', 'share', device, '--link', '--json'], { encoding: 'utf8' })).token;
  const named = ['/', `/d/${device}`, `/d/${device}/${day}`, `/d/${device}/live`, `/d/${device}/settings`, `/d/${device}/settings?key`,
    `/together?d=${device}&live`, '/admin', `/t/${shared}/d/${device}`, `/t/${shared}/d/${device}/${day}`];
  const others = ['/together', '/account', '/add', '/admin/users', '/admin/store', '/d/nothing'];
  for (const path of [...named, ...others]) {
    await page.goto(origin + path);
    await page.locator('main h1').waitFor().catch(() => { throw new Error(`${path}: no heading`); });
    if (named.includes(path)) await page.getByText(nickname).first().waitFor().catch(() => { throw new Error(`${path}: the name is not there`); });
    else await page.waitForTimeout(300);
    check(await page.locator('img[src="x"], img[src$="/x"]').count() === 0, `${path}: a camera's name became an element`);
    check(await page.evaluate(() => document.documentElement.lang) === values.language.slice(0, 2), `${path}: in another language`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(wide <= 0, `${path}: ${wide} pixels wider than the screen`);
    await shot(`tour-${path.replace(shared, 'link').replaceAll(/\W/g, '_')}`);
  }
  execFileSync('cbx-account', ['-q', 'user', 'admin', user.name, '--no']);
}

async function deleteSome() {
  await page.goto(`${origin}/d/${device}/${day}`);
  const kept = async () => (await (await asks(await cookie(), `devices/${device}/segments?range=${day}`)).json()).segments.length;
  const before = await kept();
  await button('segments.delete', { time: clock(two.start) }).click();
  await page.locator('dialog').getByRole('button', { name: t('delete.file'), exact: true }).click();
  await page.getByText(t('delete.file_done', { time: clock(two.start) })).waitFor();
  await button('segments.delete', { time: clock(two.start) }).waitFor({ state: 'detached' });
  check(await kept() === before - 1, 'the file is still there');
  await button('watch.day_delete').click();
  const typed = page.locator('dialog [name=typed]');
  await typed.fill('2000-01-01');
  await typed.press('Enter');
  await page.locator('dialog').getByText(t('confirm.differs', { text: day })).waitFor();
  check(await kept() === before - 1, 'the day was deleted without its name');
  await typed.fill(day);
  await page.locator('dialog').getByRole('button', { name: t('delete.day'), exact: true }).click();
  await page.getByText(t('watch.empty_day')).first().waitFor();
  check(await kept() === 0, 'the day is still there');
}

async function logOut() {
  const old = await cookie();
  check((await asks(old, 'account')).status === 200, 'the session is not one');
  await button('nav.out').click();
  await page.getByText(t('login.out')).waitFor();
  check((await asks(old, 'account')).status === 401, 'the old cookie still opens the account');
  await page.goto(`${origin}/d/${device}`);
  await page.locator('[name=password]').waitFor();
  check(!(await context.cookies(origin)).length, 'the cookie is still there');
}

async function logIn() {
  await page.goto(origin);
  await page.locator('[name=name]').fill(user.email);
  await page.locator('[name=password]').fill(user.password);
  await button('login.submit').click();
  const { code } = await mail.code();
  await page.locator('[name=code]').fill(String((Number(code) + 1) % 1_000_000).padStart(6, '0'));
  await page.locator('.field-error').getByText(t('code.wrong', { count: 4 })).waitFor();
  check(!(await context.cookies(origin)).length, 'a wrong code made a session');
  complaints.splice(0, complaints.length, ...complaints.filter((said) => !/status of 401/.test(said)));
  await page.locator('[name=code]').fill(code);
  await card.getByRole('link', { name: nickname, exact: true }).waitFor();
}

try {
  await step('sign-up', signUp);
  await step('claim', claim);
  await step('card', seeCard);
  await step('name', rename);
  await step('live', watchLive);
  await step('calendar', openDay);
  await step('day', watchDay);
  await step('download', takeAlong);
  await step('pages', tour);
  await step('deletion', deleteSome);
  await step('log-out', logOut);
  await step('log-in', logIn);
  console.log(`${values.browser} ${values.language} ${values.size}: all well`);
} catch (error) {
  console.error(`${values.browser} ${values.language} ${values.size}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
