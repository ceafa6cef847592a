import { useState } from 'preact/hooks';
import { titleOf } from '../api/catalog';
import { useTexts } from '../i18n';
import { usePage, useReading } from '../page';
import { resolvePeriod } from '../period';
import { copyText, download } from '../ui/deliver';
import { describeFilter } from './FilterChip';
import { isRatio } from './figures';
import { isPoints, type Layout } from './layout';
import { useCorner } from './PivotView';
import { completeFilters } from './queries';
import { type PivotState } from './state';
import { type Sheet, toCsv, toSheet, toTabs } from './table';

interface Props {
  state: PivotState;
  /** What is shown; nothing while figures of another state are computed. */
  layout: Layout | null;
}

/** Takes the pivot elsewhere: clipboard, CSV, Excel, or a link to it. */
export function Exports({ state, layout }: Props) {
  const { t } = useTexts();
  const makeSheet = useSheet(state);
  const { title, name } = useNames(state);
  const [told, setTold] = useState('');
  const withSheet = async (use: (sheet: Sheet) => void | Promise<void>) => {
    if (layout) await use(makeSheet(layout));
  };
  const copy = async (sheet: Sheet) => {
    await copyText(toTabs(sheet));
    setTold(t.pivot.copied);
  };
  const csv = (sheet: Sheet) => download(new Blob([toCsv(sheet)], { type: 'text/csv' }), `${name}.csv`);
  const excel = async (sheet: Sheet) => {
    const { toExcel } = await import('./excel');
    download(await toExcel(sheet, title), `${name}.xlsx`);
  };
  const link = async () => {
    await copyText(location.href);
    setTold(t.pivot.linkCopied);
  };
  return (
    <div class="exports" role="group">
      <span role="status" class="told">
        {told}
      </span>
      <button type="button" disabled={!layout} onClick={() => void withSheet(copy)}>
        {t.pivot.copy}
      </button>
      <button type="button" disabled={!layout} onClick={() => void withSheet(csv)}>
        {t.pivot.csv}
      </button>
      <button type="button" disabled={!layout} onClick={() => void withSheet(excel)}>
        {t.pivot.excel}
      </button>
      <button type="button" onClick={() => void link()}>
        {t.pivot.link}
      </button>
    </div>
  );
}

function useNames(state: PivotState): { title: string; name: string } {
  const { catalog, freshness } = usePage();
  const { language } = useTexts();
  const title = titleOf(catalog.view(state.view) ?? {}, language);
  return { title, name: `${state.view}-${freshness.businessDate}` };
}

function useSheet(state: PivotState): (layout: Layout) => Sheet {
  const reading = useReading();
  const { catalog, language, texts: t } = reading;
  const { freshness } = usePage();
  const { title } = useNames(state);
  const corner = useCorner(state);
  const filters = completeFilters(state.filters).flatMap((filter) => {
    const member = catalog.member(filter.member);
    return member ? [describeFilter(filter, member, language, t)] : [];
  });
  const range = resolvePeriod(state.period, freshness.businessDate);
  const notes: Sheet['notes'] = [
    [t.notes.title, title],
    [t.notes.filters, filters.join('; ') || t.notes.none],
    [t.notes.period, range ? range.join(' – ') : t.periods.all],
    [t.notes.businessDate, freshness.businessDate],
    [t.notes.version, freshness.version],
    [t.notes.user, freshness.user ?? freshness.groups.join(', ')],
    [t.notes.unit, t.notes.unitFull],
  ];
  return (layout) => {
    const formatOf = (index: number) => {
      const value = layout.columns[index]?.value;
      const format = value && catalog.member(value.measure)?.format;
      if (value && isPoints(value.measure, value.show, catalog)) return `0.0" ${t.points}"`;
      if (value && (isRatio(value.show) || format === 'percent')) return '0.0%';
      return format === 'currency' ? '#,##0.00' : '#,##0.##';
    };
    const scaleOf = (index: number) => {
      const value = layout.columns[index]?.value;
      return value && isPoints(value.measure, value.show, catalog) ? 100 : 1;
    };
    return toSheet(layout, corner, notes, formatOf, scaleOf);
  };
}
