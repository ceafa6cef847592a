import { useState } from 'preact/hooks';
import { type Period, PERIODS, resolvePeriod } from '../period';
import { useTexts } from '../i18n';
import { usePage } from '../page';
import { Select } from '../ui/Select';
import { canCompare } from './queries';
import { type PivotState, type Show, type Value } from './state';

interface Props {
  state: PivotState;
  change: (state: PivotState) => void;
}

const TOPS = [5, 10, 20, 50, 100];
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
          onChange={(name) => change(compare(state, name))}
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
function compare(state: PivotState, name: Comparison): PivotState {
  const measures = [...new Set(state.values.map((value) => value.measure))];
  const values = measures.flatMap((measure) =>
    COMPARISONS[name].map((show): Value => ({ measure, show })),
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
      {typeof state.period !== 'string' && <Dates range={state.period} put={put} />}
    </>
  );
}

function Dates({ range, put }: { range: [string, string]; put: (period: Period) => void }) {
  const { t } = useTexts();
  const [draft, setDraft] = useState(range);
  const edit = (position: 0 | 1, text: string) => {
    const next: [string, string] = position === 0 ? [text, draft[1]] : [draft[0], text];
    setDraft(next);
    if (next[0] !== '' && next[0] <= next[1]) put(next);
  };
  return (
    <span class="dates">
      <input type="date" aria-label={t.pivot.from} value={draft[0]} onChange={(event) => edit(0, event.currentTarget.value)} />
      <input type="date" aria-label={t.pivot.to} value={draft[1]} onChange={(event) => edit(1, event.currentTarget.value)} />
    </span>
  );
}
