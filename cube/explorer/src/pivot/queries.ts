import { type Query } from '@cubejs-client/core';
import { type Catalog } from '../api/catalog';
import { type Scalar } from '../api/connection';
import { type Against, compare, type Compared, isComparison } from '../comparison';
import { bucketRange, type DateRange } from '../period';
import {
  type Filter,
  isOpen,
  type Opened,
  type Path,
  type PivotState,
  type Show,
  splitAxis,
} from './state';

type QueryFilter = NonNullable<Query['filters']>[number];

/** One query: the figures of one level of rows by one level of columns. */
export interface Level {
  rowLevel: number;
  columnLevel: number;
  /** The days that the figures are of; null for all time. */
  range: DateRange | null;
  measures: string[];
  query: Query;
}

/** What a value is compared with; null where it is shown as it is, or as a share. */
export function againstOf(show: Show): Against | null {
  if (show === 'month_before' || show.endsWith('on_month')) return 'before';
  if (show === 'year_before' || show.endsWith('on_year')) return 'year';
  return null;
}

/** Measures that are shown beside those of another period. */
export function comparedMeasures(state: PivotState, catalog: Catalog): string[] {
  if (!canCompare(state, catalog)) return [];
  const values = state.values.filter((value) => againstOf(value.show) !== null);
  return [...new Set(values.map((value) => value.measure))];
}

/** The comparisons that the values of a pivot ask for. */
export type Comparisons = Partial<Record<Against, Compared>>;

/** Both ranges of each comparison of a pivot, or why there is none. */
export function planComparisons(
  state: PivotState,
  catalog: Catalog,
  businessDate: string,
  dataFrom: string | null,
): Comparisons {
  if (!canCompare(state, catalog)) return {};
  const asked = new Set(state.values.map((value) => againstOf(value.show)));
  const found: Comparisons = {};
  for (const against of ['before', 'year'] as const)
    if (asked.has(against)) found[against] = compare(state.period, against, businessDate, dataFrom);
  return found;
}

/** The calendar of a view: every view has a member `date`. */
export function dateMember(view: string): string {
  return `${view}.date`;
}

/** Members of the calendar: their filters never stand beside others in an `or`. */
const CALENDAR = /\.(date|year_number|quarter_number|month_number|month_name|month_end_date)$/;

export function isCalendar(catalog: Catalog, axis: string): boolean {
  const { member } = splitAxis(axis);
  return CALENDAR.test(member) || catalog.member(member)?.type === 'time';
}

/**
 * A figure of an earlier period needs rows and columns that are the same in both periods, and a
 * period that can be shifted.
 */
export function canCompare(state: PivotState, catalog: Catalog): boolean {
  const axes = [...state.rows, ...state.columns];
  return state.period !== 'all' && !axes.some((axis) => isCalendar(catalog, axis));
}

/**
 * The queries of a pivot: one for every level of rows that is open, by every level of columns, by
 * every period. Every subtotal and total is thus a figure of the server.
 */
export function planLevels(
  state: PivotState,
  catalog: Catalog,
  shown: DateRange | null,
  comparisons: Comparisons,
): Level[] {
  const rows = openLevels(state.rowsOpened, state.rows.length);
  const columns = openLevels(state.columnsOpened, state.columns.length);
  return measuresByRange(state, shown, comparisons).flatMap(([range, measures]) =>
    rows.flatMap((rowLevel) =>
      columns.map((columnLevel) => {
        const level = { rowLevel, columnLevel, range, measures };
        return { ...level, query: levelQuery(state, catalog, level) };
      }),
    ),
  );
}

/** Levels of a tree that show something: the total, the first, and those below open nodes. */
function openLevels(opened: Opened, depth: number): number[] {
  const deepest = Math.max(
    Math.min(opened.depth, depth),
    ...openedPaths(opened).map((path) => path.length + 1),
  );
  return Array.from({ length: Math.min(deepest, depth) + 1 }, (_, level) => level);
}

