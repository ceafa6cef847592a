import { formatMonth } from '../format';
import { useTexts } from '../i18n';
import { usePage, useReading } from '../page';
import { type DateRange, resolvePeriod, shiftRange } from '../period';
import { goTo, type PageName, routeAddress } from '../route';
import { Select } from '../ui/Select';
import { type Context, type DataCard, type DeskSpec, type PivotCard } from './card';
import { CardFrame } from './CardFrame';
import { credit } from './credit';
import { customer } from './customer';
import { DataCardView } from './DataCardView';
import { CustomerName, FindCustomer } from './FindCustomer';
import { Headlines } from './Headlines';
import { managers } from './managers';
import { PivotCardView } from './PivotCardView';
import { profit } from './profit';
import { transactions } from './transactions';

export type DeskName = Exclude<PageName, 'pivot'>;

const DESKS: Readonly<Record<DeskName, DeskSpec>> = { profit, credit, transactions, managers, customer };
const MONTHS = 12;

/** A ready page about one question: figures above, cards below, all of one month. */
export default function Desk({ name, parameters }: { name: DeskName; parameters: URLSearchParams }) {
  const { t } = useTexts();
  const context = useContext(parameters);
  const desk = DESKS[name];
  const isSearch = name === 'customer' && context.customer === null;
  return (
    <div class="desk">
      <header class="desk-head">
        <h1>{context.customer ? <CustomerName customer={context.customer} /> : t.desks[name]}</h1>
        {context.customer && <a href={routeAddress('customer')}>← {t.desk.find}</a>}
        <MonthChoice name={name} parameters={parameters} month={context.month} />
      </header>
      {isSearch ? (
        <div class="cards">
          <FindCustomer context={context} />
        </div>
      ) : (
        <>
          <Headlines key={name} headlines={desk.headlines} context={context} />
          <div class="cards">
            {desk.cards.map((card, index) => (
              <AnyCard key={`${name}${index}${context.customer}`} card={card} context={context} />
            ))}
          </div>
        </>
      )}
    </div>
  );
}

function AnyCard({ card, context }: { card: DataCard | PivotCard; context: Context }) {
  const { t } = useTexts();
  if (!context.reading.catalog.has(...card.needs))
    return (
      <CardFrame title={card.title(t)} width={card.width}>
        <p class="state">{t.states.deskNeeds}</p>
      </CardFrame>
    );
  if (card.kind === 'pivot') return <PivotCardView card={card} context={context} />;
  return <DataCardView card={card} context={context} />;
}

function useContext(parameters: URLSearchParams): Context {
  const reading = useReading();
  const { freshness } = usePage();
  const months = lastMonths(freshness.businessDate);
  const chosen = parameters.get('month');
  const month = months.find(([first]) => first.startsWith(chosen ?? '-')) ?? months[0] ?? ['', ''];
  const [yearStart] = shiftRange(month, MONTHS - 1);
  return {
    reading,
    t: reading.texts,
    month,
    year: [yearStart, month[1]],
    customer: parameters.get('key'),
  };
}

/** The last twelve months, the newest first. A month that has not ended comes second. */
function lastMonths(businessDate: string): DateRange[] {
  const running = resolvePeriod('this_month', businessDate) ?? [businessDate, businessDate];
  const months = Array.from({ length: MONTHS }, (_, index) => shiftRange(running, index));
  const [first, second, ...rest] = months;
  const hasEnded = running[1] === businessDate;
  return hasEnded || !first || !second ? months : [second, first, ...rest];
}

interface MonthChoiceProps {
  name: DeskName;
  parameters: URLSearchParams;
  month: DateRange;
}

function MonthChoice({ name, parameters, month }: MonthChoiceProps) {
  const { freshness } = usePage();
  const { t, language } = useTexts();
  const months = lastMonths(freshness.businessDate).map(([first]) => first.slice(0, 7));
  const choose = (chosen: string) => {
    const changed = new URLSearchParams(parameters);
    changed.set('month', chosen);
    goTo(name, changed);
  };
  return (
    <Select
      label={t.pivot.granularities.month}
      isLabelled
      value={month[0].slice(0, 7)}
      options={months.toSorted().reverse().map((text) => [text, formatMonth(`${text}-01`, language)])}
      onChange={choose}
    />
  );
}
