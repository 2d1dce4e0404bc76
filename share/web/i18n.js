// Words, dates and numbers in the user's language.  A language is one file in locales/; only the one in use is loaded.
export const languages = { en: 'English', ko: '한국어' };
const kKept = 'cbx.language';

let current = 'en';
let words = {};
let plurals = new Intl.PluralRules('en');
let formats = new Map();

export const language = () => current;

function kept() {
  try {
    return localStorage.getItem(kKept);
  } catch {
    return null; // storage is forbidden: the browser's language it is
  }
}

// The language that was chosen here, else the first of the browser's that there is.
export function preferredLanguage() {
  const wanted = [kept(), ...(navigator.languages ?? [navigator.language])];
  for (const tag of wanted) {
    const code = tag?.toLowerCase().split('-')[0];
    if (code && Object.hasOwn(languages, code)) return code;
  }
  return 'en';
}

// keep: it was chosen by hand, and is to stay in this browser.
export async function setLanguage(code, { keep = false } = {}) {
  if (!Object.hasOwn(languages, code)) code = 'en';
  words = (await import(`./locales/${code}.js`)).default;
  current = code;
  plurals = new Intl.PluralRules(code);
  formats = new Map();
  document.documentElement.lang = code;
  if (!keep) return;
  try {
    localStorage.setItem(kKept, code);
  } catch {
    // Then it lasts as long as the page.
  }
}

export const has = (key) => Object.hasOwn(words, key);

// t('cards.seen', { ago }) fills '{ago}'.  Where a text is { one, other }, `count` decides.
export function t(key, values = {}) {
  let text = words[key];
  if (text === undefined) {
    console.error(`no text '${key}' in ${current}`);
    return key;
  }
  if (typeof text === 'object') text = text[plurals.select(values.count)] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (all, name) =>
    name in values ? (name === 'count' ? number(values.count) : String(values[name])) : all,
  );
}

// The text around one element: parts('add.or', 'link', node) → ['before ', node, ' after'].
export function parts(key, name, node, values) {
  const [before, after = ''] = t(key, values).split(`{${name}}`);
  return [before, node, after];
}

function format(kind, options, make) {
  const key = kind + JSON.stringify(options ?? {});
  if (!formats.has(key)) formats.set(key, make());
  return formats.get(key);
}

export function number(value, options) {
  return format('n', options, () => new Intl.NumberFormat(current, options)).format(value);
}

// percent of a hundred, as the API has it; what is not all is never shown as 100 %, what is not nothing never as 0 %
export function percent(value) {
  const shown =
    value > 99 && value < 100 ? Math.min(99.9, value) : value > 0 && value < 1 ? Math.max(0.1, value) : value;
  const digits = (shown > 99 && shown < 100) || (shown > 0 && shown < 1) ? 1 : 0;
  return number(shown / 100, { style: 'percent', maximumFractionDigits: digits, roundingMode: 'trunc' });
}

function scaled(value, step, units, of) {
  let power = 0;
  while (value >= step && power < units.length - 1) ((value /= step), power++);
  return `${number(value, { maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 })} ${units[power]}${of}`;
}

// Decimal units, as disks and data plans are sold.
export const bytes = (value) => scaled(value, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB'], '');
export const bitRate = (value) => scaled(value, 1000, ['', 'k', 'M', 'G'], 'bit/s');

const milliseconds = (time) => (typeof time === 'number' ? time : Date.parse(time));

// A date in the browser's zone, unless options say { timeZone: 'UTC' }.
export function date(time, options = { dateStyle: 'medium' }) {
  return format('d', options, () => new Intl.DateTimeFormat(current, options)).format(milliseconds(time));
}
export const dateTime = (time) => date(time, { dateStyle: 'medium', timeStyle: 'short' });

const kSteps = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

// "3 minutes ago", "in 5 days"; within a minute "just now".
export function ago(time, now = Date.now()) {
  const seconds = (milliseconds(time) - now) / 1000;
  for (const [unit, size] of kSteps) {
    if (Math.abs(seconds) < size) continue;
    const options = { numeric: 'auto' };
    return format('r', options, () => new Intl.RelativeTimeFormat(current, options)).format(
      Math.trunc(seconds / size),
      unit,
    );
  }
  return t('time.now');
}

// A length in its two largest units: "2 h 5 min", "45 s"; from a minute on without seconds where they don't matter.
export function duration(ms, { seconds: fine = true } = {}) {
  let seconds = Math.round(ms / 1000);
  if (!fine && seconds >= 60) seconds -= seconds % 60;
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ];
  const first = Math.max(
    0,
    units.findIndex(([, size]) => seconds >= size),
  );
  const out = [];
  let rest = seconds;
  for (const [unit, size] of seconds === 0 ? units.slice(3) : units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count || seconds === 0) out.push(number(count, { style: 'unit', unit, unitDisplay: 'short' }));
  }
  return out.join(' ');
}

// "a, b and c"
export function list(items) {
  return format('l', {}, () => new Intl.ListFormat(current)).format(items);
}
