import { type Member } from './api/catalog';
import { type Scalar } from './api/connection';
import { type Language } from './i18n';

/** What amounts are divided by before they are shown. */
export const UNITS = ['one', 'thousand', 'wan', 'million', 'yi'] as const;
export type Unit = (typeof UNITS)[number];

export const DIVISORS: Readonly<Record<Unit, number>> = {
  one: 1,
  thousand: 1e3,
  wan: 1e4,
  million: 1e6,
  yi: 1e8,
};

const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' };
const formats = new Map<string, Intl.NumberFormat>();

function numberFormat(language: Language, digits: number): Intl.NumberFormat {
  const key = `${language}${digits}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(LOCALES[language], {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(key, format);
  }
  return format;
}

/** A number with so many decimals, grouped, with a true minus sign. */
export function formatNumber(value: number, digits: number, language: Language): string {
  const text = numberFormat(language, digits).format(value);
  return /[1-9]/.test(text) ? text.replace('-', '−') : text.replace('-', '');
}

export function formatPercent(ratio: number, language: Language, digits = 1): string {
  return `${formatNumber(ratio * 100, digits, language)}%`;
}

/** A difference of two ratios, in percentage points. */
export function formatPoints(difference: number, language: Language, points: string): string {
  return `${formatNumber(difference * 100, 1, language)} ${points}`;
}

/** Amounts in a unit: whole numbers need no cents once they are thousands. */
export function formatAmount(value: number, unit: Unit, language: Language): string {
  return formatNumber(value / DIVISORS[unit], unit === 'one' ? 2 : 1, language);
}

/** Decimals beyond which an amount in its unit is as good as nothing. */
const FINEST_DIGITS = 4;

/** An amount that stands alone: what is small in the unit keeps two significant digits. */
function formatLoneAmount(value: number, unit: Unit, language: Language): string {
  const size = Math.abs(value / DIVISORS[unit]);
  if (unit === 'one' || size >= 1 || size === 0) return formatAmount(value, unit, language);
  const digits = Math.min(FINEST_DIGITS, 1 - Math.floor(Math.log10(size)));
  return formatNumber(value / DIVISORS[unit], digits, language);
}

/** A figure outside the columns of a pivot: in a headline, on an axis, in a tip. */
export function formatAlone(
  member: Pick<Member, 'format'> | undefined,
  value: number,
  unit: Unit,
  language: Language,
): string {
  const isAmount = member?.format === 'currency' && !Number.isNaN(value);
  return isAmount ? formatLoneAmount(value, unit, language) : formatMeasure(member, value, unit, language);
}

/** A figure of a measure, by the measure's own format. */
export function formatMeasure(
  member: Pick<Member, 'format'> | undefined,
  value: number,
  unit: Unit,
  language: Language,
): string {
  if (Number.isNaN(value)) return '';
  if (member?.format === 'percent') return formatPercent(value, language);
  if (member?.format === 'currency') return formatAmount(value, unit, language);
  return formatNumber(value, Number.isInteger(value) ? 0 : 2, language);
}

const MONTHS: Intl.DateTimeFormatOptions = { month: 'short', year: 'numeric', timeZone: 'UTC' };
const DAYS: Intl.DateTimeFormatOptions = { day: 'numeric', ...MONTHS };
const dates = new Map<string, Intl.DateTimeFormat>();

function dateFormat(language: Language, shape: 'day' | 'month'): Intl.DateTimeFormat {
  const key = language + shape;
  let format = dates.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(LOCALES[language], shape === 'day' ? DAYS : MONTHS);
    dates.set(key, format);
  }
  return format;
}

/** `2024-02-29` or `2024-02-29T00:00:00.000` in words. */
export function formatDay(text: string, language: Language): string {
  return dateFormat(language, 'day').format(new Date(`${text.slice(0, 10)}T00:00:00Z`));
}

export function formatMonth(text: string, language: Language): string {
  return dateFormat(language, 'month').format(new Date(`${text.slice(0, 10)}T00:00:00Z`));
}

/** First and last of several days or months, what they share said once: `Apr – May 2024`. */
export function formatRange([from, to]: [string, string], shape: 'day' | 'month', language: Language): string {
  const [first, last] = [from, to].map((text) => new Date(`${text}T00:00:00Z`)) as [Date, Date];
  return dateFormat(language, shape).formatRange(first, last).replace(/\s/g, ' ');
}

function formatTime(value: string, granularity: string | undefined, language: Language): string {
  if (granularity === 'month') return formatMonth(value, language);
  if (granularity === 'year') return value.slice(0, 4);
  if (granularity === 'quarter')
    return `${value.slice(0, 4)} Q${Math.ceil(Number(value.slice(5, 7)) / 3)}`;
  const time = value.slice(11, 19);
  const day = formatDay(value, language);
  return time === '' || time === '00:00:00' ? day : `${day} ${time}`;
}

/** A value of a dimension as text. Nothing known is a dash, so that the cell is not blank. */
export function formatDimension(
  member: Pick<Member, 'type'> | undefined,
  value: Scalar,
  language: Language,
  granularity?: string,
): string {
  if (value === null || value === '') return '—';
  if (typeof value === 'boolean' || member?.type === 'boolean') {
    const isTrue = String(value) === 'true';
    if (language === 'zh') return isTrue ? '是' : '否';
    return isTrue ? 'Yes' : 'No';
  }
  return member?.type === 'time' ? formatTime(value, granularity, language) : value;
}

/** A figure of an answer: exact decimals come as text; nothing is NaN. */
export function toNumber(value: Scalar | undefined): number {
  return value === null || value === undefined ? Number.NaN : Number(value);
}
