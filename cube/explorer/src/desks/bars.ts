import type { EChartsOption } from 'echarts';
import { type Row } from '../api/connection';
import { type Colours } from '../charts/colours';
import { barOption, type Series } from '../charts/options';
import { type Reading } from '../pivot/layout';
import { columnTitle, figure, formatter, label } from './card';

/** A series for each measure, titled as the model titles it. */
export function measureSeries(rows: Row[], measures: string[], reading: Reading): Series[] {
  return measures.map((name) => ({
    name: columnTitle(name, reading),
    values: rows.map((row) => figure(row, name)),
  }));
}

/** What the bars stand for, and how their values are written: as those of the first measure. */
export function barFrame(rows: Row[], axis: string, measure: string, reading: Reading, colours: Colours) {
  const categories = rows.map((row) => label(row, axis, reading));
  return { categories, format: formatter(measure, reading), colours };
}

/** Bars of measures, side by side for each value of an axis. */
export function measureBars(
  rows: Row[],
  axis: string,
  measures: [string, ...string[]],
  reading: Reading,
  colours: Colours,
  shape: { isHorizontal?: boolean } = {},
): EChartsOption {
  const frame = barFrame(rows, axis, measures[0], reading, colours);
  return barOption(frame, measureSeries(rows, measures, reading), shape);
}
