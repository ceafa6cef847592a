import { useEffect, useRef } from 'preact/hooks';
import { useTexts } from '../i18n';
import { attachGrid, type GridActions, type GridHandle } from './gridElement';
import { type Layout } from './layout';
import { type Sort } from './state';

interface Props extends GridActions {
  layout: Layout;
  corner: string;
  sort: Sort | null;
  label: string;
}

/** The grid of a pivot. Only the cells in sight are in the page. */
export function Grid({ layout, corner, sort, label, ...actions }: Props) {
  const { t } = useTexts();
  const host = useRef<HTMLDivElement>(null);
  const handle = useRef<GridHandle | null>(null);
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    if (!host.current) return;
    handle.current = attachGrid(host.current, {
      toggleRow: (line) => latest.current.toggleRow(line),
      toggleColumn: (column) => latest.current.toggleColumn(column),
      sortBy: (column) => latest.current.sortBy(column),
      openCell: (line, column) => latest.current.openCell(line, column),
    });
    return () => handle.current?.detach();
  }, []);
  useEffect(() => {
    void handle.current?.show({ layout, corner, sort, label: `${label}. ${t.pivot.gridHelp}` });
  }, [layout, corner, sort, label, t]);
  return <div class="grid" ref={host} />;
}
