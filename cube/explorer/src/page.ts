import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { type Catalog } from './api/catalog';
import { type Answer, type Connection } from './api/connection';
import { type Freshness } from './api/freshness';
import { type Unit } from './format';
import { useTexts } from './i18n';
import { type Reading } from './pivot/layout';

/** What every part of an open page shares: one version, one user, one way of reading. */
export interface Page {
  catalog: Catalog;
  connection: Connection;
  freshness: Freshness;
  unit: Unit;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('there is no page around this component');
  return page;
}

export function useReading(): Reading {
  const { catalog, unit } = usePage();
  const { language, t } = useTexts();
  return { catalog, unit, language, texts: t };
}

/** State of something asked of the server. The former value stays while a new one is computed. */
export interface Asked<T> {
  value: T | null;
  error: Error | null;
  isPending: boolean;
  retry: () => void;
}

/** Ask again whenever `key` changes; an answer that comes too late is dropped. */
export function useAsked<T>(key: string | null, ask: () => Promise<T>): Asked<T> {
  const [state, setState] = useState<Omit<Asked<T>, 'retry'> & { key: string | null }>(PENDING);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (key === null) return;
    let isCurrent = true;
    setState((before) => ({ ...before, error: null, isPending: true, key }));
    ask().then(
      (value) => isCurrent && setState({ value, error: null, isPending: false, key }),
      (error: Error) => isCurrent && setState({ value: null, error, isPending: false, key }),
    );
    return () => {
      isCurrent = false;
    };
  }, [key, attempt]);
  // From the very draw that asks for something else, what is held is the former value.
  const isPending = key !== null && (state.isPending || state.key !== key);
  return { ...state, isPending, retry: () => setAttempt((count) => count + 1) };
}

const PENDING = { value: null, error: null, isPending: true, key: null };

/** Rows of several queries, or null while there are none; the first may be a distribution. */
export function useAnswers(
  queries: Parameters<Connection['load']>[0][],
  isDistribution = false,
): Asked<Answer[]> {
  const { connection } = usePage();
  return useAsked(JSON.stringify(queries), () =>
    Promise.all(
      queries.map((query, index) =>
        isDistribution && index === 0 ? connection.distribution(query) : connection.load(query),
      ),
    ),
  );
}
