#!/usr/bin/env node
// vod.js PLAYER URL RUN... [--token TOKEN] [--cut S] [--origin ORIGIN] [--screenshot FILE]: plays a recording of
// numbered pictures and says whether it is all there, in its places.
//
// A RUN, FIRST:COUNT, is a stretch without a gap: its first picture's number, and how many pictures it has.  The files
// in it are S seconds long (--cut).  Pictures come 25 times a second.  Exit status 1, with the reason, if not all is well.
import { parseArgs } from 'node:util';
import { openBrowser, openPlayer } from './browser.js';
import { check, Runs } from './checks.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    token: { type: 'string' }, cut: { type: 'string', default: '10' }, origin: { type: 'string' },
    screenshot: { type: 'string' }, short: { type: 'boolean', default: false },
  },
});
const [kind, url, ...runWords] = positionals;
const runs = new Runs(runWords);
const cut = Number(values.cut);

// Where the runs lie on the player's time line: found at a seek into each, then all pictures must agree with it.
async function findRuns(player, duration) {
  for (const run of runs.list) {
    const { time, number } = await player.seek(run.guess + Math.min(1.5, run.seconds / 2));
    check(run.has(number), `at ${time} s is picture ${number}, not one of ${run}`);
    run.begin = time - (number - run.first) / 25;
    // The picture that is shown at `time` began up to 40 ms before; and hls.js places each run by its first decoding
    // time, which is two pictures ahead of the first picture.
    const late = 0.12 * (runs.list.indexOf(run) + 1);
    check(run.begin > run.guess - 0.12 && run.begin < run.guess + late, `${run} begins at ${run.begin}, not ${run.guess}`);
  }
  const end = runs.list.at(-1);
  check(Math.abs(end.begin + end.seconds - duration) < 0.5, `duration ${duration}, ${end} ends at ${end.begin + end.seconds}`);
}

async function seekAround(player) {
  for (const run of runs.list) {
    for (const share of values.short ? [0.4] : [0.9, 0.1, 0.62, 0.35]) {
      const time = run.begin + run.seconds * share;
      const { number, time: reached } = await player.seek(time);
      const expected = run.first + (reached - run.begin) * 25;
      check(Math.abs(number - expected) <= 1.5, `after a seek to ${time} picture ${number} is shown, not ${expected.toFixed(1)}`);
    }
  }
}

// Plays from `from` until `to`: every picture that is shown is the one of its time, and few are left out.
async function playThrough(player, what, from, to) {
  await player.seek(from);
  const before = (await player.state()).seen;
  await player.play();
  await player.until(30, what, (state) => state.time >= to || state.ended);
  const seen = await player.seen(before);
  const rolling = seen.filter((picture) => picture.time >= from && picture.time <= to);
  // A busy machine may not show them all.
  check(rolling.length >= (to - from) * 5, `${what}: only ${rolling.length} pictures in ${(to - from).toFixed(1)} s`);
  let last = -1;
  for (const { time, number } of rolling) {
    const run = runs.of(number);
    check(run, `${what}: picture ${number} was never sent`);
    check(number >= last, `${what}: picture ${number} after ${last}`);
    // What is read a moment after the picture was announced may be the next one.
    const expected = run.first + (time - run.begin) * 25;
    check(number >= expected - 1.5 && number <= expected + 6, `${what}: picture ${number} at ${time}, not ${expected.toFixed(1)}`);
    last = number;
  }
  return rolling;
}

async function playToEnd(player, duration) {
  await player.seek(duration - 1.5);
  await player.play();
  await player.until(30, 'the end', (state) => state.ended);
  const last = (await player.seen()).at(-1).number;
  const end = runs.list.at(-1);
  check(last >= end.last - 3 && last <= end.last, `the last picture shown is ${last}, not ${end.last}`);
}

const browser = await openBrowser();
try {
  const player = await openPlayer(browser, kind, url, { token: values.token, origin: values.origin });
  const begun = await player.until(30, 'the beginning', (state) => state.time > 1 && state.seen > 5);
  if (values.screenshot) await player.screenshot(values.screenshot);
  const gaps = kind === 'dash' ? undefined : 0;
  runs.guess(begun.duration, gaps);
  await findRuns(player, begun.duration);
  await seekAround(player);
  if (!values.short) {
    const [first] = runs.list;
    const shown = await playThrough(player, 'across a file boundary', first.begin + cut - 1.2, first.begin + cut + 1.2);
    for (let i = 1; i < runs.list.length; i++) {
      const [before, after] = [runs.list[i - 1], runs.list[i]];
      await playThrough(player, 'across a gap', before.begin + before.seconds - 1.2, after.begin + 1.2);
    }
    await playToEnd(player, begun.duration);
    console.log(`${kind}: ${shown.length} pictures across the boundary`);
  }
  const { notes, dropped } = await player.state();
  console.log(`${kind}: ${begun.duration.toFixed(2)} s, ${begun.width}x${begun.height}, ${dropped} pictures dropped; notes: ${notes.join('; ') || 'none'}`);
} catch (error) {
  console.error(`${kind} ${url}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
