import { type Catalog } from '../api/catalog';
import { type NamedPeriod, isRange, type Period, PERIODS } from '../period';
import {
  emptyPivot,
  type Filter,
  type Opened,
  type Path,
  type PivotState,
  SHOWS,
  type Show,
  type Sort,
  splitAxis,
} from './state';

/**
 * A pivot as the parameters of an address, so that a link is a saved view.
 *
 * Members are written without their view: `v=balances&r=region_name&m=deposit_end_balance`.
 */
export function writePivot(state: PivotState): URLSearchParams {
  const prefix = `${state.view}.`;
  const short = (name: string) => name.slice(prefix.length);
  const parameters = new URLSearchParams({ v: state.view });
  const put = (key: string, text: string) => text !== '' && parameters.set(key, text);
  put('r', state.rows.map(short).join());
  put('c', state.columns.map(short).join());
  put('m', state.values.map(({ measure, show }) => `${short(measure)}:${show}`).join());
  put('p', typeof state.period === 'string' ? state.period : state.period.join('~'));
  put('s', state.segments.map(short).join());
  const filters = state.filters.map((item) => [short(item.member), item.operator, item.values]);
  if (filters.length > 0) put('f', JSON.stringify(filters));
  putOpened(parameters, 'ro', state.rowsOpened);
  putOpened(parameters, 'co', state.columnsOpened);
  if (state.sort) put('o', JSON.stringify(state.sort));
  if (state.top) put('t', String(state.top));
  return parameters;
}

function putOpened(parameters: URLSearchParams, key: string, opened: Opened): void {
  if (opened.depth === 1 && opened.toggled.length === 0) return;
  parameters.set(key, JSON.stringify([opened.depth, opened.toggled]));
}

/** A pivot read from an address, and the members that do not exist for this user. */
export function readPivot(
  parameters: URLSearchParams,
  catalog: Catalog,
): { state: PivotState; unknown: string[] } | null {
  const view = catalog.view(parameters.get('v') ?? '');
  if (!view) return null;
  const unknown: string[] = [];
  const known = (name: string): boolean => {
    const isKnown = catalog.has(splitAxis(name).member);
    if (!isKnown) unknown.push(name);
    return isKnown;
  };
  const list = (key: string) =>
    (parameters.get(key) ?? '')
      .split(',')
      .filter(Boolean)
      .map((name) => `${view.name}.${name}`);
  const state: PivotState = {
    ...emptyPivot(view.name),
    rows: list('r').filter(known),
    columns: list('c').filter(known),
    values: list('m').map(readValue).filter((value) => known(value.measure)),
    segments: list('s').filter(known),
    filters: readFilters(parameters.get('f'), view.name).filter((item) => known(item.member)),
    period: readPeriod(parameters.get('p')),
    rowsOpened: readOpened(parameters.get('ro')),
    columnsOpened: readOpened(parameters.get('co')),
    top: Number(parameters.get('t')) || null,
  };
  return { state: { ...state, sort: readSort(parameters.get('o'), state.values.length) }, unknown };
}

function readValue(text: string): { measure: string; show: Show } {
  const [measure = '', show] = text.split(':');
  return { measure, show: SHOWS.find((known) => known === show) ?? 'value' };
}

function readPeriod(text: string | null): Period {
  const named = PERIODS.find((period): period is NamedPeriod => period === text);
  const range = /^(\d{4}-\d{2}-\d{2})~(\d{4}-\d{2}-\d{2})$/.exec(text ?? '');
  if (range?.[1] && range[2] && isRange(range[1], range[2])) return [range[1], range[2]];
  return named ?? 'this_month';
}

/** JSON of an address is what a stranger may have written: anything odd counts as absent. */
function readJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}

function readFilters(text: string | null, view: string): Filter[] {
  const items = readJson(text);
  if (!Array.isArray(items)) return [];
  return items.flatMap((item: unknown): Filter[] => {
    if (!Array.isArray(item)) return [];
    const [member, operator, values] = item as unknown[];
    if (typeof member !== 'string' || typeof operator !== 'string') return [];
    const texts = Array.isArray(values) ? values.map(String) : [];
    return [{ member: `${view}.${member}`, operator, values: texts }];
  });
}

function isPath(value: unknown): value is Path {
  const isKey = (key: unknown) => key === null || ['string', 'boolean'].includes(typeof key);
  return Array.isArray(value) && value.every(isKey);
}

function readOpened(text: string | null): Opened {
  const value = readJson(text);
  if (!Array.isArray(value)) return { depth: 1, toggled: [] };
  const [depth, toggled] = value as unknown[];
  return {
    depth: typeof depth === 'number' && depth >= 1 ? depth : 1,
    toggled: Array.isArray(toggled) ? toggled.filter(isPath) : [],
  };
}

function readSort(text: string | null, values: number): Sort | null {
  const sort = readJson(text) as Partial<Sort> | null;
  if (!sort || !isPath(sort.column) || typeof sort.value !== 'number') return null;
  if (sort.value < 0 || sort.value >= values) return null;
  return { column: sort.column, value: sort.value, descending: sort.descending !== false };
}
