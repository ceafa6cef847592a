import { measureBars } from './bars';
import {
  type DataCard,
  type DeskSpec,
  inRange,
  named,
  rowsOf,
  tabulate,
} from './card';

const SCORE = 'managers.average_score';
const MANAGER = 'managers.manager_name';
const MEASURE = 'managers.measure_name';
const ATTAINMENT = 'managers.attainment_rate';
/** Managers in a chart; its table has them all. */
const CHARTED = 15;

const scorecard: DataCard = {
  kind: 'data',
  title: (t) => t.desk.scorecard,
  width: 7,
  needs: [SCORE, MANAGER, 'managers.rank_in_bank'],
  queries: ({ month }) => [
    {
      measures: [SCORE, 'managers.average_covered_weight'],
      dimensions: ['managers.rank_in_bank', 'managers.rank_in_branch', MANAGER, 'managers.branch_name'],
      order: { 'managers.rank_in_bank': 'asc' },
      ...inRange('managers', month),
    },
  ],
  table: (answers, { reading }) =>
    tabulate(
      rowsOf(answers),
      [
        'managers.rank_in_bank',
        MANAGER,
        SCORE,
        'managers.branch_name',
        'managers.rank_in_branch',
        'managers.average_covered_weight',
      ],
      reading,
    ),
};

const attainment: DataCard = {
  kind: 'data',
  title: (t) => t.desk.attainment,
  width: 5,
  needs: [ATTAINMENT, MEASURE],
  queries: ({ month, reading }) => [
    {
      measures: [ATTAINMENT, 'managers.manager_count'],
      dimensions: [named(MEASURE, reading), 'managers.ordinal'],
      order: { 'managers.ordinal': 'asc' },
      ...inRange('managers', month),
    },
  ],
  chart: (answers, { reading }, colours) =>
    measureBars(rowsOf(answers), named(MEASURE, reading), [ATTAINMENT], reading, colours, {
      isHorizontal: true,
    }),
  table: (answers, { reading }) =>
    tabulate(rowsOf(answers), [named(MEASURE, reading), ATTAINMENT, 'managers.manager_count'], reading),
};

const GROWTH = 'fund_flow.deposit_growth_amount';
const MOVED = 'fund_flow.deposit_moved_amount';
const FLOW_MANAGER = 'fund_flow.manager_name';

const growth: DataCard = {
  kind: 'data',
  title: (t) => t.desk.growth,
  hint: (t) => t.desk.growthHint,
  width: 7,
  needs: [GROWTH, MOVED, FLOW_MANAGER],
  queries: ({ month }) => [
    {
      measures: [GROWTH, MOVED, 'fund_flow.deposit_flow_amount'],
      dimensions: [FLOW_MANAGER],
      order: { [GROWTH]: 'desc' },
      ...inRange('fund_flow', month),
    },
  ],
  chart: (answers, { reading }, colours) =>
    measureBars(rowsOf(answers).slice(0, CHARTED), FLOW_MANAGER, [GROWTH, MOVED], reading, colours, {
      isHorizontal: true,
    }),
  table: (answers, { reading }) =>
    tabulate(rowsOf(answers), [FLOW_MANAGER, GROWTH, MOVED, 'fund_flow.deposit_flow_amount'], reading),
};

const KEPT = 'contact_compliance.compliance_ratio';
const KEPT_MANAGER = 'contact_compliance.manager_name';

const contacts: DataCard = {
  kind: 'data',
  title: (t) => t.desk.contacts,
  width: 5,
  needs: [KEPT, KEPT_MANAGER],
  queries: ({ month }) => [
    {
      measures: [
        KEPT,
        'contact_compliance.contacts_due',
        'contact_compliance.contacts_kept',
        'contact_compliance.neglected_customer_count',
      ],
      dimensions: [KEPT_MANAGER],
      order: { [KEPT]: 'desc' },
      ...inRange('contact_compliance', month),
    },
  ],
  chart: (answers, { reading }, colours) =>
    measureBars(rowsOf(answers).slice(0, CHARTED), KEPT_MANAGER, [KEPT], reading, colours, {
      isHorizontal: true,
    }),
  table: (answers, { reading }) =>
    tabulate(
      rowsOf(answers),
      [
        KEPT_MANAGER,
        KEPT,
        'contact_compliance.contacts_due',
        'contact_compliance.contacts_kept',
        'contact_compliance.neglected_customer_count',
      ],
      reading,
    ),
};

/** How managers perform. */
export const managers: DeskSpec = {
  headlines: [
    SCORE,
    'managers.scored_manager_count',
    GROWTH,
    MOVED,
    KEPT,
    'contact_compliance.neglected_customer_count',
  ],
  cards: [scorecard, attainment, growth, contacts],
};
