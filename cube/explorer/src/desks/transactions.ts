import { barOption } from '../charts/options';
import { type Reading } from '../pivot/layout';
import { barFrame, measureBars, measureSeries } from './bars';
import {
  byMonth,
  type DataCard,
  type DeskSpec,
  formatter,
  inRange,
  named,
  organisationCard,
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
    // The cost of one entry is small change: it is shown in ones, whatever the unit of the page.
    const inOnes: Reading = { ...reading, unit: 'one' };
    return measureBars(rowsOf(answers), named(CHANNEL, reading), [COST], inOnes, colours, {
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
    const rightFormat = formatter(SHARE, reading);
    return barOption(barFrame(rows, MONTH, COUNT, reading, colours), [
      ...measureSeries(rows, [COUNT, ELECTRONIC], reading),
      ...measureSeries(rows, [SHARE], reading).map((share) => ({
        ...share,
        isLine: true,
        rightFormat,
        colour: colours.good,
      })),
    ]);
  },
  table: (answers, { reading }) =>
    tabulate(rowsOf(answers), [MONTH, COUNT, ELECTRONIC, SHARE], reading),
};

const organisation = organisationCard('transactions', COUNT, [
  { measure: COUNT, show: 'value' },
  { measure: COUNT, show: 'growth_on_month' },
  { measure: AMOUNT, show: 'value' },
  { measure: SHARE, show: 'value' },
  { measure: 'transactions.fee_income_amount', show: 'value' },
  { measure: 'transactions.cost_amount', show: 'value' },
]);

/** How customers transact, and what it costs. */
export const transactions: DeskSpec = {
  headlines: [
    COUNT,
    AMOUNT,
    'transactions.customer_count',
    SHARE,
    'transactions.fee_income_amount',
    'transactions.cost_amount',
  ],
  cards: [types, cost, channels, organisation],
};
