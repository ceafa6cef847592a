import { type Query } from '@cubejs-client/core';
import { useState } from 'preact/hooks';
import { titleOf } from '../api/catalog';
import { formatAlone, toNumber } from '../format';
import { useTexts } from '../i18n';
import { useAsked, usePage, useReading } from '../page';
import { routeAddress } from '../route';
import { Empty, Shown } from '../ui/State';
import { type Context } from './card';
import { CardFrame } from './CardFrame';

const KEY = 'customers.customer_key';
const NAME = 'customers.customer_name';
const ASSETS = 'customers.aum_end_balance';
const FOUND = 30;
const PAUSE_MS = 250;

/** Search for a customer by a part of the name, or by key; the wealthiest come first. */
export function FindCustomer({ context }: { context: Context }) {
  const { catalog, connection, unit } = usePage();
  const { t, language } = useTexts();
  const [search, setSearch] = useState('');
  const asked = useAsked(`${search}|${context.month.join()}`, async () => {
    await new Promise((done) => setTimeout(done, search === '' ? 0 : PAUSE_MS));
    return connection.load(findQuery(search.trim(), context));
  });
  return (
    <CardFrame title={t.desk.find} hint={t.desk.wealthiest(titleOf(catalog.member(ASSETS) ?? {}, language), t.unitNote[unit])} width={12}>
      <form role="search" onSubmit={(event) => event.preventDefault()}>
        <input
          type="search"
          class="find"
          placeholder={t.desk.findHint}
          aria-label={t.desk.find}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      </form>
      <Shown asked={asked}>
        {(answer) => (answer.rows.length === 0 ? <Empty /> : <Found rows={answer.rows} />)}
      </Shown>
    </CardFrame>
  );
}

/** The name of a customer, or the key until it is known. */
export function CustomerName({ customer }: { customer: string }) {
  const { connection } = usePage();
  const asked = useAsked(customer, () =>
    connection.load({
      dimensions: [NAME],
      filters: [{ member: KEY, operator: 'equals', values: [customer] }],
      limit: 1,
    }),
  );
  return <>{asked.value?.rows[0]?.[NAME] ?? customer}</>;
}

function findQuery(search: string, { month }: Context): Query {
  const isKey = /^\d{6,}$/.test(search);
  const filter = isKey
    ? { member: KEY, operator: 'equals' as const, values: [search] }
    : { member: NAME, operator: 'contains' as const, values: [search] };
  return {
    measures: [ASSETS, 'customers.net_contribution_amount'],
    dimensions: [KEY, NAME, 'customers.customer_city', 'customers.grade_code'],
    ...(search === '' ? {} : { filters: [filter] }),
    timeDimensions: [{ dimension: 'customers.date', dateRange: month }],
    order: { [ASSETS]: 'desc' },
    limit: FOUND,
  };
}

function Found({ rows }: { rows: Record<string, string | boolean | null>[] }) {
  const reading = useReading();
  const { catalog, language, unit } = reading;
  const money = (row: (typeof rows)[number], name: string) =>
    formatAlone(catalog.member(name), toNumber(row[name]), unit, language);
  return (
    <ul class="found">
      {rows.map((row) => {
        const address = new URLSearchParams({ key: String(row[KEY]) });
        return (
          <li key={String(row[KEY])}>
            <a href={routeAddress('customer', address)}>
              <strong>{row[NAME]}</strong>
              <span>
                {row['customers.customer_city']} · {row['customers.grade_code']}
              </span>
              <span class="figure">{money(row, ASSETS)}</span>
            </a>
          </li>
        );
      })}
    </ul>
  );
}
