import { type Query } from '@cubejs-client/core';
import { type Catalog } from '../api/catalog';
import { type DateRange } from '../period';
import { isComparison } from '../comparison';
import { type ColumnNode, type Figures, type RowNode, wholeOf } from './figures';
import { againstOf, completeFilters, dateRangeOf, isCalendar, keyFilters, toQueryFilter } from './queries';
import { type Path, type PivotState, type Value } from './state';

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
  const entity = entityOf(catalog, measure);
  if (entity) return entity;
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

/** One side of a figure: the rows of a cell in a range of days. A change and a share have two. */
export interface Side {
  row: Path;
  column: Path;
  range: DateRange | null;
}

/** What the rows are ordered by. */
export interface Order {
  member: string;
  descending: boolean;
}

/** How the rows of a figure are to be read. */
export type Nature = 'sum' | 'count' | 'other';

/**
 * Whether so many rows add up to a figure. A number of different accounts is the number of rows where
 * each is one of them, which joint or masked accounts are not; a rate or a maximum is no sum.
 */
export function natureOf(catalog: Catalog, measure: string, figure: number, rows: number): Nature {
  const member = catalog.member(measure);
  if (entityOf(catalog, measure) !== null) return figure === rows ? 'count' : 'other';
  if (member?.format === 'percent') return 'other';
  if (member?.aggType === 'sum' || member?.aggType === 'count') return 'sum';
  // Balances of a period are computed in steps, and add up over accounts; what is per something does not.
  const isBalance = member?.format === 'currency' && member.aggType === 'number' && !RATES.test(measure);
  return isBalance && isMonthly(catalog, measure.split('.')[0] ?? '') ? 'sum' : 'other';
}

const RATES = /_per_|\.average_/;

/** What a count of different things counts, where the view has its key. */
function entityOf(catalog: Catalog, measure: string): string[] | null {
  if (catalog.member(measure)?.aggType !== 'countDistinct') return null;
  const [view = '', name = ''] = measure.split('.');
  const found = ENTITIES[name.replace(/_count$/, '')];
  const members = found?.map((item) => `${view}.${item}`);
  return members?.[0] !== undefined && catalog.has(members[0]) ? members.filter((item) => catalog.has(item)) : null;
}

/** What is known of a contract besides its number. */
const CONTRACT = ['customer_name', 'product_name', 'branch_name'];

/** Key of what is counted, and what describes it. */
const ENTITIES: Readonly<Record<string, string[]>> = {
  customer: ['customer_key', 'customer_name'],
  account: ['account_id', ...CONTRACT],
  loan: ['loan_id', ...CONTRACT],
  card: ['card_id', ...CONTRACT],
};

/** The side's figure, as the server computes it without the rows. */
export function figureQuery(state: PivotState, measure: string, { row, column, range }: Side): Query {
  const keys = [
    ...row.flatMap((key, index) => keyFilters(state.rows[index] ?? '', key)),
    ...column.flatMap((key, index) => keyFilters(state.columns[index] ?? '', key)),
  ];
  const filters = [...completeFilters(state.filters).map(toQueryFilter), ...keys];
  return {
    measures: [measure],
    ...(filters.length > 0 ? { filters } : {}),
    ...(state.segments.length > 0 ? { segments: state.segments } : {}),
    ...(range ? { timeDimensions: [dateRangeOf(state.view, range)] } : {}),
  };
}

/** The rows behind a side. The server applies the user's rights as always. */
export function drillQuery(state: PivotState, catalog: Catalog, measure: string, side: Side, order: Order): Query {
  const figure = figureQuery(state, measure, side);
  const isCount = entityOf(catalog, measure) !== null || catalog.member(measure)?.aggType === 'count';
  const isGrouped = isCount || isMonthly(catalog, state.view);
  // Rows that the measure leaves out, by a filter of its own, are not behind its figure.
  const counted = (
    isCount ? { member: measure, operator: 'gt', values: ['0'] } : { member: measure, operator: 'set' }
  ) as NonNullable<Query['filters']>[number];
  return {
    ...figure,
    dimensions: drillMembers(catalog, measure),
    ...(isGrouped ? { filters: [...(figure.filters ?? []), counted] } : { ungrouped: true }),
    order: [[order.member, order.descending ? 'desc' : 'asc']],
  };
}

/** Both sides of a figure that is made of two, or its only one: the first is the figure itself. */
export function sidesOf(cell: Omit<Side, 'range'>, value: Value, figures: Figures): Side[] {
  const against = againstOf(value.show);
  if (against !== null) {
    const compared = figures.comparisons[against];
    if (!isComparison(compared)) return [];
    const base = { ...cell, range: compared.base };
    return value.show.endsWith('before') ? [base] : [{ ...cell, range: compared.now }, base];
  }
  const side = { ...cell, range: figures.range };
  const row = nodeAt(figures.root, cell.row);
  const column = nodeAt(figures.columnRoot, cell.column);
  const whole = row && column && wholeOf(figures, row, column, value.show);
  return whole ? [side, { ...side, row: whole.row.path, column: whole.column.path }] : [side];
}

function nodeAt<Node extends RowNode | ColumnNode>(root: Node, path: Path): Node | undefined {
  const step = (node: Node | undefined, key: Path[number]) => node?.children.get(key) as Node | undefined;
  return path.reduce(step, root as Node | undefined);
}
