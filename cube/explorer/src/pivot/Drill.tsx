import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { titleOf } from '../api/catalog';
import { formatDimension, formatMeasure, formatNumber, toNumber } from '../format';
import { useTexts } from '../i18n';
import { useAsked, usePage, useReading } from '../page';
import { Empty, Shown } from '../ui/State';
import { DRILL_PAGE, drillMembers, drillQuery } from './drill';
import { keyLabel } from './layout';
import { type Path, type PivotState } from './state';

export interface Cell {
  row: Path;
  column: Path;
  measure: string;
  /** The figure as the grid shows it. */
  figure: string;
}

interface Props {
  state: PivotState;
  cell: Cell;
  close: () => void;
}

/** The rows behind a figure, page by page, in a panel over the grid. */
export function Drill({ state, cell, close }: Props) {
  const { connection, catalog, freshness } = usePage();
  const { t } = useTexts();
  const [page, setPage] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const query = drillQuery(state, catalog, cell, freshness.businessDate, page);
  const asked = useAsked(JSON.stringify(query), async () => ({
    answer: await connection.load(query),
    page,
  }));
  return (
    <dialog class="drill" ref={dialog} onClose={close} aria-label={t.drill.title}>
      <header>
        <div>
          <h2>{t.drill.title}</h2>
          <Heading state={state} cell={cell} />
        </div>
        <button type="button" onClick={() => dialog.current?.close()}>
          {t.drill.close}
        </button>
      </header>
      <Shown asked={asked}>
        {({ answer, page: shown }) =>
          answer.rows.length === 0 ? (
            <Empty />
          ) : (
            <>
              <DrillTable measure={cell.measure} rows={answer.rows} />
              <Pages page={shown} total={answer.total ?? answer.rows.length} turn={setPage} />
            </>
          )
        }
      </Shown>
    </dialog>
  );
}

function Heading({ state, cell }: Pick<Props, 'state' | 'cell'>) {
  const reading = useReading();
  const member = reading.catalog.member(cell.measure);
  const keys = [
    ...cell.row.map((key, index) => keyLabel(state.rows[index] ?? '', key, reading)),
    ...cell.column.map((key, index) => keyLabel(state.columns[index] ?? '', key, reading)),
  ];
  const place = keys.length > 0 ? keys.join(' › ') : reading.texts.total;
  return (
    <p>
      {place} · {member && titleOf(member, reading.language)} <strong>{cell.figure}</strong>
    </p>
  );
}

function DrillTable({ measure, rows }: { measure: string; rows: Record<string, string | boolean | null>[] }) {
  const { catalog } = usePage();
  const { language } = useTexts();
  const names = drillMembers(catalog, measure);
  const member = catalog.member(measure);
  return (
    <div class="scroll" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {names.map((name) => (
              <th key={name} scope="col">
                {titleOf(catalog.member(name) ?? {}, language)}
              </th>
            ))}
            <th scope="col" class="figure">
              {titleOf(member ?? {}, language)}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {names.map((name) => (
                <td key={name}>{formatDimension(catalog.member(name), row[name] ?? null, language)}</td>
              ))}
              <td class={toNumber(row[measure]) < 0 ? 'figure negative' : 'figure'}>
                {formatMeasure(member, toNumber(row[measure]), 'one', language)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Pages({ page, total, turn }: { page: number; total: number; turn: (page: number) => void }) {
  const { t, language } = useTexts();
  const count = (value: number) => formatNumber(value, 0, language);
  const last = Math.min(total, (page + 1) * DRILL_PAGE);
  return (
    <footer>
      <span role="status">{t.drill.rows(count(page * DRILL_PAGE + 1), count(last), count(total))}</span>
      <button type="button" disabled={page === 0} onClick={() => turn(page - 1)}>
        {t.drill.previous}
      </button>
      <button type="button" disabled={last >= total} onClick={() => turn(page + 1)}>
        {t.drill.next}
      </button>
    </footer>
  );
}
