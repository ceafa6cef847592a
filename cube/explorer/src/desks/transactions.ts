import { titleOf } from '../api/catalog';
import { barOption } from '../charts/options';
import { emptyPivot } from '../pivot/state';
import {
  byMonth,
  type DataCard,
  type DeskSpec,
  figure,
  formatter,
  inRange,
  label,
  named,
  type PivotCard,
  rowsOf,
  tabulate,
} from './card';
import { heatMap } from './matrix';

const COUNT = 'transactions.transaction_count';
const AMOUNT = 'transactions.net_amount';
const SHARE = 'transactions.electronic_share';
const COST = 'transactions.cost_per_entry';
const TYPE = 'transactions.transaction_type_name';
const CHANNEL = 'transactions.channel_name';
const MONTH = 'transactions.date.month';

const types: DataCard = {
  kind: 'data',
  title: (t) => t.desk.typesByChannel,
  width: 7,
  needs: [COUNT, TYPE, CHANNEL],
  queries: ({ month, reading }) => [
    {
      measures: [COUNT, AMOUNT],
      dimensions: [named(TYPE, reading), named(CHANNEL, reading)],
      order: { [COUNT]: 'desc' },
      ...inRange('transactions', month),
    },
  ],
  chart: (answers, context, colours) => {
    const [row, column] = [named(TYPE, context.reading), named(CHANNEL, context.reading)];
    return heatMap(rowsOf(answers), { row, column, measure: COUNT }, context, colours);
  },
  table: (answers, { reading }) =>
    tabulate(rowsOf(answers), [named(TYPE, reading), named(CHANNEL, reading), COUNT, AMOUNT], reading),
};

const cost: DataCard = {
  kind: 'data',
  title: (t) => t.desk.channelCost,
  width: 5,
  needs: [COST, CHANNEL],
  queries: ({ month, reading }) => [
    {
      measures: [COST, COUNT, 'transactions.cost_amount'],
      dimensions: [named(CHANNEL, reading)],
      filters: [{ member: 'transactions.cost_amount', operator: 'set' }],
      order: { [COST]: 'desc' },
      ...inRange('transactions', month),
    },
  ],
  chart: (answers, { reading }, colours) => {
    const rows = rowsOf(answers);
    const channel = named(CHANNEL, reading);
    const categories = rows.map((row) => label(row, channel, reading));
    // The cost of one entry is small change: it is shown in ones, whatever the unit of the page.
    const frame = { categories, format: formatter(COST, { ...reading, unit: 'one' }), colours };
    const name = titleOf(reading.catalog.member(COST) ?? {}, reading.language);
    return barOption(frame, [{ name, values: rows.map((row) => figure(row, COST)) }], {
      isHorizontal: true,
    });
  },
  table: (answers, { reading }) =>
    tabulate(
      rowsOf(answers),
      [named(CHANNEL, reading), COST, COUNT, 'transactions.cost_amount'],
      { ...reading, unit: 'one' },
    ),
};

const ELECTRONIC = 'transactions.electronic_transaction_count';

const channels: DataCard = {
  kind: 'data',
  title: (t) => t.desk.channelShare,
  width: 12,
  needs: [SHARE, COUNT, ELECTRONIC],
  queries: ({ year }) => [{ measures: [COUNT, ELECTRONIC, SHARE], ...byMonth('transactions', year) }],
  chart: (answers, { reading }, colours) => {
    const rows = rowsOf(answers);
    const frame = {
      categories: rows.map((row) => label(row, MONTH, reading)),
      format: formatter(COUNT, reading),
      colours,
    };
    const title = (name: string) => titleOf(reading.catalog.member(name) ?? {}, reading.language);
    return barOption(frame, [
      ...[COUNT, ELECTRONIC].map((name) => ({
        name: title(name),
        values: rows.map((row) => figure(row, name)),
      })),
      {
        name: title(SHARE),
        values: rows.map((row) => figure(row, SHARE)),
        isLine: true,
        rightFormat: formatter(SHARE, reading),
        colour: colours.good,
      },
    ]);
  },
  table: (answers, { reading }) =>
    tabulate(rowsOf(answers), [MONTH, COUNT, ELECTRONIC, SHARE], reading),
};

const organisation: PivotCard = {
  kind: 'pivot',
  title: (t) => t.desk.organisation,
  width: 12,
  needs: [COUNT, 'transactions.branch_name'],
  state: ({ month }) => ({
    ...emptyPivot('transactions'),
    rowsOpened: { depth: 2, toggled: [] },
    period: month,
    rows: ['region_name', 'main_branch_name', 'branch_name'].map((name) => `transactions.${name}`),
    values: [
      { measure: COUNT, show: 'value' },
      { measure: COUNT, show: 'growth_on_month' },
      { measure: AMOUNT, show: 'value' },
      { measure: SHARE, show: 'value' },
      { measure: 'transactions.fee_income_amount', show: 'value' },
      { measure: 'transactions.cost_amount', show: 'value' },
    ],
  }),
};

/** How customers transact, and what it costs. */
export const transactions: DeskSpec = {
  headlines: [
    { measure: COUNT },
    { measure: AMOUNT },
    { measure: 'transactions.customer_count' },
    { measure: SHARE },
    { measure: 'transactions.fee_income_amount' },
    { measure: 'transactions.cost_amount', mood: 'burden' },
  ],
  cards: [types, cost, channels, organisation],
};
