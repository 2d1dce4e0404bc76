// What was sent, and saying what is not so.

export function check(good, otherwise) {
  if (!good) throw new Error(otherwise);
}

// A stretch of numbered pictures without a gap.
class Run {
  constructor(word) {
    [this.first, this.count] = word.split(':').map(Number);
    this.last = this.first + this.count - 1;
    this.seconds = this.count / 25;
  }
  has(number) {
    return number >= this.first && number <= this.last;
  }
  toString() {
    return `${this.first}..${this.last}`;
  }
}

export class Runs {
  constructor(words) {
    this.list = words.map((word) => new Run(word));
  }
  of(number) {
    return this.list.find((run) => run.has(number));
  }
  // About where they begin on a time line that is `duration` long: with `gap` seconds between them, or with what is
  // left over.
  guess(duration, gap) {
    const played = this.list.reduce((sum, run) => sum + run.seconds, 0);
    const between = gap ?? Math.max(0, (duration - played) / Math.max(1, this.list.length - 1));
    let at = 0;
    for (const run of this.list) {
      run.guess = at;
      at += run.seconds + between;
    }
  }
}
