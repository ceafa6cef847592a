import { type Scalar } from '../api/connection';
import { type Period } from '../period';

/** How a value is shown. Shares and changes are ratios of two figures that the server computed. */
export const SHOWS = [
  'value',
  'share_of_row',
  'share_of_column',
  'share_of_parent',
  'share_of_total',
  'month_before',
  'change_on_month',
  'growth_on_month',
  'year_before',
  'change_on_year',
  'growth_on_year',
] as const;
export type Show = (typeof SHOWS)[number];

export interface Value {
  measure: string;
  show: Show;
}

export interface Filter {
  member: string;
  operator: string;
  values: string[];
}

/** Keys from the root to a node of a tree. */
export type Path = Scalar[];

export interface Sort {
  /** Path of the column; empty for the total. */
  column: Path;
  /** Position among the values. */
  value: number;
  descending: boolean;
}

/** Which nodes of a tree are open: all above a depth, except those that were toggled. */
export interface Opened {
  depth: number;
  toggled: Path[];
}

/** Everything that a pivot shows. Members are full names; an axis may end in a granularity. */
export interface PivotState {
  view: string;
  rows: string[];
  columns: string[];
  values: Value[];
  filters: Filter[];
  segments: string[];
  period: Period;
  rowsOpened: Opened;
  columnsOpened: Opened;
  sort: Sort | null;
  top: number | null;
}

export const CLOSED: Opened = { depth: 1, toggled: [] };

export function emptyPivot(view: string): PivotState {
  return {
    view,
    rows: [],
    columns: [],
    values: [],
    filters: [],
    segments: [],
    period: 'this_month',
    rowsOpened: CLOSED,
    columnsOpened: CLOSED,
    sort: null,
    top: null,
  };
}

export function pathKey(path: Path): string {
  return JSON.stringify(path);
}

/** Whether the children of a node are shown. The root, the total, is always open. */
export function isOpen(opened: Opened, path: Path): boolean {
  if (path.length === 0) return true;
  const key = pathKey(path);
  const isToggled = opened.toggled.some((other) => pathKey(other) === key);
  return path.length < opened.depth !== isToggled;
}

/** Open a closed node, close an open one. */
export function toggle(opened: Opened, path: Path): Opened {
  const key = pathKey(path);
  const others = opened.toggled.filter((other) => pathKey(other) !== key);
  const isToggled = others.length < opened.toggled.length;
  return { ...opened, toggled: isToggled ? others : [...opened.toggled, path] };
}

/** Member and granularity of an axis. */
export function splitAxis(axis: string): { member: string; granularity: string | undefined } {
  const [view, name, granularity] = axis.split('.');
  return { member: `${view}.${name}`, granularity };
}
