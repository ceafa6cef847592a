import { barOption } from '../charts/options';
import { barFrame, measureSeries } from './bars';
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
import { heatMap, stackedBars } from './matrix';

const BALANCE = 'loans.principal_balance';
const NPL = 'loans.npl_balance';
const NPL_RATIO = 'loans.npl_ratio';
const MONTH = 'loans.date.month';
const CLASS = 'loans.risk_grade_name';

const classes: DataCard = {
  kind: 'data',
  title: (t) => t.desk.classes,
  width: 6,
  needs: [BALANCE, CLASS],
  queries: ({ year, reading }) => [
    {
      measures: [BALANCE, 'loans.loan_count'],
      dimensions: [named(CLASS, reading), 'loans.ordinal'],
      order: { 'loans.date': 'asc', 'loans.ordinal': 'asc' },
      ...byMonth('loans', year),
    },
  ],
  chart: (answers, context, colours) => {
    const matrix = { row: MONTH, column: named(CLASS, context.reading), measure: BALANCE };
    return stackedBars(rowsOf(answers), matrix, context, { ...colours, series: colours.risk });
  },
  table: (answers, { reading }) =>
    tabulate(rowsOf(answers), [MONTH, named(CLASS, reading), BALANCE, 'loans.loan_count'], reading),
};

const npl: DataCard = {
  kind: 'data',
  title: (t) => t.desk.npl,
  width: 6,
  needs: [NPL, NPL_RATIO],
  queries: ({ year }) => [{ measures: [NPL, NPL_RATIO], ...byMonth('loans', year) }],
  chart: (answers, { reading }, colours) => {
    const rows = rowsOf(answers);
    const rightFormat = formatter(NPL_RATIO, reading);
    return barOption(barFrame(rows, MONTH, NPL, reading, colours), [
      ...measureSeries(rows, [NPL], reading).map((balance) => ({
        ...balance,
        colour: colours.series[1] ?? '',
      })),
      ...measureSeries(rows, [NPL_RATIO], reading).map((ratio) => ({
        ...ratio,
        isLine: true,
        rightFormat,
        colour: colours.bad,
      })),
    ]);
  },
  table: (answers, { reading }) => tabulate(rowsOf(answers), [MONTH, NPL, NPL_RATIO], reading),
};

const START = 'credit_migration.start_risk_grade_name';
const END = 'credit_migration.end_risk_grade_name';
const MOVED = 'credit_migration.balance_share';
const ORDINALS = [
  'credit_migration.start_risk_grade_ordinal',
  'credit_migration.end_risk_grade_ordinal',
] as const;

const migration: DataCard = {
  kind: 'data',
  title: (t) => t.desk.migration,
  hint: (t) => t.desk.migrationHint,
  width: 6,
  needs: [START, END, MOVED],
  queries: ({ month, reading }) => [
    {
      measures: [MOVED, 'credit_migration.end_balance', 'credit_migration.exposure_count'],
      dimensions: [
        named(START, reading),
        named(END, reading),
        ...ORDINALS,
      ],
      order: [
        [ORDINALS[0], 'asc'],
        [ORDINALS[1], 'asc'],
      ],
      ...inRange('credit_migration', month),
    },
  ],
  chart: (answers, context, colours) => {
    const [row, column] = [named(START, context.reading), named(END, context.reading)];
    const [rowOrder, columnOrder] = ORDINALS;
    return heatMap(rowsOf(answers), { row, column, measure: MOVED, rowOrder, columnOrder }, context, colours);
  },
  table: (answers, { reading }) =>
    tabulate(
      rowsOf(answers),
      [
        named(START, reading),
        named(END, reading),
        MOVED,
        'credit_migration.end_balance',
        'credit_migration.exposure_count',
      ],
      reading,
    ),
};

const BEFORE = 'loans.previous_overdue_bucket_code';
const NOW = 'loans.overdue_bucket_code';

const overdue: DataCard = {
  kind: 'data',
  title: (t) => t.desk.overdue,
  hint: (t) => t.desk.overdueHint,
  width: 6,
  needs: [BALANCE, BEFORE, NOW],
  queries: ({ month }) => [
    {
      measures: [BALANCE, 'loans.loan_count'],
      dimensions: [BEFORE, NOW],
      order: [
        [BEFORE, 'asc'],
        [NOW, 'asc'],
      ],
      ...inRange('loans', month),
    },
  ],
  chart: (answers, context, colours) =>
    heatMap(
      rowsOf(answers),
      { row: BEFORE, column: NOW, measure: BALANCE, rowOrder: BEFORE, columnOrder: NOW },
      context,
      colours,
    ),
  table: (answers, { reading }) =>
    tabulate(rowsOf(answers), [BEFORE, NOW, BALANCE, 'loans.loan_count'], reading),
};

const organisation = organisationCard('loans', BALANCE, [
  { measure: BALANCE, show: 'value' },
  { measure: BALANCE, show: 'growth_on_month' },
  { measure: NPL, show: 'value' },
  { measure: NPL_RATIO, show: 'value' },
  { measure: 'loans.provision_coverage_ratio', show: 'value' },
  { measure: 'loans.expected_credit_loss_amount', show: 'value' },
]);

/** Where credit worsens. */
export const credit: DeskSpec = {
  headlines: [
    BALANCE,
    NPL,
    NPL_RATIO,
    'loans.overdue_ratio',
    'loans.provision_coverage_ratio',
    'loans.expected_credit_loss_amount',
  ],
  cards: [classes, npl, migration, overdue, organisation],
};
