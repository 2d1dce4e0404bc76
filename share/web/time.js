// Days and clocks in the store's fixed offset from UTC.  Instants are milliseconds since 1970, offsets milliseconds, days
// '2026-11-20'.
export const kSecond = 1000,
  kMinute = 60_000,
  kHour = 3_600_000,
  kDay = 86_400_000;

const two = (value) => String(value).padStart(2, '0');

// '+09:00', '-03:30', 'Z' → milliseconds; null where it is none
export function parseOffset(text) {
  if (text === 'Z') return 0;
  const found = /^([+-])(\d\d):(\d\d)$/.exec(text);
  if (!found) return null;
  return (found[1] === '-' ? -1 : 1) * (Number(found[2]) * kHour + Number(found[3]) * kMinute);
}

export function formatOffset(offset) {
  const minutes = Math.abs(offset) / kMinute;
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

// The offset that a day and the instant at which it begins tell.
export const offsetOf = (day, start) => Date.parse(`${day}T00:00:00Z`) - Date.parse(start);

// Whether the browser's clock shows another time at that instant.
export const differsHere = (offset, ms = Date.now()) => -new Date(ms).getTimezoneOffset() * kMinute !== offset;

export const dayOf = (ms, offset) => new Date(ms + offset).toISOString().slice(0, 10);

// '08:14:05', with milliseconds if asked: '08:14:05.033'
export function clock(ms, offset, { seconds = true, milliseconds = false } = {}) {
  return new Date(ms + offset).toISOString().slice(11, milliseconds ? 23 : seconds ? 19 : 16);
}

// A day that there is: '2026-02-30' is none.
export function isDay(text) {
  if (!/^\d{4}-\d\d-\d\d$/.test(text ?? '')) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

export const startOf = (day, offset) => Date.parse(`${day}T00:00:00Z`) - offset;

// The instant of '08:14:05', '08:14' or '08:14:05.5' on a day; '24:00' is its end.  null where it is none.
export function at(day, text, offset) {
  const found = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?$/.exec(text ?? '');
  if (!found || !isDay(day)) return null;
  const [hours, minutes, seconds] = [found[1], found[2], found[3] ?? 0].map(Number);
  const since = hours * kHour + minutes * kMinute + seconds * kSecond + Number((found[4] ?? '0').padEnd(3, '0'));
  if (minutes > 59 || seconds > 59 || since > kDay) return null;
  return startOf(day, offset) + since;
}

// What somebody types to get to a time, as '08:14:05': '8:14', '0814', '081405', '8', '8.14', '8시 14분', '오후 8:14',
// '8:14 pm'.  null where it is no time.
export function parseJump(text) {
  let rest = String(text ?? '')
    .trim()
    .toLowerCase();
  const half = /(오전|오후|am|pm|a\.m\.|p\.m\.)/.exec(rest)?.[1];
  if (half) rest = rest.replace(half, '').trim();
  rest = rest
    .replace(/\s*[시분h]\s*/g, ':')
    .replace(/\s*초$/, '')
    .replace(/[.\s]+/g, ':')
    .replace(/:+$/, '');
  const packed = /^(\d{2})(\d{2})(\d{2})?$/.exec(rest) ?? /^(\d)(\d{2})$/.exec(rest);
  const found = packed ?? /^(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}))?$/.exec(rest);
  if (!found) return null;
  let [hours, minutes, seconds] = [found[1], found[2] ?? 0, found[3] ?? 0].map(Number);
  if (half) {
    if (hours < 1 || hours > 12) return null;
    hours = (hours % 12) + (/^(오후|p)/.test(half) ? 12 : 0);
  }
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  return `${two(hours)}:${two(minutes)}:${two(seconds)}`;
}

export function addDays(day, count) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * kDay).toISOString().slice(0, 10);
}

// '2026-11', +1 → '2026-12'
export function addMonths(month, count) {
  const [year, of] = month.split('-').map(Number);
  return new Date(Date.UTC(year, of - 1 + count, 1)).toISOString().slice(0, 7);
}

export function daysIn(month) {
  const [year, of] = month.split('-').map(Number);
  return new Date(Date.UTC(year, of, 0)).getUTCDate();
}

// 0 is Sunday
export const weekday = (day) => new Date(`${day}T00:00:00Z`).getUTCDay();
