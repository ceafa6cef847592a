import type { EChartsOption } from 'echarts';
import { type Row } from '../api/connection';
import { type Colours } from '../charts/colours';
import { barOption, heatOption } from '../charts/options';
import { type Context, distinct, figure, formatter, label } from './card';

/** Rows by columns of an answer with two dimensions and a measure. */
interface Matrix {
  row: string;
  column: string;
  measure: string;
  /** Members that the rows and columns are ordered by; else they stay as the answer has them. */
  rowOrder?: string;
  columnOrder?: string;
}

function keysOf(rows: Row[], member: string, order: string | undefined) {
  if (order === undefined) return distinct(rows, member);
  const ordered = rows.toSorted((a, b) =>
    String(a[order] ?? '').localeCompare(String(b[order] ?? ''), 'en', { numeric: true }),
  );
  return distinct(ordered, member);
}

function spread(rows: Row[], matrix: Matrix, { reading }: Context) {
  const { row, column, measure } = matrix;
  const rowKeys = keysOf(rows, row, matrix.rowOrder);
  const columnKeys = keysOf(rows, column, matrix.columnOrder);
  const found = new Map(rows.map((item) => [`${item[row]}|${item[column]}`, figure(item, measure)]));
  const first = (member: string, key: unknown) => rows.find((item) => item[member] === key) ?? {};
  return {
    rowLabels: rowKeys.map((key) => label(first(row, key), row, reading)),
    columnLabels: columnKeys.map((key) => label(first(column, key), column, reading)),
    figures: rowKeys.map((y) => columnKeys.map((x) => found.get(`${y}|${x}`) ?? Number.NaN)),
  };
}

/** A heat map of two dimensions. */
export function heatMap(rows: Row[], matrix: Matrix, context: Context, colours: Colours): EChartsOption {
  const { rowLabels, columnLabels, figures } = spread(rows, matrix, context);
  const format = formatter(matrix.measure, context.reading);
  return heatOption({ format, colours }, columnLabels, rowLabels, figures);
}

/** Stacked bars: one per row, a colour per column. */
export function stackedBars(
  rows: Row[],
  matrix: Matrix,
  context: Context,
  colours: Colours,
  isHorizontal = false,
): EChartsOption {
  const { rowLabels, columnLabels, figures } = spread(rows, matrix, context);
  const format = formatter(matrix.measure, context.reading);
  const series = columnLabels.map((name, x) => ({
    name,
    values: figures.map((row) => row[x] ?? Number.NaN),
  }));
  const frame = { categories: rowLabels, format, colours };
  return barOption(frame, series, { isStacked: true, isHorizontal });
}
