import type { Query } from '@cubejs-client/core';
import type { EChartsOption } from 'echarts';
import { titleOf } from '../api/catalog';
import { type Answer, type Row } from '../api/connection';
import { type Colours } from '../charts/colours';
import { formatAlone, formatDimension, toNumber } from '../format';
import { type Texts } from '../i18n';
import { wordOf } from '../i18n/codes';
import { type DateRange } from '../period';
import { isBadValue, type Reading } from '../pivot/layout';
import { emptyPivot, splitAxis, type PivotState, type Value } from '../pivot/state';

/** What a desk is asked about. */
export interface Context {
  reading: Reading;
  t: Texts;
  /** The month in question, and the twelve that end with it. */
  month: DateRange;
  year: DateRange;
  /** Key of the customer of the customer desk. */
  customer: string | null;
}

export interface Cell {
  text: string;
  /** The figure itself, for copies; absent for text. */
  figure?: number;
  /** Bad for the bank, by the direction of its measure. */
  isBad?: boolean;
}

export interface TableData {
  headers: { title: string; isFigure: boolean }[];
  rows: Cell[][];
}

/** A chart with the table behind it, or a table alone. */
export interface DataCard {
  kind: 'data';
  title: (t: Texts) => string;
  hint?: (t: Texts) => string;
  /** Columns of twelve. */
  width: number;
  /** Members without which the card says that the user's rights do not reach it. */
  needs: string[];
  queries: (context: Context) => Query[];
  /** Whether the first query is answered as a distribution in a hundred parts. */
  isDistribution?: boolean;
  finding?: (answers: Answer[], context: Context) => string | null;
  chart?: (answers: Answer[], context: Context, colours: Colours) => EChartsOption;
  table: (answers: Answer[], context: Context) => TableData;
}

/** A pivot that opens and closes in place. */
export interface PivotCard {
  kind: 'pivot';
  title: (t: Texts) => string;
  width: number;
  needs: string[];
  state: (context: Context) => PivotState;
}

export interface DeskSpec {
  /** Measures of the month with their change on the month before; the model says which is good. */
  headlines: string[];
  cards: (DataCard | PivotCard)[];
}

const ORGANISATION = ['region_name', 'main_branch_name', 'branch_name'];

/** Figures of a month by region, main branch and branch, open to the main branches. */
export function organisationCard(view: string, needs: string, values: Value[]): PivotCard {
  return {
    kind: 'pivot',
    title: (t) => t.desk.organisation,
    width: 12,
    needs: [needs, `${view}.branch_name`],
    state: ({ month }) => ({
      ...emptyPivot(view),
      rowsOpened: { depth: 2, toggled: [] },
      period: month,
      rows: ORGANISATION.map((name) => `${view}.${name}`),
      values,
    }),
  };
}

export function inRange(view: string, range: DateRange): Pick<Query, 'timeDimensions'> {
  return { timeDimensions: [{ dimension: `${view}.date`, dateRange: range }] };
}

export function byMonth(view: string, range: DateRange): Pick<Query, 'timeDimensions'> {
  return { timeDimensions: [{ dimension: `${view}.date`, dateRange: range, granularity: 'month' }] };
}

/** The Chinese name of something, where the view has one and the reader reads it. */
export function named(member: string, { catalog, language }: Reading): string {
  const chinese = `${member}_zh`;
  return language === 'zh' && catalog.has(chinese) ? chinese : member;
}

export function figure(row: Row | undefined, member: string): number {
  return toNumber(row?.[member]);
}

export function label(row: Row, axis: string, { catalog, language }: Reading): string {
  const { member, granularity } = splitAxis(axis);
  const text = formatDimension(catalog.member(member), row[axis] ?? null, language, granularity);
  return wordOf(text, language);
}

/** A formatter of a measure, in the unit and language of the reader. */
export function formatter(member: string, reading: Reading): (value: number) => string {
  const measure = reading.catalog.member(member);
  return (value) => formatAlone(measure, value, reading.unit, reading.language);
}

/** Rows of an answer as a table: titles and formats are those of the model. */
export function tabulate(rows: Row[], members: string[], reading: Reading): TableData {
  const { catalog } = reading;
  const headers = members.map((axis) => ({
    title: columnTitle(splitAxis(axis).member, reading),
    isFigure: catalog.isMeasure(axis),
  }));
  const cells = rows.map((row) => members.map((axis) => cellOf(row, axis, reading)));
  return { headers, rows: cells };
}

/** Title of a member; a Chinese name is titled as what it names. */
export function columnTitle(name: string, { catalog, language }: Reading): string {
  const base = catalog.member(name.replace(/_zh$/, '')) ?? catalog.member(name);
  return titleOf(base ?? {}, language);
}

function cellOf(row: Row, axis: string, reading: Reading): Cell {
  if (!reading.catalog.isMeasure(axis)) return { text: label(row, axis, reading) };
  const value = figure(row, axis);
  return { text: formatter(axis, reading)(value), figure: value, isBad: isBadValue(value, { measure: axis, show: 'value' }, reading.catalog) };
}

export function rowsOf(answers: Answer[], index = 0): Row[] {
  return answers[index]?.rows ?? [];
}

/** Distinct values of a member, in the order in which they come. */
export function distinct(rows: Row[], member: string): (string | boolean | null)[] {
  return [...new Set(rows.map((row) => row[member] ?? null))];
}
