#!/usr/bin/env node
// live.js PLAYER URL FIRST BEGAN [--token TOKEN] [--seconds S] [--latency S] [--first-picture S] [--origin ORIGIN]
// [--screenshot FILE]: plays what a camera is sending.
//
// Pictures are numbered from FIRST on, 25 a second, the first one of BEGAN (ms since 1970).  It must start, go on for
// --seconds without standing still or leaving anything out, and be no later than --latency.  Exit status 1, with the
// reason, if not.
import { parseArgs } from 'node:util';
import { openBrowser, openPlayer } from './browser.js';
import { check } from './checks.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    token: { type: 'string' }, seconds: { type: 'string', default: '8' }, latency: { type: 'string', default: '15' },
    origin: { type: 'string' }, screenshot: { type: 'string' },
  },
});
const [kind, url] = positionals;
const [first, began] = positionals.slice(2).map(Number);
const seconds = Number(values.seconds);

// Seconds between a picture's own instant and its being shown.
const latency = ({ number, at }) => (at - began) / 1000 - (number - first) / 25;

const browser = await openBrowser();
try {
  const asked = Date.now();
  const player = await openPlayer(browser, kind, url, { token: values.token, origin: values.origin, live: true });
  await player.until(30, 'the beginning', (state) => state.seen > 0 && state.time > 0);
  const [firstSeen] = await player.seen();
  await player.until(30, 'playing on', (state) => state.seen > 25);
  // The player may still be finding its place: what counts comes behind.
  const from = (await player.state()).seen;
  const { number: start } = (await player.seen(from - 1))[0];
  await player.until(seconds + 30, `${seconds} s of live picture`, async (state) => state.number >= start + seconds * 25);
  if (values.screenshot) await player.screenshot(values.screenshot);
  const shown = await player.seen(from);
  let last = start;
  for (const picture of shown) {
    check(picture.number >= last, `picture ${picture.number} after ${last}`);
    // Pictures may be dropped by a busy machine, not whole groups.
    check(picture.number - last <= 50, `pictures ${last} to ${picture.number} were left out`);
    last = picture.number;
  }
  const late = shown.map(latency).sort((a, b) => a - b);
  const median = late[Math.floor(late.length / 2)];
  check(late[0] > -0.5, `picture ${last} was shown ${-late[0]} s before it was made`);
  check(median <= Number(values.latency), `${median.toFixed(1)} s late, more than ${values.latency}`);
  const { notes } = await player.state();
  console.log(
    `${kind}: first picture after ${((firstSeen.at - asked) / 1000).toFixed(1)} s, ${shown.length} pictures to ` +
      `${last}, ${median.toFixed(1)} s late; notes: ${notes.join('; ') || 'none'}`,
  );
} catch (error) {
  console.error(`${kind} ${url}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
