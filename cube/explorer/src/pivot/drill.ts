import { type Query } from '@cubejs-client/core';
import { type Catalog } from '../api/catalog';
import { resolvePeriod } from '../period';
import { completeFilters, dateRangeOf, isCalendar, keyFilters, toQueryFilter } from './queries';
import { type Path, type PivotState } from './state';

export const DRILL_PAGE = 100;
const MOST_COLUMNS = 7;
/** Views of several months without a member of their own that says so. */
const MONTHLY_VIEWS = ['bank_overview', 'credit', 'managers'];

/** Members that tell rows of customers of one name apart. */
const CONTRACTS = ['account_id', 'loan_id', 'card_id'];

/** What identifies a row, in the order in which it is shown, where a view has it. */
const IDENTIFYING = [
  'value_date',
  'booked_at',
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

/** Columns of a drill-through: the members that the model names, then what identifies a row. */
export function drillMembers(catalog: Catalog, measure: string): string[] {
  const [view = ''] = measure.split('.');
  const named = catalog.member(measure)?.drillMembers ?? [];
  const hasContract = CONTRACTS.some((name) => catalog.has(`${view}.${name}`));
  // Customers of one name are not one customer.
  const first = hasContract ? [] : ['customer_name', 'customer_key'];
  const identifying = [...first, ...IDENTIFYING].map((name) => `${view}.${name}`);
  const isMonthlyView = isMonthly(catalog, view);
  const members = [...named, ...identifying].filter(
    (name) => catalog.has(name) && !(isMonthlyView && isCalendar(catalog, name)),
  );
  return [...new Set(members)].slice(0, MOST_COLUMNS);
}

/**
 * Whether a view holds months. A balance belongs to the end of a period: what lies behind it are the
 * accounts, not one row for each of their months, which would add up to another figure.
 */
function isMonthly(catalog: Catalog, view: string): boolean {
  return catalog.has(`${view}.month_end_date`) || MONTHLY_VIEWS.includes(view);
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
    ...(isMonthly(catalog, state.view) ? {} : { ungrouped: true }),
    order: [[cell.measure, 'desc']],
    limit: DRILL_PAGE,
    offset: page * DRILL_PAGE,
    total: true,
  };
}
