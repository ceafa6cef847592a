import { type Answer } from '../api/connection';
import { barOption, waterfallOption, whaleOption } from '../charts/options';
import { formatAmount, formatNumber, formatPercent } from '../format';
import { measureBars } from './bars';
import {
  byMonth,
  columnTitle,
  type Context,
  type DataCard,
  type DeskSpec,
  figure,
  formatter,
  inRange,
  label,
  organisationCard,
  rowsOf,
  tabulate,
} from './card';

const NET = 'profit_contribution.net_contribution_amount';
const ADDED = 'profit_contribution.economic_value_added_amount';
const CUSTOMER = 'profit_contribution.customer_key';
const NAME = 'profit_contribution.customer_name';
const MONTH = 'profit_contribution.date.month';
const BEST = 200;
const FIFTH = 0.2;

/** A part of all customers, the most profitable first, as the server computed it. */
interface Part {
  count: number;
  value: number;
  negativeCount: number;
  negativeValue: number;
}

function partsOf(answers: Answer[]): Part[] {
  return rowsOf(answers).map((row) => ({
    count: figure(row, 'count'),
    value: figure(row, 'value'),
    negativeCount: figure(row, 'negativeCount'),
    negativeValue: figure(row, 'negativeValue'),
  }));
}

function sumOf(parts: Part[], key: keyof Part): number {
  return parts.reduce((sum, part) => sum + part[key], 0);
}

/** Points of the whale curve: share of customers, and what they have made together. */
function cumulate(parts: Part[]): [number, number][] {
  const customers = sumOf(parts, 'count');
  let [count, sum] = [0, 0];
  const points = parts.map((part): [number, number] => {
    count += part.count;
    sum += part.value;
    return [count / customers, sum];
  });
  return [[0, 0], ...points];
}

function findPareto(answers: Answer[], { reading, t }: Context): string | null {
  const parts = partsOf(answers);
  const total = figure(rowsOf(answers, 1)[0], NET);
  const best = cumulate(parts).find(([share]) => share >= FIFTH)?.[1];
  if (best === undefined || !(total > 0)) return null;
  const count = formatNumber(sumOf(parts, 'negativeCount'), 0, reading.language);
  const shown = formatAmount(-sumOf(parts, 'negativeValue'), reading.unit, reading.language);
  const amount = [shown, t.unitNote[reading.unit]].filter(Boolean).join(' ');
  return `${t.desk.pareto(formatPercent(best / total, reading.language, 0))} ${t.desk.paretoLoss(count, amount)}`;
}

const whale: DataCard = {
  kind: 'data',
  title: (t) => t.desk.whale,
  hint: (t) => t.desk.whaleHint,
  width: 7,
  needs: [NET, CUSTOMER, NAME],
  isDistribution: true,
  queries: ({ month }) => [
    { measures: [NET], dimensions: [CUSTOMER], ...inRange('profit_contribution', month) },
    { measures: [NET], ...inRange('profit_contribution', month) },
    {
      measures: [NET],
      dimensions: [CUSTOMER, NAME],
      order: { [NET]: 'desc' },
      limit: BEST,
      ...inRange('profit_contribution', month),
    },
  ],
  finding: findPareto,
  chart: (answers, { reading, t }, colours) =>
    whaleOption(
      { format: formatter(NET, reading), colours },
      cumulate(partsOf(answers)),
      { x: t.desk.whaleX, y: t.desk.whaleY },
      (share) => formatPercent(share, reading.language, 0),
    ),
  table: (answers, { reading }) => tabulate(rowsOf(answers, 2), [NAME, NET], reading),
};

const CAUSE = 'customers.below_cost_cause';
const BELOW = 'customers.below_cost_customer_count';

