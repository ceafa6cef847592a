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
import { type Context, type DataCard, type TableData } from './card';
import { CardFrame } from './CardFrame';

interface Props {
  card: DataCard;
  context: Context;
}

/** A card of figures: a chart, the table behind it, and ways to take either along. */
export function DataCardView({ card, context }: Props) {
  const { t } = useTexts();
  const asked = useAnswers(card.queries(context));
  const [isTable, setTable] = useState(card.chart === undefined);
  const drawing = useRef<Drawing | null>(null);
  const colours = useColours();
  const { value } = asked;
  const copy = () => value && void copyText(asTabs(card.table(value, context)));
  const picture = () => drawing.current && void savePicture(drawing.current, colours, card.title(t));
  const finding = value && card.finding?.(value, context);
  return (
    <CardFrame
      title={card.title(t)}
      hint={finding ?? card.hint?.(t)}
      width={card.width}
      isListed={card.chart === undefined}
      tools={
        <>
          {card.chart && (
            <button type="button" class="plain" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
              {isTable ? t.card.chart : t.card.table}
            </button>
          )}
          {isTable ? (
            <button type="button" class="plain" onClick={copy}>{t.card.copy}</button>
          ) : (
            <button type="button" class="plain" onClick={picture}>{t.card.picture}</button>
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
                <td key={position} class={classOf(cell.figure)}>
                  {cell.text}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf(figure: number | undefined): string | undefined {
  if (figure === undefined) return undefined;
  return figure < 0 ? 'figure negative' : 'figure';
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
