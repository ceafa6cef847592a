import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Query } from '@cubejs-client/core';
import { titleOf } from '../api/catalog';
import { type Row } from '../api/connection';
import { rangeTitle } from '../comparison';
import { formatDimension, formatMeasure, formatNumber, toNumber } from '../format';
import { useTexts } from '../i18n';
import { useAsked, usePage, useReading } from '../page';
import { download } from '../ui/deliver';
import { Empty, Shown } from '../ui/State';
import { DRILL_PAGE, drillMembers, drillQuery, figureQuery, natureOf, type Order, type Side } from './drill';
import { isBadValue, keyLabel, type Reading } from './layout';
import { type PivotState, type Value } from './state';
import { toCsv } from './table';

export interface Cell {
  /** The rows behind it; of a change or a share those of both its sides. */
  sides: Side[];
  value: Value;
  /** Header of the column. */
  title: string;
  /** The figure as the grid shows it. */
  figure: string;
}

interface Props {
  state: PivotState;
  cell: Cell;
  close: () => void;
}

/** The rows behind a figure, in a panel over the grid. */
export function Drill({ state, cell, close }: Props) {
  const { t } = useTexts();
  const [chosen, choose] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const side = cell.sides[chosen];
  return (
    <dialog class="drill" ref={dialog} onClose={close} aria-label={t.drill.title}>
      <header>
        <div>
          <h2>{t.drill.title}</h2>
          <p>
            {cell.title} <strong>{cell.figure}</strong>
          </p>
          <Sides {...{ state, cell, chosen, choose }} />
        </div>
        <button type="button" onClick={() => dialog.current?.close()}>
          {t.drill.close}
        </button>
      </header>
      {side ? <SideRows key={chosen} {...{ state, side }} measure={cell.value.measure} /> : <Empty />}
    </dialog>
  );
}

/** Place and period of the rows; where a figure has two sides, either can be chosen. */
function Sides({ state, cell, chosen, choose }: Omit<Props, 'close'> & { chosen: number; choose: (side: number) => void }) {
  const reading = useReading();
  const { t } = useTexts();
  const titles = cell.sides.map((side) => sideTitle(state, side, reading));
  if (titles.length < 2) return <p>{titles[0]}</p>;
  return (
    <div class="sides" role="group" aria-label={t.drill.sides}>
      {titles.map((title, index) => (
        <button key={index} type="button" aria-pressed={index === chosen} onClick={() => choose(index)}>
          {title}
        </button>
      ))}
    </div>
  );
}

function sideTitle(state: PivotState, { row, column, range }: Side, reading: Reading): string {
  const keys = [
    ...row.map((key, index) => keyLabel(state.rows[index] ?? '', key, reading)),
    ...column.map((key, index) => keyLabel(state.columns[index] ?? '', key, reading)),
  ];
  const place = keys.length > 0 ? keys.join(' › ') : reading.texts.total;
  return `${place} · ${range ? rangeTitle(range, reading.language) : reading.texts.drill.allTime}`;
}

interface RowsProps {
  state: PivotState;
  side: Side;
  measure: string;
}

function SideRows({ state, side, measure }: RowsProps) {
  const { connection, catalog } = usePage();
  const [page, setPage] = useState(0);
  const [order, setOrder] = useState<Order>({ member: measure, descending: true });
  const query = drillQuery(state, catalog, measure, side, order);
  const paged: Query = { ...query, limit: DRILL_PAGE, offset: page * DRILL_PAGE, total: true };
  const asked = useAsked(JSON.stringify(paged), async () => {
    const whole = connection.load(figureQuery(state, measure, side));
    const [answer, figure] = await Promise.all([connection.load(paged), whole]);
    return { answer, page, figure: toNumber(figure.rows[0]?.[measure]) };
  });
  const sortBy = (member: string) => {
    setOrder({ member, descending: order.member === member ? !order.descending : catalog.isMeasure(member) });
    setPage(0);
  };
  return (
    <Shown asked={asked}>
      {({ answer, page: shown, figure }) =>
        answer.rows.length === 0 ? (
          <Empty />
        ) : (
          <>
            <DrillTable {...{ measure, figure, order, sortBy }} rows={answer.rows} total={answer.total ?? answer.rows.length} />
            <Footer query={query} measure={measure} page={shown} total={answer.total ?? answer.rows.length} turn={setPage} />
          </>
        )
      }
    </Shown>
  );
}

interface TableProps {
  measure: string;
  rows: Row[];
  /** What the server says of all rows. */
  figure: number;
  total: number;
  order: Order;
  sortBy: (member: string) => void;
}

function DrillTable({ measure, rows, figure, total, order, sortBy }: TableProps) {
  const { catalog } = usePage();
  const { language, t } = useTexts();
  const names = drillMembers(catalog, measure);
  const member = catalog.member(measure);
  const format = (value: number) => formatMeasure(member, value, 'one', language);
  const classOf = (value: number) => (isBadValue(value, { measure, show: 'value' }, catalog) ? 'figure bad' : 'figure');
  return (
    <div class="scroll" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {[...names, measure].map((name) => (
              <th
                key={name}
                scope="col"
                class={name === measure ? 'figure' : undefined}
                aria-sort={order.member !== name ? 'none' : order.descending ? 'descending' : 'ascending'}
              >
                <button type="button" class="plain" onClick={() => sortBy(name)}>
                  {titleOf(catalog.member(name) ?? {}, language)}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {names.map((name) => (
                <td key={name}>{formatDimension(catalog.member(name), row[name] ?? null, language)}</td>
              ))}
              <td class={classOf(toNumber(row[measure]))}>{format(toNumber(row[measure]))}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={names.length}>
              {t.total} <span class="faint">{t.drill.nature[natureOf(catalog, measure, figure, total)]}</span>
            </th>
            <td class={classOf(figure)}>{format(figure)}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

interface FooterProps {
  query: Query;
  measure: string;
  page: number;
  total: number;
  turn: (page: number) => void;
}

function Footer({ query, measure, page, total, turn }: FooterProps) {
  const { t, language } = useTexts();
  const save = useRowsSaved(query, measure);
  const count = (value: number) => formatNumber(value, 0, language);
  const last = Math.min(total, (page + 1) * DRILL_PAGE);
  return (
    <footer>
      <span role="status">{t.drill.rows(count(page * DRILL_PAGE + 1), count(last), count(total))}</span>
      <button type="button" onClick={() => void save()}>
        {t.drill.download}
      </button>
      <button type="button" disabled={page === 0} onClick={() => turn(page - 1)}>
        {t.drill.previous}
      </button>
      <button type="button" disabled={last >= total} onClick={() => turn(page + 1)}>
        {t.drill.next}
      </button>
    </footer>
  );
}

/** Every row as a file, with all digits. */
function useRowsSaved(query: Query, measure: string): () => Promise<void> {
  const { connection, catalog, freshness } = usePage();
  const { language } = useTexts();
  return async () => {
    const names = drillMembers(catalog, measure);
    const { rows } = await connection.loadAll(query);
    const cells = rows.map((row) => {
      const figure = toNumber(row[measure]);
      const texts = names.map((name) => formatDimension(catalog.member(name), row[name] ?? null, language));
      return [...texts, Number.isNaN(figure) ? null : figure];
    });
    const headers = [[...names, measure].map((name) => titleOf(catalog.member(name) ?? {}, language))];
    const text = toCsv({ notes: [], headers, rows: cells, formats: [] });
    download(new Blob([text], { type: 'text/csv' }), `${measure}-${freshness.businessDate}.csv`);
  };
}
