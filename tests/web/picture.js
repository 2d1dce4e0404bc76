// The picture of the page's own player: which number it shows, and at which time that was taken.
import { check } from './checks.js';

// A RUN, FIRST:COUNT:START, is a stretch of numbered pictures, 25 a second, from START (ms since 1970) on.
export function runOf(word) {
  const [first, count, start] = word.split(':').map(Number);
  return { first, count, start, end: start + count * 40 };
}

// Runs in the page: the number in the picture's upper sixth, and what the page calls its time; both at once.
function read() {
  const video = document.querySelector('video');
  if (!video) return { clock: '', note: '', number: -1 };
  const canvas = document.createElement('canvas');
  const { videoWidth: w, videoHeight: h } = video;
  const said = { clock: document.querySelector('.wall-clock').textContent, note: document.querySelector('.picture-note').textContent, paused: video.paused, number: -1 };
  if (!w || video.readyState < 2) return said;
  canvas.width = w;
  canvas.height = 1;
  const c = canvas.getContext('2d');
  c.drawImage(video, 0, Math.floor(h / 12), w, 1, 0, 0, w, 1);
  const row = c.getImageData(0, 0, w, 1).data;
  said.number = 0;
  for (let bit = 0; bit < 16; bit++) if (row[4 * Math.floor(((bit + 0.5) * w) / 16)] > 127) said.number |= 1 << bit;
  return said;
}

// offset: of the store, in ms; complaints: what the browser has said so far
export class Picture {
  constructor(page, { runs, offset, complaints }) {
    Object.assign(this, { page, runs, offset, complaints });
  }

  clock(ms) {
    return new Date(ms + this.offset).toISOString().slice(11, 19);
  }

  look() {
    return this.page.evaluate(read);
  }

  async until(seconds, what, good) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const seen = await this.look();
      if (await good(seen)) return seen;
      check(Date.now() < end, `${what}: not within ${seconds} s: ${JSON.stringify(seen)}; ${this.complaints.join('; ')}`);
      await this.page.waitForTimeout(60);
    }
  }

  // That the picture is of the second that the page says, within what a clock of whole seconds can tell; answers its run.
  checkTime({ clock: said, number }) {
    const run = this.runs.find((r) => number >= r.first && number < r.first + r.count);
    check(run, `picture ${number} was never sent`);
    const taken = run.start + (number - run.first) * 40;
    const near = [-400, 0, 400].some((ms) => this.clock(taken + ms) === said);
    check(near, `the page says ${said}, the picture ${number} was taken at ${this.clock(taken)}`);
    return run;
  }

  // By the field for it.
  async goTo(time) {
    await this.page.locator('[name=jump]').fill(time);
    await this.page.locator('[name=jump]').press('Enter');
  }
}
