import { useRef, useState } from 'preact/hooks';
import { type Answer } from '../api/connection';
import { Chart } from '../charts/Chart';
import { type Colours, useColours } from '../charts/colours';
import type { Drawing } from '../charts/draw';
import { useTexts } from '../i18n';
import { useAnswers, usePage } from '../page';
import { toTabs } from '../pivot/table';
import { copyText, download } from '../ui/deliver';
import { Empty, Shown } from '../ui/State';
import { type Cell, type Context, type DataCard, type TableData } from './card';
import { CardFrame } from './CardFrame';

interface Props {
  card: DataCard;
  context: Context;
}

/** A card of figures: a chart, the table behind it, and ways to take either along. */
export function DataCardView({ card, context }: Props) {
  const { t } = useTexts();
  const asked = useAnswers(card.queries(context), card.isDistribution);
  const [isTable, setTable] = useState(card.chart === undefined);
  const drawing = useRef<Drawing | null>(null);
  const colours = useColours();
  const { value } = asked;
  const title = card.title(t);
  const copy = () => value && !asked.isPending && void copyText(asTabs(card.table(value, context)));
  const picture = () => drawing.current && void savePicture(drawing.current, colours, title);
  const finding = value && card.finding?.(value, context);
  return (
    <CardFrame
      title={title}
      hint={finding ?? card.hint?.(t)}
      width={card.width}
      isListed={card.chart === undefined}
      tools={
        <>
          {card.chart && (
            <Tool name={isTable ? t.card.chart : t.card.table} title={title} use={() => setTable(!isTable)} />
          )}
          {isTable ? (
            <Tool name={t.card.copy} title={title} use={copy} />
          ) : (
            <Tool name={t.card.picture} title={title} use={picture} />
          )}
        </>
      }
    >
      <Shown asked={asked}>
        {(answers) => (
          <Figures {...{ card, context, answers, colours, isTable }} onDrawn={(it) => (drawing.current = it)} />
        )}
      </Shown>
    </CardFrame>
  );
}

/** A button of a card; who hears it alone hears which card it is of. */
function Tool({ name, title, use }: { name: string; title: string; use: () => void }) {
  return (
    <button type="button" class="plain" aria-label={`${name}: ${title}`} onClick={use}>
      {name}
    </button>
  );
}

interface FiguresProps extends Props {
  answers: Answer[];
  colours: Colours;
  isTable: boolean;
  onDrawn: (drawing: Drawing) => void;
}

function Figures({ card, context, answers, colours, isTable, onDrawn }: FiguresProps) {
  const { t } = useTexts();
  const { unit } = usePage();
  if ((answers[0]?.rows.length ?? 0) === 0) return <Empty />;
  if (isTable || !card.chart) return <CardTable table={card.table(answers, context)} title={card.title(t)} />;
  const label = `${card.title(t)}. ${card.finding?.(answers, context) ?? card.hint?.(t) ?? ''}`;
  const option = card.chart(answers, context, colours);
  return <Chart key={unit} option={option} label={label} onDrawn={onDrawn} />;
}

function CardTable({ table, title }: { table: TableData; title: string }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={title}>
      <table>
        {table.headers.length > 0 && (
          <thead>
            <tr>
              {table.headers.map((header, index) => (
                <th key={index} scope="col" class={header.isFigure ? 'figure' : undefined}>
                  {header.title}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, position) => (
                <CardCell key={position} cell={cell} isHeader={position === 0 && table.headers.length === 0} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Without a header above, the first cell of a row says what the row is. */
function CardCell({ cell, isHeader }: { cell: Cell; isHeader: boolean }) {
  if (isHeader) return <th scope="row">{cell.text}</th>;
  return <td class={classOf(cell)}>{cell.text}</td>;
}

function classOf({ figure, isBad }: Cell): string | undefined {
  if (figure === undefined) return undefined;
  return isBad ? 'figure bad' : 'figure';
}

function asTabs({ headers, rows }: TableData): string {
  const cells = rows.map((row) => row.map(({ text, figure }) => (figure === undefined ? text : numberOrNull(figure))));
  return toTabs({ notes: [], headers: [headers.map((header) => header.title)], rows: cells, formats: [] });
}

function numberOrNull(figure: number): number | null {
  return Number.isNaN(figure) ? null : figure;
}

async function savePicture(drawing: Drawing, colours: Colours, title: string): Promise<void> {
  const picture = drawing.picture(colours.card);
  const bytes = Uint8Array.from(atob(picture.split(',')[1] ?? ''), (sign) => sign.charCodeAt(0));
  download(new Blob([bytes], { type: 'image/png' }), `${title}.png`);
}
