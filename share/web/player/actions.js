// What can be done with recordings: download, delete, keep, mark, and asking why something is missing.
import { api, mediaUrl, part } from '../api.js';
import { h, icon, replace, setText } from '../dom.js';
import { bytes, dateTime, duration, has, list, number, t, bitRate } from '../i18n.js';
import { clock } from '../time.js';
import { button, confirm, dialog, explain, field, form, notice, toast } from '../ui.js';
import { causeText, codecName } from './facts.js';

const kLongestCut = 25 * 3_600_000;

const rfc = (ms) => new Date(Math.round(ms)).toISOString();
export const cutOf = (device, when, document) => mediaUrl(`/media/${part(device)}/cut/${when}/${document}`);

// ---- downloads

// What that download weighs to the byte, or why it can't be had.
async function weigh(url, signal) {
  const answer = await fetch(url, { signal, headers: { Range: 'bytes=0-0', 'X-Requested-With': 'cbx' } });
  if (answer.status === 206) {
    await answer.body?.cancel();
    return { bytes: Number(answer.headers.get('content-range')?.split('/')[1]) };
  }
  await (answer.ok ? answer.body?.cancel() : null);
  return { problem: answer.status === 404 ? t('download.nothing') : (await answer.json().catch(() => null))?.detail ?? t('error.server') };
}

// A range or a day as one file.  when: as the address has it.
export function download({ facts, from, to, when }) {
  const stretch = when ?? `${rfc(from)}..${rfc(to)}`;
  const name = when ? t('download.day', { day: facts.day }) : t('download.range', { from: clock(from, facts.offset), to: clock(to, facts.offset) });
  const asked = new AbortController();
  return dialog(t('download.title'), () => {
    if (to - from > kLongestCut) return notice('warn', h('p', {}, t('download.long')));
    const about = facts.listed ? facts.weight(from, to) : facts.summary?.bytes ?? 0;
    const covered = facts.covered(from, to);
    const size = h('dd', {}, t('download.about', { size: bytes(about) }));
    const problem = h('div', {});
    const video = h('a', { class: 'button primary', href: cutOf(facts.device, stretch, 'video.mp4'), download: true }, icon('download'), t('download.video'));
    const manifest = h('a', { class: 'button', href: cutOf(facts.device, stretch, 'manifest'), download: true }, t('download.manifest'));
    weigh(video.href, asked.signal).then((found) => {
      if (!found.problem) return setText(size, bytes(found.bytes));
      video.removeAttribute('href');
      video.setAttribute('aria-disabled', 'true');
      return replace(problem, notice('bad', h('p', {}, found.problem)));
    }, () => {});
    return [h('dl', { class: 'facts' }, h('dt', {}, t('download.what')), h('dd', {}, name), h('dt', {}, t('download.pictures')),
      h('dd', {}, duration(covered)), h('dt', {}, t('download.weight')), size),
    covered < to - from - 1000 && h('p', { class: 'muted small-text' }, t('download.gaps')), problem,
    h('div', { class: 'actions' }, video, manifest), h('p', { class: 'muted small-text' }, t('download.hint'))];
  }).finally(() => asked.abort());
}

// ---- deletions: gone for good

// One file.  Answers whether it was deleted.
export function removeSegment(facts, segment) {
  const pin = facts.pinned(segment);
  const [from, to] = [clock(segment.from, facts.offset), clock(segment.to, facts.offset)];
  return confirm({
    title: t('delete.file_title', { time: from }),
    text: [t('delete.file_text', { from, to, size: bytes(segment.bytes) }), pin && t('delete.file_pinned', { reason: pin.reason }), t('delete.for_good')].filter(Boolean),
    action: t('delete.file'),
    work: async () => {
      await api.del(`${facts.path}/segments/${part(segment.id)}${pin ? '?pinned=1' : ''}`);
      toast(t('delete.file_done', { time: from }));
    },
  });
}

function pinnedToo(count) {
  const input = h('input', { type: 'checkbox', name: 'pinned' });
  return { element: h('label', { class: 'check' }, input, h('span', {}, t('delete.pinned_too', { count }))), input, name: 'pinned', fail() {}, clear() {} };
}

// The day, confirmed by typing it.
export async function removeDay(facts) {
  const path = `${facts.path}/days/${facts.day}`;
  let would;
  try {
    would = await api.del(`${path}?dry_run=1`);
  } catch (error) {
    toast(explain(error), 'bad');
    return false;
  }
  return confirm({
    title: t('delete.day_title', { day: facts.day }),
    text: [t('delete.day_text', { count: would.deleted, size: bytes(would.bytes) }), would.kept_pinned > 0 && t('delete.day_pinned', { count: would.kept_pinned }),
      t('delete.for_good')].filter(Boolean),
    action: t('delete.day'),
    typed: facts.day,
    fields: would.kept_pinned > 0 ? [pinnedToo(would.kept_pinned)] : [],
    work: async ({ pinned }) => {
      const done = await api.del(`${path}${pinned ? '?pinned=1' : ''}`, { seconds: 300 });
      toast(t('delete.day_done', { count: done.deleted, size: bytes(done.bytes) }));
    },
  });
}

