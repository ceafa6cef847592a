import { useMemo, useState } from 'preact/hooks';
import { descriptionOf, titleOf } from '../api/catalog';
import { useTexts } from '../i18n';
import { usePage } from '../page';
import { goTo } from '../route';
import { readPivot, writePivot } from './address';
import { Exports } from './Exports';
import { type Layout } from './layout';
import { MemberList } from './MemberList';
import { place, suggestPivot } from './moves';
import { PivotView } from './PivotView';
import { emptyPivot, type PivotState } from './state';
import { Toolbar } from './Toolbar';
import { useCurrencies } from './usePivot';
import { Zones } from './Zones';

const FIRST_VIEW = 'bank_overview';

/** Free analysis of one view. What it shows is in the address, so that Back, links and marks work. */
export function PivotPage({ parameters }: { parameters: URLSearchParams }) {
  const { catalog } = usePage();
  const { t, language } = useTexts();
  const [layout, setLayout] = useState<Layout | null>(null);
  const text = parameters.toString();
  const { state, unknown } = useMemo(() => {
    const first = catalog.view(FIRST_VIEW) ?? catalog.views[0];
    const fresh = { state: emptyPivot(first?.name ?? ''), unknown: [] };
    return readPivot(parameters, catalog) ?? fresh;
  }, [text, catalog]);
  const view = catalog.view(state.view);
  if (!view) return null;
  const change = (changed: PivotState) => goTo('pivot', writePivot(changed));
  return (
    <div class="pivot">
      <MemberList
        view={view}
        chooseView={(name) => change(suggestPivot(emptyPivot(name), catalog))}
        add={(name, zone) => change(place(state, catalog, name, zone))}
      />
      <div class="work">
        <div class="title">
          <h1>{titleOf(view, language)}</h1>
          <p class="faint" title={descriptionOf(view, language)}>
            {descriptionOf(view, language)}
          </p>
          <Exports state={state} layout={state.values.length > 0 ? layout : null} />
        </div>
        <Zones state={state} change={change} />
        <Toolbar state={state} change={change} />
        <Notices state={state} unknown={unknown} />
        {state.values.length === 0 ? (
          <Start suggest={() => change(suggestPivot(state, catalog))} />
        ) : (
          <PivotView
            state={state}
            change={change}
            label={`${t.pivot.grid}: ${titleOf(view, language)}`}
            onLayout={setLayout}
          />
        )}
      </div>
    </div>
  );
}

function Notices({ state, unknown }: { state: PivotState; unknown: string[] }) {
  const { t } = useTexts();
  const currencies = useCurrencies(state);
  return (
    <>
      {unknown.length > 0 && <p class="notice" role="alert">{t.pivot.dropped(unknown.join(', '))}</p>}
      {currencies > 1 && <p class="notice" role="note">{t.pivot.currencies(currencies)}</p>}
    </>
  );
}

function Start({ suggest }: { suggest: () => void }) {
  const { t } = useTexts();
  return (
    <div class="state empty start">
      <strong>{t.pivot.start}</strong>
      <p>{t.pivot.startHint}</p>
      <button type="button" class="primary" onClick={suggest}>
        {t.pivot.suggest}
      </button>
    </div>
  );
}
