import { descriptionOf, titleOf } from '../api/catalog';
import { type Answer } from '../api/connection';
import { formatAlone, formatNumber, formatPercent, toNumber } from '../format';
import { type Language, useTexts } from '../i18n';
import { useAnswers } from '../page';
import { type DateRange } from '../period';
import { Shown } from '../ui/State';
import { type Context, type Headline } from './card';

/** The figures above a desk, each with its change on the month before. */
export function Headlines({ headlines, context }: { headlines: Headline[]; context: Context }) {
  const { catalog } = context.reading;
  const shown = headlines.filter(({ measure }) => catalog.has(measure));
  const queries = [context.month, context.monthBefore].flatMap((range) =>
    shown.map(({ measure }) => headlineQuery(measure, range, context)),
  );
  const asked = useAnswers(queries);
  if (shown.length === 0) return null;
  return (
    <div class="headlines">
      <Shown asked={asked}>
        {(answers) => (
          <dl>
            {shown.map((headline, index) => (
              <Figure
                key={headline.measure}
                headline={headline}
                now={valueOf(answers[index], headline)}
                before={valueOf(answers[index + shown.length], headline)}
                context={context}
              />
            ))}
          </dl>
        )}
      </Shown>
    </div>
  );
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

function valueOf(answer: Answer | undefined, { measure }: Headline): number {
  return toNumber(answer?.rows[0]?.[measure]);
}

interface FigureProps {
  headline: Headline;
  now: number;
  before: number;
  context: Context;
}

function Figure({ headline, now, before, context: { reading } }: FigureProps) {
  const { t, language } = useTexts();
  const member = reading.catalog.member(headline.measure);
  const change = describeChange(now, before, member?.format === 'percent', language, t.desk.points);
  const isGood = (now > before) !== (headline.mood === 'burden');
  const isSame = !/[1-9]/.test(change) || headline.mood === 'neutral';
  const isMoney = member?.format === 'currency';
  return (
    <div>
      <dt title={descriptionOf(member, language)}>{titleOf(member ?? {}, language)}</dt>
      <dd>
        {Number.isNaN(now) ? '—' : formatAlone(member, now, reading.unit, language)}
        {isMoney && <small> {t.unitNote[reading.unit]}</small>}
      </dd>
      <dd class={isSame ? 'change' : isGood ? 'change good' : 'change bad'}>
        {change} <span>{t.desk.onBefore}</span>
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
    ? `${formatNumber((now - before) * 100, 1, language)} ${points}`
    : formatPercent((now - before) / Math.abs(before), language);
  return now > before && /[1-9]/.test(text) ? `+${text}` : text;
}
