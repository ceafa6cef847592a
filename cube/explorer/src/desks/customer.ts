import { type Query } from '@cubejs-client/core';
import { titleOf } from '../api/catalog';
import { barOption } from '../charts/options';
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

const BALANCE = 'balances.end_balance';
const PRODUCT = 'balances.product_name';

const products: DataCard = {
  kind: 'data',
  title: (t) => t.desk.products,
  width: 8,
  needs: ['balances.customer_key', BALANCE, PRODUCT],
  queries: (context) => [
    {
      measures: [BALANCE, 'balances.average_balance', 'balances.account_count'],
      dimensions: ['balances.pillar', PRODUCT],
      ...ofCustomer('balances', context),
      ...inRange('balances', context.month),
    },
  ],
  chart: (answers, { reading }, colours) => {
    const rows = rowsOf(answers);
    const frame = {
      categories: rows.map((row) => label(row, PRODUCT, reading)),
      format: formatter(BALANCE, reading),
      colours,
    };
    const name = titleOf(reading.catalog.member(BALANCE) ?? {}, reading.language);
    return barOption(frame, [{ name, values: rows.map((row) => figure(row, BALANCE)) }], {
      isHorizontal: true,
    });
  },
  table: (answers, { reading }) =>
    tabulate(
      rowsOf(answers),
      ['balances.pillar', PRODUCT, BALANCE, 'balances.average_balance', 'balances.account_count'],
      reading,
    ),
};

/** A card of measures by month. */
function monthly(
  title: DataCard['title'],
  view: string,
  measures: [string, ...string[]],
  width: number,
  isStacked = false,
): DataCard {
  const members = measures.map((name) => `${view}.${name}`);
  const month = `${view}.date.month`;
  return {
    kind: 'data',
    title,
    width,
    needs: [`${view}.customer_key`, ...members],
    queries: (context) => [
      { measures: members, ...ofCustomer(view, context), ...byMonth(view, context.year) },
    ],
    chart: (answers, { reading }, colours) => {
      const rows = rowsOf(answers);
      const frame = {
        categories: rows.map((row) => label(row, month, reading)),
        format: formatter(members[0] ?? '', reading),
        colours,
      };
      const series = members.map((name) => ({
        name: titleOf(reading.catalog.member(name) ?? {}, reading.language),
        values: rows.map((row) => figure(row, name)),
      }));
      return barOption(frame, series, { isStacked });
    },
    table: (answers, { reading }) => tabulate(rowsOf(answers), [month, ...members], reading),
  };
}

const flows = monthly(
  (t) => t.desk.flows,
  'fund_flow',
  ['deposit_growth_amount', 'deposit_moved_amount', 'loan_growth_amount'],
  6,
);
const profitOf = monthly(
  (t) => t.desk.profitOf,
  'profit_contribution',
  ['net_contribution_amount', 'ftp_margin_amount', 'fee_income_amount', 'cost_to_serve_amount'],
  6,
);

/** A table of rows of a view about the customer. */
function listing(
  title: DataCard['title'],
  view: string,
  dimensions: string[],
  measures: string[],
  width: number,
  range: 'month' | 'year',
): DataCard {
  const members = [...dimensions, ...measures].map((name) => `${view}.${name}`);
  const translated = (context: Context) => members.map((name) => named(name, context.reading));
  const first = `${view}.${dimensions[0]}`;
  return {
    kind: 'data',
    title,
    width,
    needs: [`${view}.customer_key`, ...members],
    queries: (context) => [
      {
        measures: measures.map((name) => `${view}.${name}`),
        dimensions: translated(context).slice(0, dimensions.length),
        ...ofCustomer(view, context),
        ...inRange(view, context[range]),
        order: { [named(first, context.reading)]: 'desc' },
        limit: 200,
      },
    ],
    table: (answers, context) => tabulate(rowsOf(answers), translated(context), context.reading),
  };
}

const grades = listing(
  (t) => t.desk.grades,
  'customers',
  ['month_end_date', 'grade_code', 'previous_grade_code', 'grade_move', 'risk_grade_name'],
  ['aum_end_balance'],
  6,
  'year',
);
const contactsOf = listing(
  (t) => t.desk.contactsOf,
  'contacts',
  ['contact_date', 'contact_type_code', 'outcome_code', 'manager_name', 'channel_name'],
  ['contact_count'],
  6,
  'year',
);
const riskOf = listing(
  (t) => t.desk.riskOf,
  'loans',
  ['loan_id', 'risk_grade_name', 'days_past_due', 'stage_number', 'product_name'],
  ['principal_balance', 'overdue_principal_amount', 'provision_amount', 'expected_credit_loss_amount'],
  12,
  'month',
);

/** Everything about one customer. */
export const customer: DeskSpec = {
  headlines: [
    { measure: 'customers.aum_end_balance' },
    { measure: 'customers.loan_end_balance' },
    { measure: 'customers.net_contribution_amount' },
    { measure: 'customers.year_contribution_amount' },
    { measure: 'customers.lifetime_value_amount' },
    { measure: 'customers.share_of_wallet' },
  ],
  cards: [profile, products, flows, profitOf, grades, contactsOf, riskOf],
};
