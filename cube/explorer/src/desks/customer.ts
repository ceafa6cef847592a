import { type Query } from '@cubejs-client/core';
import { measureBars } from './bars';
import {
  byMonth,
  columnTitle,
  type Context,
  type DataCard,
  type DeskSpec,
  inRange,
  label,
  named,
  rowsOf,
  tabulate,
} from './card';

function ofCustomer(view: string, { customer }: Context): Pick<Query, 'filters'> {
  return { filters: [{ member: `${view}.customer_key`, operator: 'equals', values: [customer ?? ''] }] };
}

const profile: DataCard = {
  kind: 'data',
  title: (t) => t.desk.profile,
  width: 4,
  needs: ['customers.customer_key', 'customers.customer_name'],
  queries: (context) => [
    {
      dimensions: profileMembers(context),
      ...ofCustomer('customers', context),
      ...inRange('customers', context.month),
    },
  ],
  table: (answers, context) => {
    const [row] = rowsOf(answers);
    const rows = profileMembers(context).map((member) => [
      { text: columnTitle(member, context.reading) },
      { text: row ? label(row, member, context.reading) : '' },
    ]);
    return { headers: [], rows };
  },
};

function profileMembers({ reading }: Context): string[] {
  return [
    'customer_name',
    'customer_key',
    'customer_type',
    'customer_city',
    'industry_name',
    'grade_code',
    'vip_band_name',
    'value_class_name',
    'rfm_segment_name',
    'lifecycle_code',
    'manager_name',
    'branch_name',
    'household_name',
    'company_group_name',
    'first_opened_date',
    'last_activity_date',
  ]
    .map((name) => `customers.${name}`)
    .filter((name) => reading.catalog.has(name))
    .map((name) => named(name, reading));
}

const DEPOSITS = 'balances.deposit_end_balance';
const LENDING = 'balances.lending_end_balance';
const AVERAGES = ['balances.deposit_average_balance', 'balances.lending_average_balance'];
const PRODUCT = 'balances.product_name';
const LONGEST_LIST = 200;

const products: DataCard = {
  kind: 'data',
  title: (t) => t.desk.products,
  width: 8,
  needs: ['balances.customer_key', DEPOSITS, LENDING, PRODUCT],
  queries: (context) => [
    {
      measures: [DEPOSITS, LENDING, ...AVERAGES, 'balances.open_account_count'],
      dimensions: ['balances.pillar', PRODUCT],
      ...ofCustomer('balances', context),
      ...inRange('balances', context.month),
    },
  ],
  chart: (answers, { reading }, colours) =>
    measureBars(rowsOf(answers), PRODUCT, [DEPOSITS, LENDING], reading, colours, {
      isHorizontal: true,
    }),
  table: (answers, { reading }) =>
    tabulate(
      rowsOf(answers),
      ['balances.pillar', PRODUCT, DEPOSITS, LENDING, ...AVERAGES, 'balances.open_account_count'],
      reading,
    ),
};

/** A card of measures by month. */
function monthly(
  title: DataCard['title'],
  view: string,
  measures: [string, ...string[]],
): DataCard {
  const members = measures.map((name) => `${view}.${name}`) as [string, ...string[]];
  const month = `${view}.date.month`;
  return {
    kind: 'data',
    title,
    width: 6,
    needs: [`${view}.customer_key`, ...members],
    queries: (context) => [
      { measures: members, ...ofCustomer(view, context), ...byMonth(view, context.year) },
    ],
    chart: (answers, { reading }, colours) =>
      measureBars(rowsOf(answers), month, members, reading, colours),
    table: (answers, { reading }) => tabulate(rowsOf(answers), [month, ...members], reading),
  };
}

const flows = monthly(
  (t) => t.desk.flows,
  'fund_flow',
  ['deposit_growth_amount', 'deposit_moved_amount', 'loan_growth_amount'],
);
const profitOf = monthly(
  (t) => t.desk.profitOf,
  'profit_contribution',
  ['net_contribution_amount', 'ftp_margin_amount', 'fee_income_amount', 'cost_to_serve_amount'],
);

interface Listing {
  title: DataCard['title'];
  view: string;
  /** The first orders the rows, the last value on top. */
  dimensions: [string, ...string[]];
  measures: string[];
  width: number;
  range: 'month' | 'year';
}

/** A table of rows of a view about the customer. */
function listing({ title, view, dimensions, measures, width, range }: Listing): DataCard {
  const of = (names: string[]) => names.map((name) => `${view}.${name}`);
  const [members, figures] = [of(dimensions), of(measures)];
  const shown = ({ reading }: Context) => members.map((name) => named(name, reading));
  return {
    kind: 'data',
    title,
    width,
    needs: [`${view}.customer_key`, ...members, ...figures],
    queries: (context) => [
      {
        measures: figures,
        dimensions: shown(context),
        ...ofCustomer(view, context),
        ...inRange(view, context[range]),
        order: { [named(`${view}.${dimensions[0]}`, context.reading)]: 'desc' },
        limit: LONGEST_LIST,
      },
    ],
    table: (answers, context) =>
      tabulate(rowsOf(answers), [...shown(context), ...figures], context.reading),
  };
}

const grades = listing({
  title: (t) => t.desk.grades,
  view: 'customers',
  dimensions: ['month_end_date', 'grade_code', 'previous_grade_code', 'grade_move', 'risk_grade_name'],
  measures: ['aum_end_balance'],
  width: 6,
  range: 'year',
});
const contactsOf = listing({
  title: (t) => t.desk.contactsOf,
  view: 'contacts',
  dimensions: ['contact_date', 'contact_type_code', 'outcome_code', 'manager_name', 'channel_name'],
  measures: ['contact_count'],
  width: 6,
  range: 'year',
});
const riskOf = listing({
  title: (t) => t.desk.riskOf,
  view: 'loans',
  dimensions: ['loan_id', 'risk_grade_name', 'days_past_due', 'stage_number', 'product_name'],
  measures: ['principal_balance', 'overdue_principal_amount', 'provision_amount', 'expected_credit_loss_amount'],
  width: 12,
  range: 'month',
});

/** Everything about one customer. */
export const customer: DeskSpec = {
  headlines: [
    'customers.aum_end_balance',
    'customers.loan_end_balance',
    'customers.net_contribution_amount',
    'customers.year_contribution_amount',
    'customers.annuity_value_amount',
    'customers.share_of_wallet',
  ],
  cards: [profile, products, flows, profitOf, grades, contactsOf, riskOf],
};
