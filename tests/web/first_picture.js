#!/usr/bin/env node
// first_picture.js BASE DEVICE...: opens hls.js for each DEVICE in turn, as soon as a line on standard input says so
// (the line is the instant of the publisher's first packet, ms since 1970), and prints how many seconds later the first
// picture was decoded.  The player asks anew until there is something to play.
import { createInterface } from 'node:readline';
import { openBrowser, openPage } from './browser.js';

const [base, ...devices] = process.argv.slice(2);
const browser = await openBrowser();
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
console.log('ready');
for (const device of devices) {
  const player = await openPage(browser, new URL(base).origin);
  const { value: began } = await lines.next();
  const url = `${base.replace('DEVICE', device)}/hls/live/main.m3u8`;
  while ((await fetch(url)).status !== 200) await new Promise((next) => setTimeout(next, 50));
  const found = Date.now();
  await player.start('hls', url, { live: true });
  await player.until(30, 'the first picture', (state) => state.seen > 0);
  const [{ at }] = await player.seen();
  console.log(JSON.stringify({ device, playlist_s: (found - began) / 1000, picture_s: (at - began) / 1000 }));
  await player.page.close();
}
await browser.close();
process.exit(0);
