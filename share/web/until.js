// Until when something is to be good: a choice of lengths.
import { date, t } from './i18n.js';
import { kDay } from './time.js';
import { field } from './ui.js';

const kDays = { day: 1, week: 7, month: 30, quarter: 90, year: 365 };

// A field whose value untilOf() turns into the API's `until`; `always`: no end may be chosen too.
export function untilField({ label, always = false, first = 'week', only = Object.keys(kDays) }) {
  const options = only.map((name) => [name, t(`until.${name}`, { date: date(Date.now() + kDays[name] * kDay) })]);
  if (always) options.unshift(['', t('until.always')]);
  return field({ name: 'until', label, options, optional: false, required: false, value: always ? '' : first });
}

export const untilOf = (value) => (value ? { until: new Date(Date.now() + kDays[value] * kDay).toISOString() } : {});
