import { type Catalog, titleOf } from '../api/catalog';
import { type Scalar } from '../api/connection';
import { formatDimension, formatMeasure, formatPercent, formatPoints, type Unit } from '../format';
import { type Language, type Texts } from '../i18n';
import { type ColumnNode, type Figures, isRatio, type RowNode } from './figures';
import { isComparison, rangeTitle } from '../comparison';
import { againstOf, type Comparisons } from './queries';
import { isOpen, type PivotState, type Show, type Sort, splitAxis, type Value } from './state';

/** A line of the grid: a node, the total, or the note that a top N left some out. */
export interface Line {
  label: string;
  level: number;
  node: RowNode | null;
  isExpandable: boolean;
  isOpen: boolean;
  /** Position among its siblings and their number, for screen readers. */
  position: number;
  siblings: number;
}

/** A column of the grid: a value at a node of the columns. */
export interface Column {
  headers: string[];
  /** How the measure is shown, where the column before names the measure. */
  shortTitle: string;
  node: ColumnNode;
  value: Value;
  valueIndex: number;
  isExpandable: boolean;
  isOpen: boolean;
}

/** Who reads the grid, and how. */
export interface Reading {
  catalog: Catalog;
  language: Language;
  texts: Texts;
  unit: Unit;
}

export interface Layout {
  lines: Line[];
  columns: Column[];
  /** Rows of column headers. */
  headerDepth: number;
  number(line: Line, column: Column): number;
  /** Whether a figure is bad for the bank, by the direction of its measure. */
  isBad(line: Line, column: Column): boolean;
  text(line: Line, column: Column): string;
}

/** Lay the figures out as lines and columns, in order, as far as they are open. */
export function layOut(state: PivotState, figures: Figures, reading: Reading): Layout {
  const order = new Order(state, figures, reading);
  const lines = layOutLines(state, figures, reading, order);
  const nodes = layOutColumns(state, figures, order);
  const headerDepth = Math.max(1, ...nodes.map((node) => node.path.length)) + 1;
  const depth = state.columns.length > 0 ? headerDepth : 1;
  const columns = nodes.flatMap((node) =>
    state.values.map((value, valueIndex) => ({
      headers: headersOf(node, value, state, reading, depth, figures.comparisons),
      shortTitle: showTitle(value, reading, figures.comparisons),
      node,
      value,
      valueIndex,
      isExpandable: node.path.length > 0 && node.path.length < state.columns.length,
      isOpen: isOpen(state.columnsOpened, node.path),
    })),
  );
  const number = (line: Line, column: Column) =>
    line.node ? figures.show(line.node, column.node, column.value) : Number.NaN;
  const text = (line: Line, column: Column) =>
    formatValue(number(line, column), column.value, reading);
  const isBad = (line: Line, column: Column) => isBadValue(number(line, column), column.value, reading.catalog);
  return { lines, columns, headerDepth: depth, number, text, isBad };
}

/** Whether a value is a difference of two ratios, which is told in percentage points. */
export function isPoints(measure: string, show: Show, catalog: Catalog): boolean {
  return catalog.isRate(measure) && /^(change|growth)/.test(show);
}

export function formatValue(figure: number, { measure, show }: Value, reading: Reading): string {
  if (Number.isNaN(figure)) return '';
  if (isPoints(measure, show, reading.catalog)) return formatPoints(figure, reading.language, reading.texts.points);
  if (isRatio(show)) return formatPercent(figure, reading.language);
  return formatMeasure(reading.catalog.member(measure), figure, reading.unit, reading.language);
}

/** Whether a figure, or its change, is bad: of a cost a rise is, of a profit a fall below zero. */
export function isBadValue(figure: number, { measure, show }: Value, catalog: Catalog): boolean {
  const direction = catalog.member(measure)?.meta?.direction;
  if (direction === 'more') return figure < 0;
  return direction === 'less' && /^(change|growth)/.test(show) && figure > 0;
}

/** Title of a value: its measure, how it is shown, and of a comparison the periods of both sides. */
export function valueTitle(value: Value, reading: Reading, comparisons: Comparisons = {}): string {
  const member = reading.catalog.member(value.measure);
  const title = member ? titleOf(member, reading.language) : value.measure;
  return value.show === 'value' ? title : `${title} · ${showTitle(value, reading, comparisons)}`;
}

function showTitle({ measure, show }: Value, reading: Reading, comparisons: Comparisons): string {
  const { catalog, language, texts } = reading;
  const isGrowthOfRate = isPoints(measure, show, catalog) && show.startsWith('growth');
  const shown = isGrowthOfRate ? (show === 'growth_on_year' ? 'change_on_year' : 'change_on_month') : show;
  const points = isPoints(measure, show, catalog) ? `, ${texts.points}` : '';
  const words = `${texts.shows[shown]}${points}`;
  const against = againstOf(show);
  const compared = against === null ? undefined : comparisons[against];
  if (!isComparison(compared)) return words;
  const [now, base] = [rangeTitle(compared.now, language), rangeTitle(compared.base, language)];
  return show.endsWith('before') ? `${words}: ${base}` : `${words}: ${texts.comparison.of(now, base)}`;
}

