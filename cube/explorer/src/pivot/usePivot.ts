import { useMemo } from 'preact/hooks';
import { type Asked, useAsked, usePage, useReading } from '../page';
import { Figures } from './figures';
import { dataStart } from '../comparison';
import { resolvePeriod } from '../period';
import { type Layout, layOut } from './layout';
import { comparedMeasures, planComparisons, planLevels } from './queries';
import { type PivotState, splitAxis } from './state';

/** The figures of a pivot, asked for level by level, all at once. */
export function useFigures(state: PivotState): Asked<Figures> {
  const { connection, catalog, freshness } = usePage();
  const { businessDate } = freshness;
  const range = resolvePeriod(state.period, businessDate);
  const plan = (dataFrom: string | null) => {
    const comparisons = planComparisons(state, catalog, businessDate, dataFrom);
    return { comparisons, levels: planLevels(state, catalog, range, comparisons) };
  };
  const key = JSON.stringify([state.values, state.period, plan('0000').levels]);
  return useAsked(state.values.length > 0 ? key : null, async () => {
    performance.mark('pivot-asked');
    const compared = comparedMeasures(state, catalog);
    const start = compared.length > 0 ? await dataStart(connection, catalog, compared) : null;
    const { comparisons, levels } = plan(start);
    const answers = await Promise.all(levels.map((level) => connection.loadAll(level.query)));
    const figures = new Figures(state.rows, state.columns, levels, range, comparisons, (name) => catalog.isRate(name));
    answers.forEach((answer, index) => {
      const level = levels[index];
      if (level) figures.add(level, answer);
    });
    return figures;
  });
}

/** Figures laid out. While others are asked for, those of the former axes are kept as they were. */
export function useLayout(state: PivotState, figures: Figures | null): Layout | null {
  const reading = useReading();
  return useMemo(() => {
    const isOurs =
      figures && same(figures.rows, state.rows) && same(figures.columns, state.columns);
    return isOurs ? layOut(state, figures, reading) : null;
  }, [state, figures, reading.language, reading.unit]);
}

function same(left: string[], right: string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}

/** Number of currencies that stand in one sum of the pivot; 1 where they do not. */
export function useCurrencies(state: PivotState): number {
  const { connection, catalog } = usePage();
  const member = `${state.view}.currency_code`;
  const asksMoney = state.values.some(({ measure }) => catalog.member(measure)?.format === 'currency');
  const named = [...state.rows, ...state.columns, ...state.filters.map((filter) => filter.member)];
  const isSplit = named.some((axis) => /\.currency_(code|name)$/.test(splitAxis(axis).member));
  const isAsked = asksMoney && !isSplit && catalog.has(member);
  const asked = useAsked(isAsked ? state.view : null, () =>
    connection.load({ dimensions: [member], measures: state.values.slice(0, 1).map((v) => v.measure) }),
  );
  return isAsked ? (asked.value?.rows.length ?? 1) : 1;
}
