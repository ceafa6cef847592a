import writeExcelFile from 'write-excel-file/universal';
import { type Sheet } from './table';

/** An .xlsx of a sheet: notes above, bold headers, numbers as numbers, everything else as text. */
export async function toExcel(sheet: Sheet, title: string): Promise<Blob> {
  const text = (value: string, fontWeight?: 'bold') => ({
    type: String,
    value,
    ...(fontWeight ? { fontWeight } : {}),
  });
  const body = sheet.rows.map((row) =>
    row.map((cell, index) => {
      if (cell === null) return null;
      if (typeof cell === 'string') return text(cell);
      return { type: Number, value: cell, format: sheet.formats[index] || 'General' };
    }),
  );
  const head = [
    [{ ...text(title, 'bold'), fontSize: 14 }],
    ...sheet.notes.map(([label, note]) => [text(label, 'bold'), text(note)]),
    [],
    ...sheet.headers.map((row) => row.map((label) => text(label, 'bold'))),
  ];
  const columns = (sheet.headers[0] ?? []).map((_, index) => ({ width: index === 0 ? 34 : 18 }));
  return writeExcelFile([...head, ...body], { columns, sheet: 'bankcrm' }).toBlob();
}
