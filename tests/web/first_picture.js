#!/usr/bin/env node
// first_picture.js PLAYLIST...: for each in turn, opens a page, prints "open", and waits for a line on standard input that
// says when the publisher began (ms since 1970).  hls.js is started as soon as there is a playlist.  Prints how many
// seconds after the beginning the playlist was there, and the first picture decoded.
import { createInterface } from 'node:readline';
import { openBrowser, openPage } from './browser.js';

const playlists = process.argv.slice(2);
const browser = await openBrowser();
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
console.log('ready');
for (const url of playlists) {
  const player = await openPage(browser, new URL(url).origin);
  console.log('open');
  const { value: began } = await lines.next();
  while ((await fetch(url)).status !== 200) await new Promise((next) => setTimeout(next, 50));
  const found = Date.now();
  await player.start('hls', url, { live: true });
  await player.until(30, 'the first picture', (state) => state.seen > 0);
  const [{ at }] = await player.seen();
  console.log(JSON.stringify({ playlist_s: (found - began) / 1000, picture_s: (at - began) / 1000 }));
  await player.page.close();
}
await browser.close();
process.exit(0);
