import { type Query } from '@cubejs-client/core';
import { type Catalog, type Member } from '../api/catalog';
import { resolvePeriod } from '../period';
import { completeFilters, dateRangeOf, keyFilters, toQueryFilter } from './queries';
import { type Path, type PivotState } from './state';

export const DRILL_PAGE = 100;

/** Aggregates whose single rows the server can show; others are shown per drill member. */
const PLAIN = ['sum', 'count', 'countDistinct', 'min', 'max', 'avg'];

/** What identifies a row, in the order in which it is shown, where a view has it. */
const IDENTIFYING = [
  'transaction_date',
  'posted_at',
  'flow_date',
  'date',
  'customer_name',
  'account_id',
  'loan_id',
  'card_id',
  'manager_name',
  'product_name',
  'branch_name',
  'transaction_type_name',
  'channel_name',
  'measure_name',
];

/** Columns of a drill-through: the members that the model names, else what identifies a row. */
export function drillMembers(catalog: Catalog, measure: string): string[] {
  const [view = ''] = measure.split('.');
  const named = (catalog.member(measure)?.drillMembers ?? []).filter((name) => catalog.has(name));
  const identifying = IDENTIFYING.map((name) => `${view}.${name}`).filter((name) =>
    catalog.has(name),
  );
  return [...new Set([...named, ...identifying])].slice(0, 7);
}

/** The rows behind a cell, the largest first. The server applies the user's rights as always. */
export function drillQuery(
  state: PivotState,
  catalog: Catalog,
  cell: { row: Path; column: Path; measure: string },
  businessDate: string,
  page: number,
): Query {
  const range = resolvePeriod(state.period, businessDate);
  const keys = [
    ...cell.row.flatMap((key, index) => keyFilters(state.rows[index] ?? '', key)),
    ...cell.column.flatMap((key, index) => keyFilters(state.columns[index] ?? '', key)),
  ];
  const filters = [...completeFilters(state.filters).map(toQueryFilter), ...keys];
  return {
    measures: [cell.measure],
    dimensions: drillMembers(catalog, cell.measure),
    ...(filters.length > 0 ? { filters } : {}),
    ...(state.segments.length > 0 ? { segments: state.segments } : {}),
    ...(range ? { timeDimensions: [dateRangeOf(state.view, range)] } : {}),
    ...(isPlain(catalog.member(cell.measure)) ? { ungrouped: true } : {}),
    order: [[cell.measure, 'desc']],
    limit: DRILL_PAGE,
    offset: page * DRILL_PAGE,
    total: true,
  };
}

function isPlain(measure: Member | undefined): boolean {
  return PLAIN.includes(measure?.aggType ?? '');
}
