import { useLayoutEffect, useState } from 'preact/hooks';
import { titleOf } from '../api/catalog';
import { useTexts } from '../i18n';
import { useReading } from '../page';
import { Empty, Failed, Pending } from '../ui/State';
import { type Cell, Drill } from './Drill';
import { sidesOf } from './drill';
import { type Figures } from './figures';
import { Grid } from './Grid';
import { isComparison, refusalText } from '../comparison';
import { type Comparisons } from './queries';
import { type Column, type Layout, type Line } from './layout';
import { pathKey, type PivotState, type Sort, splitAxis, toggle } from './state';
import { useFigures, useLayout } from './usePivot';

interface Props {
  state: PivotState;
  change: (state: PivotState) => void;
  label: string;
  /** Told what is shown, for copies and exports. */
  onLayout?: (layout: Layout | null) => void;
}

/** A pivot with its states: asked for, drawn, empty, failed; and the rows behind a figure. */
export function PivotView({ state, change, label, onLayout }: Props) {
  const asked = useFigures(state);
  const layout = useLayout(state, asked.value);
  const corner = useCorner(state);
  const [cell, setCell] = useState<Cell | null>(null);
  // What leaves the page is figures and notes of one state: while others are computed there is none.
  const settled = asked.isPending ? null : layout;
  useLayoutEffect(() => onLayout?.(settled), [settled]);
  if (asked.error) return <Failed error={asked.error} retry={asked.retry} />;
  if (!layout) return <Pending />;
  if (layout.lines.length === 1 && state.rows.length > 0) return <Empty />;
  return (
    <div class={asked.isPending ? 'shown waiting' : 'shown'} aria-busy={asked.isPending}>
      <Refusals comparisons={asked.value?.comparisons ?? {}} />
      <Truncation isTruncated={asked.value?.isTruncated ?? false} />
      <Grid
        layout={layout}
        corner={corner}
        sort={state.sort}
        label={label}
        toggleRow={(line) => change(withRow(state, line))}
        toggleColumn={(column) => change(withColumn(state, column))}
        sortBy={(column) => change({ ...state, sort: nextSort(state.sort, column) })}
        openCell={(line, column) => asked.value && setCell(cellOf(line, column, layout, asked.value))}
      />
      {cell && <Drill state={state} cell={cell} close={() => setCell(null)} />}
    </div>
  );
}

/** Why there is no comparison, once for each reason. */
function Refusals({ comparisons }: { comparisons: Comparisons }) {
  const { t, language } = useTexts();
  const texts = new Set(
    Object.values(comparisons).flatMap((compared) =>
      isComparison(compared) ? [] : [refusalText(compared, language, t)],
    ),
  );
  return [...texts].map((text) => (
    <p key={text} class="notice" role="note">
      {text}
    </p>
  ));
}

function Truncation({ isTruncated }: { isTruncated: boolean }) {
  const { t } = useTexts();
  return isTruncated ? <p class="notice" role="alert">{t.pivot.truncated}</p> : null;
}

/** What the row headers hold, level by level. */
export function useCorner(state: PivotState): string {
  const { catalog, language } = useReading();
  return state.rows
    .map((axis) => titleOf(catalog.member(splitAxis(axis).member) ?? {}, language))
    .join(' › ');
}

function withRow(state: PivotState, line: Line): PivotState {
  return { ...state, rowsOpened: toggle(state.rowsOpened, line.node?.path ?? []) };
}

function withColumn(state: PivotState, column: Column): PivotState {
  return { ...state, columnsOpened: toggle(state.columnsOpened, column.node.path) };
}

/** Largest first, then smallest first, then the order of old. */
function nextSort(sort: Sort | null, column: Column): Sort | null {
  const isSame =
    sort?.value === column.valueIndex && pathKey(sort.column) === pathKey(column.node.path);
  if (isSame && !sort.descending) return null;
  return { column: column.node.path, value: column.valueIndex, descending: !isSame };
}

function cellOf(line: Line, column: Column, layout: Layout, figures: Figures): Cell {
  const place = { row: line.node?.path ?? [], column: column.node.path };
  return {
    sides: sidesOf(place, column.value, figures),
    value: column.value,
    title: column.headers.at(-1) ?? '',
    figure: layout.text(line, column),
  };
}
