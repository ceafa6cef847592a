import { type Catalog } from '../api/catalog';
import { CLOSED, type PivotState, splitAxis, type Value } from './state';

export const ZONES = ['rows', 'columns', 'values', 'filters'] as const;
export type Zone = (typeof ZONES)[number];

/** Levels of a hierarchy that the user may see; empty for any other name. */
export function levelsOf(catalog: Catalog, name: string): string[] {
  const view = catalog.view(name.split('.')[0] ?? '');
  const levels = view?.hierarchies.find((hierarchy) => hierarchy.name === name)?.levels ?? [];
  return levels.filter((level) => catalog.has(level));
}

/** Zones that a measure, dimension or hierarchy fits into. */
export function zonesFor(catalog: Catalog, name: string): Zone[] {
  if (catalog.isMeasure(name)) return ['values'];
  return levelsOf(catalog, name).length > 0 ? ['rows', 'columns'] : ['rows', 'columns', 'filters'];
}

/** Put a member into a zone, before a position or at the end; it leaves the zone where it was. */
export function place(
  state: PivotState,
  catalog: Catalog,
  name: string,
  zone: Zone,
  position?: number,
): PivotState {
  const { member } = splitAxis(name);
  if (!zonesFor(catalog, levelsOf(catalog, name).length > 0 ? name : member).includes(zone))
    return state;
  if (zone === 'values') return insertValue(state, { measure: member, show: 'value' }, position);
  if (zone === 'filters') return addFilter(state, member);
  const levels = levelsOf(catalog, name);
  const added = levels.length > 0 ? levels : [defaultAxis(catalog, name)];
  return insertAxes(state, added, zone, position);
}

/** Dates are grouped by month unless something else was asked for. */
function defaultAxis(catalog: Catalog, name: string): string {
  const { member, granularity } = splitAxis(name);
  const isTime = catalog.member(member)?.type === 'time';
  return isTime && granularity === undefined ? `${member}.month` : name;
}

function insertAxes(
  state: PivotState,
  added: string[],
  zone: 'rows' | 'columns',
  position?: number,
): PivotState {
  const names = new Set(added.map((axis) => splitAxis(axis).member));
  const keep = (axis: string) => !names.has(splitAxis(axis).member);
  const before = state[zone].slice(0, position ?? state[zone].length).filter(keep);
  const after = state[zone].slice(position ?? state[zone].length).filter(keep);
  return {
    ...state,
    rows: state.rows.filter(keep),
    columns: state.columns.filter(keep),
    [zone]: [...before, ...added, ...after],
    rowsOpened: CLOSED,
    columnsOpened: CLOSED,
    sort: null,
  };
}

function insertValue(state: PivotState, value: Value, position?: number): PivotState {
  const values = state.values.filter(
    (other) => other.measure !== value.measure || other.show !== value.show,
  );
  values.splice(position ?? values.length, 0, value);
  return { ...state, values, sort: null };
}

function addFilter(state: PivotState, member: string): PivotState {
  if (state.filters.some((filter) => filter.member === member)) return state;
  return { ...state, filters: [...state.filters, { member, operator: 'equals', values: [] }] };
}

/** Take an item out of a zone. */
export function remove(state: PivotState, zone: Zone, position: number): PivotState {
  const without = <T>(items: T[]) => items.filter((_, index) => index !== position);
  if (zone === 'values') return { ...state, values: without(state.values), sort: null };
  if (zone === 'filters') return { ...state, filters: without(state.filters) };
  return {
    ...state,
    [zone]: without(state[zone]),
    rowsOpened: CLOSED,
    columnsOpened: CLOSED,
    sort: null,
  };
}

/** Move an item of a zone by one place. */
export function shift(state: PivotState, zone: Zone, position: number, by: -1 | 1): PivotState {
  const swap = <T>(items: T[]): T[] => {
    const moved = [...items];
    const target = position + by;
    if (target < 0 || target >= moved.length) return items;
    [moved[position], moved[target]] = [moved[target] as T, moved[position] as T];
    return moved;
  };
  if (zone === 'values') return { ...state, values: swap(state.values), sort: null };
  if (zone === 'filters') return { ...state, filters: swap(state.filters) };
  return { ...state, [zone]: swap(state[zone]), rowsOpened: CLOSED, columnsOpened: CLOSED };
}

/** A first pivot of a view: its organisation, or first dimension, by its first measures. */
export function suggestPivot(state: PivotState, catalog: Catalog): PivotState {
  const view = catalog.view(state.view);
  if (!view) return state;
  const hierarchy = view.hierarchies.find((item) => item.name.endsWith('.organisation'));
  // A bank has one head office: the regions below it say more.
  const levels = hierarchy ? levelsOf(catalog, hierarchy.name).slice(1) : [];
  const fallback = view.dimensions.find((member) => member.type === 'string')?.name;
  const rows = levels.length > 0 ? levels : fallback ? [fallback] : [];
  const values = view.measures
    .slice(0, 2)
    .map((member): Value => ({ measure: member.name, show: 'value' }));
  return { ...state, rows, values };
}
