#!/usr/bin/env node
// viewers.js URL NUMBER SECONDS: so many people watch one live camera (the media playlist at URL) over low-latency HLS,
// as players do: playlists are asked for before they exist (RFC 8216bis, 6.2.5.2), and each part is fetched once, on
// kept connections.  Prints one JSON line; exit status 1 when somebody got an error, or missed a part.
import http from 'node:http';

const [url, number, seconds] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const end = Date.now() + seconds * 1000;
const total = { viewers: number, playlists: 0, parts: 0, bytes: 0, errors: [] };
const partMs = [];

function get(target, agent, keep) {
  return new Promise((done, failed) => {
    const request = http.get(target, { agent }, (response) => {
      let bytes = 0;
      let text = '';
      if (keep) response.setEncoding('utf8');
      response.on('data', (piece) => {
        bytes += piece.length;
        if (keep) text += piece;
      });
      response.on('end', () => done({ status: response.statusCode, bytes, text }));
      response.on('error', failed);
    });
    request.on('error', failed);
  });
}

// The parts of the newest files, each with the number of its segment, and what to ask for next.
function read(text) {
  let msn = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0);
  let inSegment = 0;
  const parts = [];
  for (const line of text.split('\n')) {
    const part = /^#EXT-X-PART:.*URI="([^"]+)"/.exec(line);
    if (part) parts.push({ msn, part: inSegment++, uri: part[1] });
    else if (line && !line.startsWith('#')) {
      msn++;
      inSegment = 0;
    }
  }
  return { parts, next: { msn, part: inSegment } };
}

const isAfter = (a, b) => a.msn > b.msn || (a.msn === b.msn && a.part > b.part);

async function watch() {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  let last = null;
  let query = '';
  while (Date.now() < end) {
    const playlist = await get(url + query, agent, true);
    if (playlist.status !== 200) throw new Error(`${playlist.status} for ${query || 'the playlist'}`);
    total.playlists++;
    const { parts, next } = read(playlist.text);
    // Whoever begins takes the newest part.
    const fresh = last ? parts.filter((part) => isAfter(part, last)) : parts.slice(-1);
    const [first] = fresh;
    if (last && first && !(first.msn === last.msn ? first.part === last.part + 1 : first.part === 0 && first.msn === last.msn + 1))
      throw new Error(`part ${first.msn}.${first.part} after ${last.msn}.${last.part}`);
    for (const part of fresh) {
      const asked = performance.now();
      const got = await get(new URL(part.uri, url), agent, false);
      partMs.push(performance.now() - asked);
      if (got.status !== 200) throw new Error(`${got.status} for ${part.uri}`);
      total.parts++;
      total.bytes += got.bytes;
      last = part;
    }
    query = `?_HLS_msn=${next.msn}&_HLS_part=${next.part}`;
  }
  agent.destroy();
}

await Promise.all(
  Array.from({ length: number }, () => watch().catch((error) => total.errors.push(error.message))),
);
partMs.sort((a, b) => a - b);
const quantile = (share) => Number((partMs[Math.floor((partMs.length - 1) * share)] ?? 0).toFixed(1));
const errors = [...new Set(total.errors)].slice(0, 5);
console.log(JSON.stringify({ ...total, errors, failed: total.errors.length, part_p50_ms: quantile(0.5), part_p99_ms: quantile(0.99) }));
process.exitCode = total.errors.length || total.parts < number ? 1 : 0;
