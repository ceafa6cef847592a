/** Ranges of whole months before and around a business date. Dates are `YYYY-MM-DD`. */
export const PERIODS = [
  'this_month',
  'last_month',
  'this_quarter',
  'this_year',
  'last_12_months',
  'all',
] as const;
export type NamedPeriod = (typeof PERIODS)[number];
export type DateRange = [from: string, to: string];
/** A named period, or a range that the user typed. */
export type Period = NamedPeriod | DateRange;

function toText(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function firstOfMonth(year: number, month: number): string {
  return toText(new Date(Date.UTC(year, month, 1)));
}

function lastOfMonth(year: number, month: number): string {
  return toText(new Date(Date.UTC(year, month + 1, 0)));
}

/** First and last day of a period, as of a business date; `null` for all time. */
export function resolvePeriod(period: Period, businessDate: string): DateRange | null {
  if (typeof period !== 'string') return period;
  const year = Number(businessDate.slice(0, 4));
  const month = Number(businessDate.slice(5, 7)) - 1;
  const quarter = month - (month % 3);
  switch (period) {
    case 'this_month':
      return [firstOfMonth(year, month), lastOfMonth(year, month)];
    case 'last_month':
      return [firstOfMonth(year, month - 1), lastOfMonth(year, month - 1)];
    case 'this_quarter':
      return [firstOfMonth(year, quarter), lastOfMonth(year, month)];
    case 'this_year':
      return [firstOfMonth(year, 0), lastOfMonth(year, month)];
    case 'last_12_months':
      return [firstOfMonth(year, month - 11), lastOfMonth(year, month)];
    case 'all':
      return null;
  }
}

/** A range so many months earlier. A month's last day becomes the last day of its month. */
export function shiftRange([from, to]: DateRange, months: number): DateRange {
  return [shiftDay(from, months), shiftDay(to, months)];
}

function shiftDay(text: string, months: number): string {
  const [year = 0, month = 1, day = 1] = text.split('-').map(Number);
  const isMonthEnd = text === lastOfMonth(year, month - 1);
  const end = lastOfMonth(year, month - 1 - months);
  const lastDay = Number(end.slice(8));
  return isMonthEnd ? end : `${end.slice(0, 8)}${String(Math.min(day, lastDay)).padStart(2, '0')}`;
}

/** Number of whole months of a range; null where it begins or ends within a month. */
export function wholeMonths([from, to]: DateRange): number | null {
  const [year = 0, month = 1] = to.split('-').map(Number);
  const [fromYear = 0, fromMonth = 1] = from.split('-').map(Number);
  if (!from.endsWith('-01') || to !== lastOfMonth(year, month - 1)) return null;
  return (year - fromYear) * 12 + month - fromMonth + 1;
}

const DAY_MS = 86_400_000;

/** The days just before a range, as many as it has. */
export function shiftDays([from, to]: DateRange): DateRange {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
  const back = (text: string) => toText(new Date(Date.parse(text) - days * DAY_MS));
  return [back(from), back(to)];
}

/** The days that a range typed by a user may lie between: what the warehouse keeps dates of. */
const [EARLIEST, LATEST] = ['1900-01-01', '2199-12-31'];

/** Whether two dates that a user typed are a range: both there, in order, of four-digit years. */
export function isRange(from: string, to: string): boolean {
  const isDay = (text: string) =>
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && text >= EARLIEST && text <= LATEST;
  return isDay(from) && isDay(to) && from <= to;
}

/** First and last day of the bucket that starts at a moment. */
export function bucketRange(start: string, granularity: string): DateRange {
  const [year = 0, month = 1, day = 1] = start.slice(0, 10).split('-').map(Number);
  const ends: Record<string, string> = {
    year: toText(new Date(Date.UTC(year + 1, month - 1, 0))),
    quarter: lastOfMonth(year, month + 1),
    month: lastOfMonth(year, month - 1),
    week: toText(new Date(Date.UTC(year, month - 1, day + 6))),
  };
  return [start.slice(0, 10), ends[granularity] ?? start.slice(0, 10)];
}
