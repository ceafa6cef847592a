import { type Period, PERIODS, resolvePeriod } from '../period';
import { DateFields } from '../ui/DateFields';
import { useTexts } from '../i18n';
import { usePage } from '../page';
import { Select } from '../ui/Select';
import { type Catalog } from '../api/catalog';
import { isRatio } from './figures';
import { canCompare } from './queries';
import { type PivotState, type Show, type Value } from './state';

interface Props {
  state: PivotState;
  change: (state: PivotState) => void;
}

const TOPS = [5, 10, 20, 50, 100];
/** How a measure is shown by each comparison; the growth of a ratio is its change in points. */
const COMPARISONS: Readonly<Record<'none' | 'month' | 'year', Show[]>> = {
  none: ['value'],
  month: ['value', 'change_on_month', 'growth_on_month'],
  year: ['value', 'change_on_year', 'growth_on_year'],
};
type Comparison = keyof typeof COMPARISONS;

/** Period, comparison, depth and length of a pivot. */
export function Toolbar({ state, change }: Props) {
  const { catalog } = usePage();
  const { t } = useTexts();
  const levels = state.rows.map((_, index) => String(index + 1));
  const isComparable = canCompare(state, catalog);
  return (
    <div class="toolbar" role="group" aria-label={t.settings}>
      <PeriodChoice state={state} change={change} />
      <span title={isComparable ? undefined : t.pivot.cannotCompare}>
        <Select<Comparison>
          label={t.pivot.compare}
          isLabelled
          value={comparisonOf(state)}
          options={(isComparable ? (['none', 'month', 'year'] as const) : (['none'] as const)).map(
            (name) => [name, t.pivot.compares[name]],
          )}
          onChange={(name) => change(compareAll(state, name, catalog))}
        />
      </span>
      {levels.length > 1 && (
        <Select
          label={t.pivot.level}
          isLabelled
          value={String(Math.min(state.rowsOpened.depth, levels.length))}
          options={levels.map((level) => [level, t.pivot.levelN(Number(level))])}
          onChange={(level) => change({ ...state, rowsOpened: { depth: Number(level), toggled: [] } })}
        />
      )}
      <Select
        label={t.pivot.top}
        isLabelled
        value={String(state.top ?? '')}
        options={[['', t.pivot.topAll], ...TOPS.map((n): [string, string] => [String(n), t.pivot.topN(n)])]}
        onChange={(count) => change({ ...state, top: Number(count) || null })}
      />
    </div>
  );
}

function comparisonOf(state: PivotState): Comparison {
  const shows = new Set(state.values.map((value) => value.show));
  if (shows.has('change_on_month')) return 'month';
  return shows.has('change_on_year') ? 'year' : 'none';
}

/** Every measure as its value and, where asked, its change and growth beside it. */
function compareAll(state: PivotState, name: Comparison, catalog: Catalog): PivotState {
  const measures = [...new Set(state.values.map((value) => value.measure))];
  const values = measures.flatMap((measure) =>
    COMPARISONS[name]
      .filter((show) => !(catalog.isRate(measure) && isRatio(show)))
      .map((show): Value => ({ measure, show })),
  );
  return { ...state, values, sort: null };
}

function PeriodChoice({ state, change }: Props) {
  const { freshness } = usePage();
  const { t } = useTexts();
  const isCustom = typeof state.period !== 'string';
  const put = (period: Period) => change({ ...state, period });
  const choose = (name: (typeof PERIODS)[number] | 'custom') => {
    if (name !== 'custom') return put(name);
    return put(resolvePeriod(state.period, freshness.businessDate) ?? [freshness.businessDate, freshness.businessDate]);
  };
  return (
    <>
      <Select
        label={t.pivot.period}
        isLabelled
        value={isCustom ? 'custom' : (state.period as (typeof PERIODS)[number])}
        options={[...PERIODS, 'custom' as const].map((name) => [name, t.periods[name]])}
        onChange={choose}
      />
      {typeof state.period !== 'string' && <DateFields values={state.period} put={put} />}
    </>
  );
}