function headersOf(
  node: ColumnNode,
  value: Value,
  state: PivotState,
  reading: Reading,
  depth: number,
  comparisons: Comparisons,
): string[] {
  const title = valueTitle(value, reading, comparisons);
  if (depth === 1) return [title];
  const labels = node.path.map((key, index) => keyLabel(state.columns[index] ?? '', key, reading));
  if (labels.length === 0) labels.push(reading.texts.total);
  while (labels.length < depth - 1) labels.push('');
  return [...labels, title];
}

export function keyLabel(axis: string, key: Scalar, { catalog, language }: Reading): string {
  const { member, granularity } = splitAxis(axis);
  return formatDimension(catalog.member(member), key, language, granularity);
}

function layOutLines(
  state: PivotState,
  figures: Figures,
  reading: Reading,
  order: Order,
): Line[] {
  const lines: Line[] = [];
  const visit = (node: RowNode, position: number, siblings: number) => {
    const level = node.path.length;
    const isExpandable = level > 0 && level < state.rows.length;
    const open = isOpen(state.rowsOpened, node.path);
    const axis = state.rows[level - 1] ?? '';
    const label = level === 0 ? reading.texts.total : keyLabel(axis, node.key, reading);
    lines.push({ label, level, node, isExpandable, isOpen: open, position, siblings });
    if (!open) return;
    const children = order.rows(node);
    const shown = state.top ? children.slice(0, state.top) : children;
    shown.forEach((child, index) => visit(child, index + 1, children.length));
    if (shown.length < children.length)
      lines.push(noteRest(reading, children.length - shown.length, level + 1));
  };
  visit(figures.root, 1, 1);
  return lines;
}

function noteRest({ texts }: Reading, count: number, level: number): Line {
  const label = texts.moreRows(count);
  return { label, level, node: null, isExpandable: false, isOpen: false, position: 0, siblings: 0 };
}

function layOutColumns(state: PivotState, figures: Figures, order: Order): ColumnNode[] {
  const nodes: ColumnNode[] = [];
  const visit = (node: ColumnNode) => {
    nodes.push(node);
    if (isOpen(state.columnsOpened, node.path)) order.columns(node).forEach(visit);
  };
  visit(figures.columnRoot);
  return nodes;
}

/** Orders siblings: as the user sorts; else times and numbers ascending, texts by first value. */
class Order {
  readonly #collator: Intl.Collator;
  readonly #sortColumn: ColumnNode;
  readonly #sortValue: Value | undefined;

  constructor(
    readonly state: PivotState,
    readonly figures: Figures,
    readonly reading: Reading,
  ) {
    this.#collator = new Intl.Collator(reading.language, { numeric: true });
    this.#sortColumn = findColumn(figures.columnRoot, state.sort);
    this.#sortValue = state.values[state.sort?.value ?? 0];
  }

  rows(parent: RowNode): RowNode[] {
    const children = [...parent.children.values()];
    const value = this.#sortValue;
    if (!value || (!this.state.sort && this.#isOrdered(this.state.rows[parent.path.length])))
      return children.sort((a, b) => this.#byKey(a.key, b.key));
    const figure = (node: RowNode) => this.figures.show(node, this.#sortColumn, value);
    return sortByFigure(children, figure, this.state.sort?.descending ?? true);
  }

  columns(parent: ColumnNode): ColumnNode[] {
    const children = [...parent.children.values()];
    const [value] = this.state.values;
    if (!value || this.#isOrdered(this.state.columns[parent.path.length]))
      return children.sort((a, b) => this.#byKey(a.key, b.key));
    return sortByFigure(children, (node) => this.figures.show(this.figures.root, node, value), true);
  }

  #isOrdered(axis: string | undefined): boolean {
    const type = axis && this.reading.catalog.member(splitAxis(axis).member)?.type;
    return type === 'time' || type === 'number';
  }

  #byKey(a: Scalar, b: Scalar): number {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return this.#collator.compare(String(a), String(b));
  }
}

/** Nodes without a figure come last, whichever way the others are ordered. */
function sortByFigure<T>(nodes: T[], figure: (node: T) => number, descending: boolean): T[] {
  const sign = descending ? -1 : 1;
  const figures = new Map(nodes.map((node) => [node, figure(node)]));
  return nodes.sort((a, b) => {
    const [x = Number.NaN, y = Number.NaN] = [figures.get(a), figures.get(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return sign * (x - y);
  });
}

function findColumn(root: ColumnNode, sort: Sort | null): ColumnNode {
  let node = root;
  for (const key of sort?.column ?? []) node = node.children.get(key) ?? root;
  return node;
}