// ---- kept from being pruned

export function pin(facts, from, to) {
  const reason = field({ name: 'reason', label: t('pin.reason'), hint: t('pin.hint'), maxlength: 200, autocomplete: 'off' });
  return dialog(t('pin.title'), (close) => [h('p', {}, t('pin.text', { from: clock(from, facts.offset), to: clock(to, facts.offset) })), form({
    fields: [reason], submit: t('pin.do'), secondary: button({ onclick: () => close() }, t('action.cancel')),
    send: async (values) => {
      await api.post(`${facts.path}/pins`, { from: rfc(from), to: rfc(to), reason: values.reason.trim() });
      toast(t('pin.done'));
      close(true);
    },
  })]);
}

export function unpin(facts, from, to) {
  const taken = facts.pins.filter((p) => p.from < to && p.to > from);
  return confirm({
    title: t('unpin.title'), danger: false, action: t('unpin.do'),
    text: [t('unpin.text', { from: clock(from, facts.offset), to: clock(to, facts.offset) }), taken.length > 0 && t('unpin.reasons', { reasons: list(taken.map((p) => `“${p.reason}”`)) })].filter(Boolean),
    work: async () => {
      await api.del(`${facts.path}/pins?from=${encodeURIComponent(rfc(from))}&to=${encodeURIComponent(rfc(to))}`);
      toast(t('unpin.done'));
    },
  });
}

// ---- a moment worth finding again

export function mark(facts, wall) {
  const note = field({ name: 'note', label: t('mark.note'), optional: true, maxlength: 200, autocomplete: 'off' });
  const kind = field({ name: 'kind', label: t('mark.kind'), options: ['mark', 'shock', 'motion', 'parking', 'sos'].map((k) => [k, t(`event.${k}`)]), value: 'mark' });
  return dialog(t('mark.title', { time: clock(wall, facts.offset) }), (close) => form({
    fields: [note, kind], submit: t('mark.do'), secondary: button({ onclick: () => close() }, t('action.cancel')),
    send: async (values) => {
      await api.post(`${facts.path}/events`, { time: rfc(wall), kind: values.kind, note: values.note.trim() });
      toast(t('mark.done', { time: clock(wall, facts.offset) }));
      close(true);
    },
  }));
}

// ---- why

const closed = (cause) => (has(`closed.${cause}`) ? t(`closed.${cause}`) : cause);

function connectionLines(c, offset) {
  const out = [];
  if (c.open) out.push([t('why.connected'), clock(Date.parse(c.open), offset)]);
  if (c.close) out.push([t('why.closed'), [clock(Date.parse(c.close), offset), c.cause && closed(c.cause), c.detail].filter(Boolean).join(', ')]);
  return out;
}

// All that is known of the minute in which a hole begins.
export function explainGap(facts, gap) {
  const asked = new AbortController();
  return dialog(t('why.title', { from: clock(gap.from, facts.offset), to: clock(gap.to, facts.offset) }), () => {
    const rows = h('dl', { class: 'facts' });
    const write = (lines) => replace(rows, lines.map(([name, text]) => [h('dt', {}, name), h('dd', {}, text)]));
    const lines = [[t('why.cause'), causeText(gap.cause)], [t('why.length'), duration(gap.to - gap.from)], ...(gap.detail ? [[t('why.detail'), gap.detail]] : [])];
    write(lines);
    api.get(`${facts.path}/minutes/${encodeURIComponent(rfc(gap.from))}`, { signal: asked.signal }).then((minute) => {
      const connections = [minute.previous_connection, ...minute.connections].filter(Boolean);
      for (const c of connections.slice(-2)) lines.push(...connectionLines(c, facts.offset));
      if (minute.link) lines.push([t('why.link'), t('why.link_text', { rate: bitRate(minute.link.bit_rate), lost: number(minute.link.lost), rtt: number(minute.link.rtt_ms) })]);
      write(lines);
    }, () => {});
    return rows;
  }).finally(() => asked.abort());
}

// What a browser that can't play a codec is told, and what helps.
export function codecMessage(facts, segment) {
  const codec = codecName(segment?.video ?? '');
  const actions = [];
  if (segment) actions.push(h('a', { class: 'button primary', href: mediaUrl(`${segment.url}?download=1`), download: true }, icon('download'), t('codec.download', { size: bytes(segment.bytes) })));
  return { shape: 'off', title: codec ? t('codec.title', { codec }) : t('codec.title_unknown'), text: t('codec.text'), actions };
}

export const atText = (ms) => dateTime(ms);
