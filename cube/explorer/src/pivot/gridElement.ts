import 'regular-table';
import type { CellMetadata } from 'regular-table/dist/esm/types';
import type { RegularTableElement } from 'regular-table';
import { keyTarget, type Place } from './gridKeys';
import { type Column, type Layout, type Line } from './layout';
import { pathKey, type Sort } from './state';

/** What a user can do in a grid. */
export interface GridActions {
  toggleRow: (line: Line) => void;
  toggleColumn: (column: Column) => void;
  sortBy: (column: Column) => void;
  openCell: (line: Line, column: Column) => void;
}

export interface Shown {
  layout: Layout;
  corner: string;
  sort: Sort | null;
  label: string;
}

export interface GridHandle {
  show: (shown: Shown) => Promise<void>;
  detach: () => void;
}

/** Put a virtual table into a host: it draws what is in sight, as an ARIA tree grid. */
export function attachGrid(host: HTMLElement, actions: GridActions): GridHandle {
  const grid = new GridElement(host, actions);
  return { show: (shown) => grid.show(shown), detach: () => grid.table.remove() };
}

class GridElement {
  readonly table: RegularTableElement;
  #shown: Shown | null = null;
  /** The cell that has, or would get, the focus. */
  #active: Place = { x: -1, y: 0 };

