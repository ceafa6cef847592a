import { type Layout } from './layout';

/** A pivot, or any table, as it leaves the page: texts and numbers. */
export interface Sheet {
  /** What it shows, filters, business date, user: label and text. */
  notes: [label: string, text: string][];
  headers: string[][];
  rows: (string | number | null)[][];
  /** Number format of each column, in Excel's words; empty for text. */
  formats: string[];
}

/** The grid as it is open now. Numbers keep their full value, whatever unit is shown. */
export function toSheet(
  layout: Layout,
  corner: string,
  notes: Sheet['notes'],
  formatOf: (index: number) => string,
  /** What a column is multiplied by: percentage points are hundredths of a ratio. */
  scaleOf: (index: number) => number,
): Sheet {
  const headers = Array.from({ length: layout.headerDepth }, (_, depth) => [
    depth === layout.headerDepth - 1 ? corner : '',
    ...layout.columns.map((column) => column.headers[depth] ?? ''),
  ]);
  const rows = layout.lines.map((line) => [
    `${'    '.repeat(Math.max(0, line.level - 1))}${line.label}`,
    ...layout.columns.map((column, index) => {
      const figure = layout.number(line, column) * scaleOf(index);
      return Number.isNaN(figure) ? null : figure;
    }),
  ]);
  const formats = ['', ...layout.columns.map((_, index) => formatOf(index))];
  return { notes, headers, rows, formats };
}

/** A text that a spreadsheet would run as a formula is led by an apostrophe. */
export function defuse(text: string): string {
  return /^\s*[=+\-@]/.test(text) ? `'${text}` : text;
}

function cellText(cell: string | number | null): string {
  if (cell === null) return '';
  return typeof cell === 'number' ? String(cell) : defuse(cell.replace(/[\t\r\n]+/g, ' '));
}

/** Tab separated, for the clipboard. */
export function toTabs(sheet: Sheet): string {
  return [...sheet.headers, ...sheet.rows].map((row) => row.map(cellText).join('\t')).join('\n');
}

/** RFC 4180, with the mark by which spreadsheets know UTF-8. */
export function toCsv(sheet: Sheet): string {
  const quote = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [...sheet.headers, ...sheet.rows].map((row) =>
    row.map((cell) => quote(cellText(cell))).join(','),
  );
  return `\ufeff${lines.join('\r\n')}\r\n`;
}
