// In the page: one video element, three ways to feed it, and the number that every picture of the numbered clips carries
// in its upper sixth: 16 fields from left to right, white for 1, the lowest bit first (numbered_clip in clips.bash).
'use strict';

const kBits = 16;
const video = document.querySelector('video');
const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

const page = {
  errors: [],  // what the player calls fatal
  notes: [],   // what it calls an error, and gets over
  seen: [],    // pictures in the order in which they were shown: {time, number, at}
  player: null,
};

function readNumber() {
  const { videoWidth: width, videoHeight: height } = video;
  if (!width) return -1;
  const { canvas } = context;
  if (canvas.width !== width) canvas.width = width;
  canvas.height = 1;
  context.drawImage(video, 0, Math.floor(height / 12), width, 1, 0, 0, width, 1);
  const row = context.getImageData(0, 0, width, 1).data;
  let number = 0;
  for (let bit = 0; bit < kBits; bit++) {
    if (row[4 * Math.floor(((bit + 0.5) * width) / kBits)] > 127) number |= 1 << bit;
  }
  return number;
}

function watchPictures(now, metadata) {
  page.seen.push({ time: metadata.mediaTime, number: readNumber(), at: Date.now() });
  video.requestVideoFrameCallback(watchPictures);
}

// Whether it became so within that time.
async function comesTrue(seconds, good) {
  for (const end = Date.now() + seconds * 1000; !good();) {
    if (Date.now() > end) return false;
    await new Promise((next) => setTimeout(next, 20));
  }
  return true;
}

const bufferedRanges = () => [...Array(video.buffered.length).keys()].map((i) => [video.buffered.start(i), video.buffered.end(i)]);

const players = {
  async hls(url, { token, live }) {
    const authorise = (xhr) => xhr.setRequestHeader('Authorization', `Bearer ${token}`);
    const hls = new Hls({ lowLatencyMode: live, backBufferLength: 90, xhrSetup: token ? authorise : undefined });
    hls.on(Hls.Events.ERROR, (event, data) => {
      const text = `${data.type} ${data.details} ${data.error?.message ?? ''}`.trim();
      (data.fatal ? page.errors : page.notes).push(text);
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
    hls.loadSource(url);
    hls.attachMedia(video);
    return hls;
  },

  async dash(url, { token, live }) {
    const dash = dashjs.MediaPlayer().create();
    dash.updateSettings({ debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE } });
    // dash.js 5.2 loads the next period ahead into the buffers of this one, and mixes the two up where seeks follow each
    // other quickly: sound goes where the other period's belongs and is thrown away, and the seek never ends; or the
    // buffers are emptied while Chromium seeks in them, and it shows the key picture behind.
    if (!live) dash.updateSettings({ streaming: { buffer: { reuseExistingSourceBuffers: false } } });
    if (token) {
      dash.addRequestInterceptor((request) => {
        request.headers = { ...request.headers, Authorization: `Bearer ${token}` };
        return Promise.resolve(request);
      });
    }
    dash.on(dashjs.MediaPlayer.events.ERROR, ({ error }) => page.errors.push(`${error.code ?? ''} ${error.message ?? error}`));
    dash.initialize(video, url, true);
    return dash;
  },

  async native(url) {
    if (!video.canPlayType('application/vnd.apple.mpegurl')) throw new Error('this browser has no HLS of its own');
    video.src = url;
    video.play().catch((error) => page.errors.push(String(error)));
  },

  async file(url) {
    video.src = url;
    video.play().catch((error) => page.errors.push(String(error)));
  },
};

// eslint-disable-next-line no-unused-vars -- called by browser.js
const control = {
  async start(kind, url, options) {
    video.onerror = () => page.errors.push(`media error ${video.error.code}: ${video.error.message}`);
    video.requestVideoFrameCallback(watchPictures);
    page.player = await players[kind](url, options);
  },
  state() {
    return {
      time: video.currentTime, duration: video.duration, paused: video.paused, ended: video.ended, seeking: video.seeking,
      ready: video.readyState, number: readNumber(), width: video.videoWidth, height: video.videoHeight, buffered: bufferedRanges(),
      errors: page.errors, notes: page.notes, seen: page.seen.length,
      date: page.player?.playingDate?.getTime(), latency: page.player?.latency,
      dropped: video.getVideoPlaybackQuality().droppedVideoFrames,
    };
  },
  seen: (from) => page.seen.slice(from),
  play: () => video.play(),
  pause: () => video.pause(),
  rate(value) {
    video.playbackRate = value;
  },
  // The picture at `time`, at rest: what is shown once a picture of that time was announced; others, from before, may be
  // announced first.  One that comes while another is being announced never is: then, what is shown 3 s later.
  async seek(time) {
    video.pause();
    const done = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }));
    const before = page.seen.length;
    video.currentTime = time;
    await done;
    await comesTrue(3, () => page.seen.length > before && Math.abs(page.seen.at(-1).time - video.currentTime) < 0.1);
    return { time: video.currentTime, number: readNumber() };
  },
};