const belowCost: DataCard = {
  kind: 'data',
  title: (t) => t.desk.belowCost,
  width: 5,
  needs: [CAUSE, BELOW],
  queries: ({ month }) => [
    {
      measures: [BELOW, 'customers.net_contribution_amount'],
      dimensions: [CAUSE],
      filters: [{ member: CAUSE, operator: 'set' }],
      ...inRange('customers', month),
    },
  ],
  chart: (answers, { reading, t }, colours) => {
    const causes: Record<string, string> = t.desk.causes;
    const rows = rowsOf(answers);
    const categories = rows.map((row) => causes[String(row[CAUSE])] ?? label(row, CAUSE, reading));
    const frame = { categories, format: formatter(BELOW, reading), colours };
    return barOption(frame, [{ name: t.desk.belowCost, values: rows.map((row) => figure(row, BELOW)) }], {
      isHorizontal: true,
    });
  },
  table: (answers, { reading }) =>
    tabulate(rowsOf(answers), [CAUSE, BELOW, 'customers.net_contribution_amount'], reading),
};

/** Lines of the statement: sign, and whether the line is a total of those above. */
const STATEMENT: [name: string, sign: 1 | -1, isTotal: boolean][] = [
  ['ftp_margin_amount', 1, false],
  ['fee_income_amount', 1, false],
  ['contribution_before_cost_amount', 1, true],
  ['vat_amount', -1, false],
  ['surcharge_amount', -1, false],
  ['cost_to_serve_amount', -1, false],
  ['expected_loss_amount', -1, false],
  ['pre_tax_contribution_amount', 1, true],
  ['income_tax_amount', -1, false],
  ['net_contribution_amount', 1, true],
  ['capital_charge_amount', -1, false],
  ['economic_value_added_amount', 1, true],
];
const LINES = STATEMENT.map(([name]) => `profit_contribution.${name}`);

const statement: DataCard = {
  kind: 'data',
  title: (t) => t.desk.statement,
  width: 7,
  needs: LINES,
  queries: ({ month }) => [{ measures: LINES, ...inRange('profit_contribution', month) }],
  chart: (answers, { reading }, colours) => {
    const [row] = rowsOf(answers);
    const steps = STATEMENT.map(([name, sign, isTotal]) => ({
      value: sign * figure(row, `profit_contribution.${name}`),
      isTotal,
    }));
    const categories = LINES.map((name) => columnTitle(name, reading));
    return waterfallOption({ categories, format: formatter(NET, reading), colours }, steps);
  },
  table: (answers, { reading, t }) => {
    const [row] = rowsOf(answers);
    const format = formatter(NET, reading);
    const rows = STATEMENT.map(([name, sign]) => {
      const member = `profit_contribution.${name}`;
      const value = sign * figure(row, member);
      return [{ text: columnTitle(member, reading) }, { text: format(value), figure: value }];
    });
    return { headers: [{ title: '', isFigure: false }, { title: t.filter.value, isFigure: true }], rows };
  },
};

const months: DataCard = {
  kind: 'data',
  title: (t) => t.desk.contributionByMonth,
  width: 5,
  needs: [NET],
  queries: ({ year }) => [
    { measures: [NET, ADDED], ...byMonth('profit_contribution', year) },
  ],
  chart: (answers, { reading }, colours) =>
    measureBars(rowsOf(answers), MONTH, [NET, ADDED], reading, colours),
  table: (answers, { reading }) =>
    tabulate(rowsOf(answers), [MONTH, NET, ADDED], reading),
};

const organisation = organisationCard('profit_contribution', NET, [
  { measure: NET, show: 'value' },
  { measure: NET, show: 'share_of_parent' },
  { measure: NET, show: 'growth_on_month' },
  { measure: ADDED, show: 'value' },
  { measure: 'profit_contribution.raroc', show: 'value' },
  { measure: 'profit_contribution.customer_count', show: 'value' },
]);

/** Who brings profit. */
export const profit: DeskSpec = {
  headlines: [
    NET,
    ADDED,
    'profit_contribution.raroc',
    'profit_contribution.cost_to_serve_amount',
    BELOW,
    'profit_contribution.customer_count',
  ],
  cards: [whale, belowCost, statement, months, organisation],
};