  constructor(
    host: HTMLElement,
    readonly actions: GridActions,
  ) {
    this.table = document.createElement('regular-table') as RegularTableElement;
    this.table.tabIndex = 0;
    host.append(this.table);
    this.table.addStyleListener(() => this.#style());
    this.table.addEventListener('click', (event) => this.#press(event.target as HTMLElement));
    this.table.addEventListener('keydown', (event) => this.#key(event));
    this.table.addEventListener('focusin', (event) => this.#focusIn(event));
    this.table.addEventListener('focusout', () => (this.table.tabIndex = 0));
  }

  async show(shown: Shown): Promise<void> {
    const isFirst = this.#shown === null;
    const columns = shown.layout.columns.length;
    const isOther = !isFirst && this.#shown?.layout.columns.length !== columns;
    this.#shown = shown;
    if (isFirst) this.table.setDataListener((...area) => Promise.resolve(this.#slice(...area)));
    if (isOther) this.table.resetAutoSize();
    await this.table.draw({ invalid_viewport: true });
    performance.mark('pivot-drawn');
  }

  #slice(x0: number, y0: number, x1: number, y1: number) {
    const layout = this.#shown?.layout;
    if (!layout) return { num_rows: 0, num_columns: 0, data: [] };
    const lines = layout.lines.slice(y0, y1);
    const columns = layout.columns.slice(x0, x1);
    return {
      num_rows: layout.lines.length,
      num_columns: layout.columns.length,
      row_headers: lines.map((line) => [line.label]),
      column_headers: columns.map((column) => column.headers),
      data: columns.map((column) => lines.map((line) => layout.text(line, column))),
      merge_headers: 'column' as const,
    };
  }

  #style(): void {
    const inner = this.table.querySelector('table');
    if (!inner || !this.#shown) return;
    const { layout, label } = this.#shown;
    inner.setAttribute('role', 'treegrid');
    inner.setAttribute('aria-label', label);
    inner.setAttribute('aria-rowcount', String(layout.lines.length + layout.headerDepth));
    inner.setAttribute('aria-colcount', String(layout.columns.length + 1));
    for (const cell of inner.querySelectorAll<HTMLTableCellElement>('th, td')) this.#styleCell(cell);
    if (this.table.contains(document.activeElement)) this.#focusActive();
  }

  #styleCell(cell: HTMLTableCellElement): void {
    const meta = this.table.getMeta(cell);
    if (!meta || !this.#shown) return;
    cell.tabIndex = -1;
    if (meta.type === 'body') styleFigure(cell, meta, this.#shown.layout);
    else if (meta.type === 'row_header') styleLine(cell, meta.y, this.#shown.layout);
    else if (meta.type === 'column_header') styleHeader(cell, meta, this.#shown);
    else this.#styleCorner(cell, meta.column_header_y);
  }

  #styleCorner(cell: HTMLTableCellElement, depth: number): void {
    const isLast = depth === (this.#shown?.layout.headerDepth ?? 1) - 1;
    cell.textContent = isLast ? (this.#shown?.corner ?? '') : '';
    cell.className = 'corner';
  }

  #press(target: HTMLElement): void {
    const cell = target.closest<HTMLTableCellElement>('th, td');
    const meta = cell && this.table.getMeta(cell);
    if (!meta || !this.#shown) return;
    this.#active = placeOf(meta, this.#shown.layout) ?? this.#active;
    this.#act(meta);
  }

  #act(meta: CellMetadata): void {
    const layout = this.#shown?.layout;
    if (!layout) return;
    if (meta.type === 'row_header') {
      const line = layout.lines[meta.y];
      if (line?.isExpandable) this.actions.toggleRow(line);
    } else if (meta.type === 'column_header') {
      const column = layout.columns[meta.x];
      const isLeaf = meta.column_header_y === layout.headerDepth - 1;
      if (column && isLeaf) this.actions.sortBy(column);
      else if (column?.isExpandable) this.actions.toggleColumn(column);
    } else if (meta.type === 'body') {
      const [line, column] = [layout.lines[meta.y], layout.columns[meta.x]];
      if (line?.node && column) this.actions.openCell(line, column);
    }
  }

  #key(event: KeyboardEvent): void {
    const layout = this.#shown?.layout;
    if (!layout) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      const cell = this.#cellAt(this.#active);
      const meta = cell && this.table.getMeta(cell);
      if (meta) this.#act(meta);
      return;
    }
    const line = layout.lines[this.#active.y];
    const isTree = this.#active.x === -1 && line?.isExpandable;
    if (isTree && event.key === (line.isOpen ? 'ArrowLeft' : 'ArrowRight')) {
      event.preventDefault();
      this.actions.toggleRow(line);
      return;
    }
    const target = keyTarget(event, this.#active, layout.columns.length, layout.lines.length);
    if (!target) return;
    event.preventDefault();
    void this.#moveTo(target);
  }

  async #moveTo(target: Place): Promise<void> {
    this.#active = target;
    if (!this.#isInSight(target)) {
      await this.table.scrollToCell(Math.max(0, target.x), Math.max(0, target.y - 3));
      await this.table.draw();
    }
    this.#focusActive();
  }

  #isInSight(place: Place): boolean {
    const cell = this.#cellAt(place)?.getBoundingClientRect();
    const box = this.table.getBoundingClientRect();
    if (!cell) return false;
    const isAcross = place.x === -1 || (cell.right <= box.right + 1 && cell.left >= box.left);
    return isAcross && (place.y === -1 || (cell.bottom <= box.bottom + 1 && cell.top >= box.top));
  }

  #focusActive(): void {
    const cell = this.#cellAt(this.#active);
    if (cell && cell !== document.activeElement) cell.focus({ preventScroll: true });
  }

  /** The grid is one stop of the Tab key: from outside to its cell, from its cell to outside. */
  #focusIn(event: FocusEvent): void {
    if (event.target === this.table) this.#focusActive();
    if (event.target !== this.table) this.table.tabIndex = -1;
  }

  #cellAt({ x, y }: Place): HTMLTableCellElement | null {
    const rows = this.#shown?.layout.headerDepth ?? 1;
    const part = y === -1 ? `thead tr:nth-child(${rows}) th` : 'tbody th, tbody td';
    for (const cell of this.table.querySelectorAll<HTMLTableCellElement>(part)) {
      const meta = this.table.getMeta(cell);
      const place = meta && this.#shown && placeOf(meta, this.#shown.layout);
      if (place?.x === x && place.y === y) return cell;
    }
    return null;
  }
}

function placeOf(meta: CellMetadata, layout: Layout): Place | null {
  if (meta.type === 'body') return { x: meta.x, y: meta.y };
  if (meta.type === 'row_header') return { x: -1, y: meta.y };
  const isLeaf = meta.column_header_y === layout.headerDepth - 1;
  if (!isLeaf) return null;
  return { x: meta.type === 'column_header' ? meta.x : -1, y: -1 };
}

function styleFigure(
  cell: HTMLTableCellElement,
  meta: { x: number; y: number },
  layout: Layout,
): void {
  const [line, column] = [layout.lines[meta.y], layout.columns[meta.x]];
  cell.setAttribute('role', 'gridcell');
  cell.setAttribute('aria-colindex', String(meta.x + 2));
  if (!line || !column) return;
  const isBad = layout.isBad(line, column);
  const isTotal = line.level === 0 || (column.node.path.length === 0 && layout.headerDepth > 1);
  cell.className = `figure${isBad ? ' bad' : ''}${isTotal ? ' total' : ''}`;
}

function styleLine(cell: HTMLTableCellElement, y: number, layout: Layout): void {
  const line = layout.lines[y];
  const row = cell.parentElement;
  if (!line || !row) return;
  cell.setAttribute('role', 'rowheader');
  cell.className = `line ${line.isExpandable ? (line.isOpen ? 'open' : 'closed') : 'leaf'}`;
  cell.classList.toggle('total', line.level === 0);
  cell.classList.toggle('note', line.node === null);
  cell.style.setProperty('--level', String(Math.max(0, line.level - 1)));
  row.setAttribute('role', 'row');
  row.setAttribute('aria-rowindex', String(y + 1 + layout.headerDepth));
  row.setAttribute('aria-level', String(line.level + 1));
  row.setAttribute('aria-posinset', String(line.position));
  row.setAttribute('aria-setsize', String(line.siblings));
  if (line.isExpandable) row.setAttribute('aria-expanded', String(line.isOpen));
  else row.removeAttribute('aria-expanded');
}

function styleHeader(
  cell: HTMLTableCellElement,
  meta: { x: number; column_header_y: number },
  { layout, sort }: Shown,
): void {
  const column = layout.columns[meta.x];
  if (!column) return;
  const isLeaf = meta.column_header_y === layout.headerDepth - 1;
  cell.setAttribute('role', 'columnheader');
  cell.className = isLeaf ? 'measure' : 'group';
  if (isLeaf) {
    const title = column.headers.at(-1) ?? '';
    // The words alone are changed: beside them stands the handle that changes the width.
    const words = cell.firstElementChild;
    if (words) words.textContent = isSequel(layout.columns[meta.x - 1], column) ? column.shortTitle : title;
    cell.setAttribute('aria-label', title);
    cell.setAttribute('aria-sort', sortOf(column, sort));
    return;
  }
  cell.removeAttribute('aria-sort');
  const isOwn = meta.column_header_y === column.node.path.length - 1;
  if (column.isExpandable && isOwn) cell.classList.add(column.isOpen ? 'open' : 'closed');
}

/** Whether a column shows the same measure as the one before it in another way. */
function isSequel(before: Column | undefined, column: Column): boolean {
  return (
    column.value.show !== 'value' &&
    before?.node === column.node &&
    before.value.measure === column.value.measure
  );
}

function sortOf(column: Column, sort: Sort | null): 'none' | 'ascending' | 'descending' {
  if (!sort || sort.value !== column.valueIndex) return 'none';
  if (pathKey(sort.column) !== pathKey(column.node.path)) return 'none';
  return sort.descending ? 'descending' : 'ascending';
}
