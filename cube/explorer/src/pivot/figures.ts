import { type Answer, type Row, type Scalar } from '../api/connection';
import { toNumber } from '../format';
import { isComparison } from '../comparison';
import { type DateRange } from '../period';
import { againstOf, type Comparisons, type Level } from './queries';
import { type Path, type Show, type Value } from './state';

/** A node of the tree of columns. `id` numbers the columns; the root is 0. */
export interface ColumnNode {
  id: number;
  key: Scalar;
  path: Path;
  children: Map<Scalar, ColumnNode>;
}

/** A node of the tree of rows, with the figures of all its columns. */
export interface RowNode {
  key: Scalar;
  path: Path;
  parent: RowNode | null;
  children: Map<Scalar, RowNode>;
  /** By column and slot; a hole where the server has no row. */
  cells: number[];
}

/**
 * The figures of a pivot as the server computed them: trees of rows and columns, and a number per
 * row, column, measure and period. Nothing is added up here.
 */
export class Figures {
  readonly root: RowNode = { key: null, path: [], parent: null, children: new Map(), cells: [] };
  readonly columnRoot: ColumnNode = { id: 0, key: null, path: [], children: new Map() };
  readonly #slots = new Map<string, number>();
  #columns = 1;
  isTruncated = false;

  constructor(
    readonly rows: string[],
    readonly columns: string[],
    levels: Level[],
    /** The days that are shown, and those that they are compared with. */
    readonly range: DateRange | null,
    readonly comparisons: Comparisons,
    /** Measures whose change is a difference of ratios, whatever way it is asked for. */
    readonly isRate: (measure: string) => boolean,
  ) {
    for (const level of levels)
      for (const measure of level.measures) this.#addSlot(measure, level.range);
  }

  /** Take in the answer to one level. */
  add(level: Level, answer: Answer): void {
    this.isTruncated ||= answer.truncated;
    const rowAxes = this.rows.slice(0, level.rowLevel);
    const columnAxes = this.columns.slice(0, level.columnLevel);
    for (const row of answer.rows) {
      const node = this.#rowNode(row, rowAxes);
      const offset = this.#columnNode(row, columnAxes).id * this.#slots.size;
      for (const measure of level.measures) {
        const slot = this.#slots.get(slotKey(measure, level.range)) ?? 0;
        node.cells[offset + slot] = toNumber(row[measure]);
      }
    }
  }

  /** A figure as it is shown; NaN where there is none. */
  show(row: RowNode, column: ColumnNode, value: Value): number {
    const { measure, show } = value;
    const against = againstOf(show);
    if (against === null) {
      const figure = this.#figure(row, column, measure, this.range);
      return SHOWN[show](figure, this.#whole(row, column, value));
    }
    const compared = this.comparisons[against];
    if (!isComparison(compared)) return Number.NaN;
    const figure = this.#figure(row, column, measure, compared.now);
    const base = this.#figure(row, column, measure, compared.base);
    return (this.isRate(measure) && show.startsWith('growth') ? change : SHOWN[show])(figure, base);
  }

  /** What a share is a share of. */
  #whole(row: RowNode, column: ColumnNode, { measure, show }: Value): number {
    const place = wholeOf(this, row, column, show);
    return place ? this.#figure(place.row, place.column, measure, this.range) : Number.NaN;
  }

  #figure(row: RowNode, column: ColumnNode, measure: string, range: DateRange | null): number {
    const slot = this.#slots.get(slotKey(measure, range));
    if (slot === undefined) return Number.NaN;
    return row.cells[column.id * this.#slots.size + slot] ?? Number.NaN;
  }

  #addSlot(measure: string, range: DateRange | null): void {
    const key = slotKey(measure, range);
    if (!this.#slots.has(key)) this.#slots.set(key, this.#slots.size);
  }

  #rowNode(row: Row, axes: string[]): RowNode {
    let node = this.root;
    for (const axis of axes) {
      const key = row[axis] ?? null;
      let child = node.children.get(key);
      if (!child) {
        const path = [...node.path, key];
        child = { key, path, parent: node, children: new Map(), cells: [] };
        node.children.set(key, child);
      }
      node = child;
    }
    return node;
  }

  #columnNode(row: Row, axes: string[]): ColumnNode {
    let node = this.columnRoot;
    for (const axis of axes) {
      const key = row[axis] ?? null;
      let child = node.children.get(key);
      if (!child) {
        child = { id: this.#columns++, key, path: [...node.path, key], children: new Map() };
        node.children.set(key, child);
      }
      node = child;
    }
    return node;
  }
}

function slotKey(measure: string, range: DateRange | null): string {
  return `${measure} ${range}`;
}

/** The cell that a share is a share of; null for what is no share. */
export function wholeOf(
  figures: Pick<Figures, 'root' | 'columnRoot'>,
  row: RowNode,
  column: ColumnNode,
  show: Show,
): { row: RowNode; column: ColumnNode } | null {
  switch (show) {
    case 'share_of_row':
      return { row, column: figures.columnRoot };
    case 'share_of_column':
      return { row: figures.root, column };
    case 'share_of_parent':
      return { row: row.parent ?? row, column };
    case 'share_of_total':
      return { row: figures.root, column: figures.columnRoot };
    default:
      return null;
  }
}

/** Of a total that is zero or negative there is no share. */
const share = (figure: number, basis: number) => (basis > 0 ? figure / basis : Number.NaN);
const before = (_: number, basis: number) => basis;
const change = (figure: number, basis: number) => figure - basis;
const growth = (figure: number, basis: number) =>
  basis === 0 ? Number.NaN : (figure - basis) / Math.abs(basis);

const SHOWN: Readonly<Record<Show, (figure: number, basis: number) => number>> = {
  value: (figure) => figure,
  share_of_row: share,
  share_of_column: share,
  share_of_parent: share,
  share_of_total: share,
  month_before: before,
  change_on_month: change,
  growth_on_month: growth,
  year_before: before,
  change_on_year: change,
  growth_on_year: growth,
};

/** Whether a value is shown as a percentage whatever its measure. */
export function isRatio(show: Show): boolean {
  return show.startsWith('share') || show.startsWith('growth');
}
