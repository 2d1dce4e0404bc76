#!/usr/bin/env node
// watching.js PAGE DEVICE LIVE RUN RUN [--offset MINUTES] [--size WIDTHxHEIGHT] [--language TAG] [--screenshots FOLDER]: the
// page's own player, as somebody uses it who came by a link (PAGE) that lets look.
//
// A RUN, FIRST:COUNT:START, is a stretch of numbered pictures, 25 a second, from START (ms since 1970) on; both are of one
// day of DEVICE, with a hole between them.  LIVE is the page of a camera that is sending.  What the page calls 08:14:05 must
// be the picture of 08:14:05.  Exit status 1, with the reason, when it isn't so.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { openBrowser } from './browser.js';
import { check } from './checks.js';
import { Picture, runOf } from './picture.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    offset: { type: 'string', default: '540' }, size: { type: 'string', default: '1280x900' }, language: { type: 'string', default: 'en-US' },
    screenshots: { type: 'string' },
  },
});
const [link, device, live, ...words] = positionals;
const offset = Number(values.offset) * 60_000;
const [width, height] = values.size.split('x').map(Number);
const runs = words.map(runOf);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const day = new Date(runs[0].start + offset).toISOString().slice(0, 10);

const browser = await openBrowser();
const context = await browser.newContext({ viewport: { width, height }, locale: values.language, hasTouch: width < 720, isMobile: width < 720, acceptDownloads: true });
const page = await context.newPage();
const complaints = [];
page.on('pageerror', (error) => complaints.push(error.message));
page.on('console', (message) => {
  if (message.type() === 'error' && !/status of 404/.test(message.text())) complaints.push(message.text());
});

const picture = new Picture(page, { runs, offset, complaints });
const clock = (ms) => picture.clock(ms);
const until = (...wanted) => picture.until(...wanted);
const checkTime = (seen) => picture.checkTime(seen);
const goTo = (time) => picture.goTo(time);

async function checkAccess(what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  check(!violations.length, `${what}: ${violations.map((v) => `${v.id} (${v.nodes[0].html.slice(0, 120)})`).join('; ')}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(wide <= 0, `${what}: ${wide} pixels wider than the screen`);
  if (values.screenshots) await page.screenshot({ path: `${values.screenshots}/${what}-${values.language}-${width}.png`, fullPage: true });
}

async function watchDay() {
  const [one, two] = runs;
  await page.goto(`${link}/d/${device}/${day}?t=${clock(one.start + 3000)}`);
  const begun = await until(30, 'the time of the address', ({ number }) => number > one.first + 45);
  check(checkTime(begun) === one && begun.number < one.first + 300, `begins with picture ${begun.number}`);
  await page.locator('.segment:not(.gap)').first().waitFor();
  await checkAccess('day');
  // A time in the hole: the next picture, and the reason.
  await goTo(clock((one.end + two.start) / 2));
  const behind = await until(20, 'behind the hole', ({ number }) => number >= two.first);
  check(checkTime(behind) === two, 'somewhere else');
  check(behind.note.includes(clock(two.start)), `the notice does not say until when: '${behind.note}'`);
  // Into it by playing, and over it; the notice of before is gone by then.
  await goTo(clock(one.end - 9500));
  await until(9, 'before the hole, and no notice any more', ({ number, note }) => number > one.first && number < one.first + one.count && !note);
  const over = await until(30, 'over the hole by itself', ({ number }) => number > two.first + 12 && number < two.first + 140);
  checkTime(over);
  check(over.note.includes(clock(two.start)), `no notice of the hole that was passed: '${over.note}'`);
  check(new URL(page.url()).searchParams.has('t'), `the address does not say the time: ${page.url()}`);
  const rows = Number(await page.locator('.segments').getAttribute('aria-rowcount'));
  check(rows >= 4, `${rows} rows for at least two files and two holes`);
}

async function markAndDownload() {
  const [one] = runs;
  for (const [end, at] of [['from', one.start + 5000], ['to', one.start + 8000]]) {
    await page.locator(`[name=mark-${end}]`).fill(clock(at).replaceAll(':', ''));
    await page.locator(`[name=mark-${end}]`).press('Enter');
  }
  await page.locator('.range-actions .button').first().click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('dialog a.primary').click()]);
  check(/^[a-z0-9_-]+_\d{4}-\d\d-\d\d_/.test(download.suggestedFilename()), `the file is called ${download.suggestedFilename()}`);
  const head = readFileSync(await download.path()).subarray(4, 8).toString();
  check(head === 'ftyp', 'what was downloaded is no MP4');
  await page.keyboard.press('Escape');
  // A link lets look, and nothing else.
  check(await page.locator('.warns, .moment .button, [data-act=remove]:visible').count() === 0, 'a link may delete or mark');
}

async function watchCalendar() {
  await page.goto(`${link}/d/${device}`);
  const cell = page.locator(`[data-day="${day}"]`);
  await cell.and(page.locator('a')).waitFor();
  await checkAccess('calendar');
  await cell.focus();
  await page.keyboard.press('Enter');
  await page.locator('.timebar').waitFor();
  check(page.url().includes(`/d/${device}/${day}`), `the calendar leads to ${page.url()}`);
}

async function watchLive() {
  await page.goto(live);
  await until(40, 'live', ({ number }) => number >= 0);
  const first = await picture.look();
  await until(20, 'live goes on', ({ clock: said }) => said > first.clock || said < '00:00:30');
  const told = page.locator('.live-badge[data-kind=on]');
  await told.waitFor({ timeout: 15_000 });
  const late = Number(/[\d.]+/.exec(await told.textContent()));
  check(late > 0 && late < 15, `the page says that live is ${late} s late`);
  await checkAccess('live');
}

try {
  await watchDay();
  await markAndDownload();
  await watchCalendar();
  await watchLive();
  check(!complaints.length, `the browser says: ${complaints.join('; ')}`);
  console.log(`${values.language} ${values.size}: all well`);
} catch (error) {
  console.error(`${values.language} ${values.size}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
