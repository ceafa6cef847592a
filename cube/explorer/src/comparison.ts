import { type Connection } from './api/connection';
import { type Catalog } from './api/catalog';
import { formatDay, formatRange } from './format';
import { type Language, type Texts } from './i18n';
import { type DateRange, type Period, resolvePeriod, shiftDays, shiftRange, wholeMonths } from './period';

/** What a period is compared with: the period before of its own kind, or the same one a year ago. */
export type Against = 'before' | 'year';

/** Two ranges of equal length, both with complete data. */
export interface Comparison {
  now: DateRange;
  base: DateRange;
}

/** Why there is no comparison. */
export interface Refusal {
  reason: 'no_period' | 'running' | 'before_data';
  /** The range that is not complete, or that begins before the data. */
  range: DateRange | null;
  /** Where the data begins. */
  dataFrom: string | null;
}

export type Compared = Comparison | Refusal;

export function isComparison(compared: Compared | undefined): compared is Comparison {
  return compared !== undefined && 'base' in compared;
}

const STEPS: Readonly<Record<string, number>> = { this_quarter: 3, this_year: 12, last_12_months: 12 };
const YEAR = 12;

/**
 * The part of a period that is complete, and what it is compared with.
 *
 * A month that still runs is left out on both sides: eleven months beside twelve, or 28 days of
 * profit beside 29, are no comparison. A base that begins before the data is refused.
 */
export function compare(
  period: Period,
  against: Against,
  businessDate: string,
  dataFrom: string | null,
): Compared {
  const range = resolvePeriod(period, businessDate);
  if (!range) return { reason: 'no_period', range: null, dataFrom };
  const now = completePart(range, businessDate);
  if (!now) return { reason: 'running', range, dataFrom };
  const base = baseOf(now, stepOf(period, range), against);
  if (dataFrom === null || base[0] < dataFrom) return { reason: 'before_data', range: base, dataFrom };
  return { now, base };
}

/** Months by which a period of whole months steps back to its own predecessor; null for days. */
function stepOf(period: Period, range: DateRange): number | null {
  return typeof period === 'string' ? (STEPS[period] ?? 1) : wholeMonths(range);
}

function baseOf(now: DateRange, step: number | null, against: Against): DateRange {
  if (against === 'year') return shiftRange(now, YEAR);
  return step === null ? shiftDays(now) : shiftRange(now, step);
}

/** Whole months that have ended; of a range of single days, those that have passed. */
function completePart(range: DateRange, businessDate: string): DateRange | null {
  const [from, to] = range;
  if (to <= businessDate) return range;
  const end = wholeMonths(range) === null ? businessDate : lastCompleteDay(businessDate);
  return end < from ? null : [from, end];
}

/** Last day of the last month that has ended on a business date. */
function lastCompleteDay(businessDate: string): string {
  const running = resolvePeriod('this_month', businessDate);
  const before = resolvePeriod('last_month', businessDate);
  return (running?.[1] === businessDate ? running : before)?.[1] ?? businessDate;
}

/**
 * The first day from which every one of these measures has whole data for this user; null where one
 * has none. Views of months say themselves which are complete; elsewhere it is the first day with a row.
 */
export async function dataStart(connection: Connection, catalog: Catalog, measures: string[]): Promise<string | null> {
  const starts = await Promise.all(measures.map((measure) => startOf(connection, catalog, measure)));
  const known = starts.filter((start) => start !== null);
  return known.length === measures.length ? (known.toSorted().at(-1) ?? null) : null;
}

async function startOf(connection: Connection, catalog: Catalog, measure: string): Promise<string | null> {
  const [view = ''] = measure.split('.');
  const complete = `${view}.is_complete_month`;
  const isMonthly = catalog.has(complete);
  const date = `${view}.date`;
  const granularity = isMonthly ? 'month' : 'day';
  const answer = await connection.load({
    measures: [measure],
    timeDimensions: [{ dimension: date, granularity }],
    filters: [
      { member: measure, operator: 'set' },
      ...(isMonthly ? [{ member: complete, operator: 'equals' as const, values: ['true'] }] : []),
    ],
    order: { [date]: 'asc' },
    limit: 1,
  });
  const first = answer.rows[0]?.[`${date}.${granularity}`];
  return typeof first === 'string' ? first.slice(0, 10) : null;
}

/** A range in words: `Jan 2024`, `Jan – Mar 2024`, or its days. */
export function rangeTitle([from, to]: DateRange, language: Language): string {
  return formatRange([from, to], wholeMonths([from, to]) === null ? 'day' : 'month', language);
}

/** Why there is no comparison, in words. */
export function refusalText({ reason, range, dataFrom }: Refusal, language: Language, t: Texts): string {
  const words = t.comparison;
  const title = range ? rangeTitle(range, language) : '';
  if (reason === 'no_period') return words.noPeriod;
  if (reason === 'running') return words.running(title);
  return words.beforeData(title, dataFrom === null ? '—' : formatDay(dataFrom, language));
}