/** Nodes below the general depth that are open, with all nodes above them open too. */
function openedPaths(opened: Opened): Path[] {
  return opened.toggled.filter((path) =>
    path.every((_, index) => isOpen(opened, path.slice(0, index + 1))),
  );
}

/** Measures by the days that they are asked of: those shown, and both sides of a comparison. */
function measuresByRange(
  state: PivotState,
  shown: DateRange | null,
  comparisons: Comparisons,
): [DateRange | null, string[]][] {
  const groups = new Map<string, [DateRange | null, Set<string>]>();
  const ask = (range: DateRange | null, measure: string) => {
    const key = String(range);
    const group = groups.get(key) ?? [range, new Set<string>()];
    group[1].add(measure);
    groups.set(key, group);
  };
  for (const { measure } of state.values) ask(shown, measure);
  for (const { measure, show } of state.values) {
    const compared = comparisons[againstOf(show) ?? 'before'];
    if (againstOf(show) === null || !isComparison(compared)) continue;
    ask(compared.now, measure);
    ask(compared.base, measure);
  }
  return [...groups.values()].map(([range, measures]) => [range, [...measures]]);
}

function levelQuery(
  state: PivotState,
  catalog: Catalog,
  level: Omit<Level, 'query'>,
): Query {
  const dimensions = [
    ...state.rows.slice(0, level.rowLevel),
    ...state.columns.slice(0, level.columnLevel),
  ];
  const filters = [
    ...completeFilters(state.filters).map(toQueryFilter),
    ...openFilter(state, catalog, level.rowLevel),
  ];
  return {
    measures: level.measures,
    dimensions,
    ...(filters.length > 0 ? { filters } : {}),
    ...(state.segments.length > 0 ? { segments: state.segments } : {}),
    ...(level.range ? { timeDimensions: [dateRangeOf(state.view, level.range)] } : {}),
  };
}

export function dateRangeOf(view: string, range: DateRange) {
  return { dimension: dateMember(view), dateRange: range };
}

/** Filters that say something: one without values was just dropped and waits for them. */
export function completeFilters(filters: Filter[]): Filter[] {
  const isComplete = ({ operator, values }: Filter) =>
    operator === 'set' || operator === 'notSet' || values.length > 0;
  return filters.filter(isComplete);
}

export function toQueryFilter({ member, operator, values }: Filter): QueryFilter {
  const isUnary = operator === 'set' || operator === 'notSet';
  return (isUnary ? { member, operator } : { member, operator, values }) as QueryFilter;
}

/** Below the general depth only the children of open nodes are asked for. */
function openFilter(state: PivotState, catalog: Catalog, level: number): QueryFilter[] {
  if (level <= state.rowsOpened.depth) return [];
  const parents = openedPaths(state.rowsOpened).filter((path) => path.length === level - 1);
  const axes = state.rows.slice(0, level - 1);
  // A time in an `or` leaves the end of the period open, so all periods are asked for then.
  const conditions = parents.map((path) =>
    axes.flatMap((axis, index) =>
      isCalendar(catalog, axis) ? [] : keyFilters(axis, path[index] ?? null),
    ),
  );
  if (conditions.some((condition) => condition.length === 0)) return [];
  return [{ or: conditions.map((condition) => ({ and: condition })) } as QueryFilter];
}

/** Conditions that a member has a key: a value, nothing, or a bucket of time. */
export function keyFilters(axis: string, key: Scalar): QueryFilter[] {
  const { member, granularity } = splitAxis(axis);
  if (key === null) return [{ member, operator: 'notSet' } as QueryFilter];
  const bucket = granularity && bucketRange(String(key), granularity);
  const operator = bucket ? 'inDateRange' : 'equals';
  return [{ member, operator, values: bucket ? [...bucket] : [String(key)] } as QueryFilter];
}
