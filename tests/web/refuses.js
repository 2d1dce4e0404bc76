#!/usr/bin/env node
// refuses.js PLAYER URL: the player says that it cannot show this codec, soon and in so many words (dash.js: plays the
// sound alone).  Exit status 1 when it doesn't; 0, saying so, when this browser can show it.
import { openBrowser, openPlayer } from './browser.js';

const [kind, url] = process.argv.slice(2);
const saysSo = {
  hls: /bufferAddCodecError|bufferIncompatibleCodecsError|manifestIncompatibleCodecsError/,
  dash: /codec|capabilit|no streams? to play|not supported/i,
  native: /NotSupportedError|not supported|media error 4/i,
};
const browser = await openBrowser();
try {
  const player = await openPlayer(browser, kind, url);
  const can = await player.page.evaluate(() => MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L93.B0"'));
  // dash.js leaves out what it can't show, and plays the sound.
  const isSoundAlone = (s) => kind === 'dash' && s.width === 0 && s.time > 1;
  const end = Date.now() + 20000;
  let state = await player.state();
  while (!state.errors.length && !(can && state.seen > 5) && !isSoundAlone(state) && Date.now() < end) {
    await new Promise((next) => setTimeout(next, 200));
    state = await player.state();
  }
  const said = state.errors.join('; ');
  if (can && state.seen > 5) console.log(`${kind}: this browser shows it`);
  else if (!can && isSoundAlone(state)) console.log(`${kind}: sound alone`);
  else if (saysSo[kind].test(said)) console.log(`${kind}: ${said}`);
  else throw new Error(said ? `says something else: ${said}` : `says nothing: ${JSON.stringify(state)}`);
} catch (error) {
  console.error(`${kind} ${url}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
