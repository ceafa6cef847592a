import { descriptionOf, titleOf } from '../api/catalog';
import { type Answer } from '../api/connection';
import { formatAlone, formatPercent, formatPoints, toNumber } from '../format';
import { type Language, useTexts } from '../i18n';
import { compare, type Compared, dataStart, isComparison, rangeTitle, refusalText } from '../comparison';
import { type Asked, useAsked, usePage } from '../page';
import { type DateRange } from '../period';
import { Shown } from '../ui/State';
import { type Context } from './card';

/** The figures above a desk, each with its change on the month before. */
export function Headlines({ headlines, context }: { headlines: string[]; context: Context }) {
  const { catalog } = context.reading;
  const shown = headlines.filter((measure) => catalog.has(measure));
  const asked = useFigures(shown, context);
  if (shown.length === 0) return null;
  return (
    <div class="headlines">
      <Shown asked={asked}>
        {(figures) => (
          <dl>
            {shown.map((measure, index) => (
              <Figure
                key={measure}
                measure={measure}
                shown={figures[index] ?? NOTHING}
                context={context}
              />
            ))}
          </dl>
        )}
      </Shown>
    </div>
  );
}

/** A figure of the month, and what it is compared with. */
interface ShownFigure {
  now: number;
  before: number;
  compared: Compared;
}

const NOTHING: ShownFigure = {
  now: Number.NaN,
  before: Number.NaN,
  compared: { reason: 'no_period', range: null, dataFrom: null },
};

function useFigures(measures: string[], context: Context): Asked<ShownFigure[]> {
  const { connection, freshness, catalog } = usePage();
  const { month, customer } = context;
  const ask = async (measure: string): Promise<ShownFigure> => {
    const read = async (range: DateRange) => valueOf(await connection.load(headlineQuery(measure, range, context)), measure);
    const start = await dataStart(connection, catalog, [measure]);
    const compared = compare(month, 'before', freshness.businessDate, start);
    const base = isComparison(compared) ? read(compared.base) : Number.NaN;
    const [now, before] = await Promise.all([read(month), base]);
    return { now, before, compared };
  };
  const key = JSON.stringify([measures, month, customer]);
  return useAsked(key, () => Promise.all(measures.map(ask)));
}

function headlineQuery(measure: string, range: DateRange, { customer }: Context) {
  const [view = ''] = measure.split('.');
  const member = `${view}.customer_key`;
  return {
    measures: [measure],
    timeDimensions: [{ dimension: `${view}.date`, dateRange: range }],
    ...(customer ? { filters: [{ member, operator: 'equals' as const, values: [customer] }] } : {}),
  };
}

function valueOf(answer: Answer, measure: string): number {
  return toNumber(answer.rows[0]?.[measure]);
}

interface FigureProps {
  measure: string;
  shown: ShownFigure;
  context: Context;
}

function Figure({ measure, shown: { now, before, compared }, context: { reading } }: FigureProps) {
  const { t, language } = useTexts();
  const member = reading.catalog.member(measure);
  const change = describeChange(now, before, member?.format === 'percent', language, t.points);
  const direction = member?.meta?.direction;
  const isGood = (now > before) === (direction === 'more');
  const isSame = !/[1-9]/.test(change) || direction === undefined;
  const isMoney = member?.format === 'currency';
  return (
    <div>
      <dt title={descriptionOf(member, language)}>{titleOf(member ?? {}, language)}</dt>
      <dd>
        {Number.isNaN(now) ? '—' : formatAlone(member, now, reading.unit, language)}
        {isMoney && <small> {t.unitNote[reading.unit]}</small>}
      </dd>
      <dd class={isSame ? 'change' : isGood ? 'change good' : 'change bad'}>
        {isComparison(compared) ? (
          <>
            {change} <span>{t.desk.onBefore(rangeTitle(compared.base, language))}</span>
          </>
        ) : (
          <span title={refusalText(compared, language, t)}>
            — <span class="unseen">{refusalText(compared, language, t)}</span>
          </span>
        )}
      </dd>
    </div>
  );
}

/** Growth in percent; of a ratio, the difference in percentage points. */
function describeChange(
  now: number,
  before: number,
  isRatio: boolean,
  language: Language,
  points: string,
): string {
  if (Number.isNaN(now - before) || (before === 0 && !isRatio)) return '—';
  const text = isRatio
    ? formatPoints(now - before, language, points)
    : formatPercent((now - before) / Math.abs(before), language);
  return now > before && /[1-9]/.test(text) ? `+${text}` : text;
}
