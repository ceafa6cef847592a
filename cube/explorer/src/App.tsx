import { useEffect, useMemo, useState } from 'preact/hooks';
import { type Catalog, fetchCatalog } from './api/catalog';
import { Connection } from './api/connection';
import { fetchFreshness, ServerSaysNo, SignInNeeded, type Freshness } from './api/freshness';
import { forgetToken, keepToken, readToken } from './api/token';
import { LanguageContext, useTexts } from './i18n';
import { PageContext } from './page';
import { type Preferences, usePreferences } from './preferences';
import { Content } from './Content';
import { type PageName, useRoute } from './route';
import { Header } from './ui/Header';
import { NewVersion } from './ui/NewVersion';
import { SignIn } from './ui/SignIn';
import { Empty, Failed, Pending } from './ui/State';

type Phase =
  | { name: 'starting' }
  | { name: 'sign-in'; isRefused: boolean }
  | { name: 'failed'; error: Error }
  | { name: 'ready'; freshness: Freshness; catalog: Catalog };

const LOOK_AGAIN_MS = 20_000;

/** The whole page: signs in if the server asks for it, then keeps to one published version. */
export function App() {
  const [preferences, prefer] = usePreferences();
  const [token, setToken] = useState(readToken);
  const { phase, start, refuse } = usePhase(token);
  const signIn = (text: string) => {
    keepToken(text);
    setToken(text);
  };
  const signOut = () => {
    forgetToken();
    setToken(null);
  };
  return (
    <LanguageContext.Provider value={preferences.language}>
      {phase.name === 'starting' && <Pending />}
      {phase.name === 'sign-in' && <SignIn isRefused={phase.isRefused} signIn={signIn} />}
      {phase.name === 'failed' && <Failing error={phase.error} retry={start} />}
      {phase.name === 'ready' && (
        <Ready
          freshness={phase.freshness}
          catalog={phase.catalog}
          token={token}
          refused={refuse}
          signOut={token === null ? undefined : signOut}
          preferences={preferences}
          prefer={prefer}
        />
      )}
    </LanguageContext.Provider>
  );
}

function usePhase(token: string | null): { phase: Phase; start: () => void; refuse: () => void } {
  const [phase, setPhase] = useState<Phase>({ name: 'starting' });
  const start = () => {
    Promise.all([fetchFreshness(token), fetchCatalog(token)]).then(
      ([freshness, catalog]) => setPhase({ name: 'ready', freshness, catalog }),
      (error: Error) =>
        setPhase(
          error instanceof SignInNeeded
            ? { name: 'sign-in', isRefused: token !== null }
            : { name: 'failed', error },
        ),
    );
  };
  useEffect(start, [token]);
  return { phase, start, refuse: () => setPhase({ name: 'sign-in', isRefused: true }) };
}

function Failing({ error, retry }: { error: Error; retry: () => void }) {
  const { states } = useTexts().t;
  const isUnpublished = error instanceof ServerSaysNo && error.status === 503;
  return (
    <main>
      {isUnpublished && <Empty title={states.nothing} hint={states.nothingHint} />}
      {!isUnpublished && <Failed error={error} retry={retry} />}
    </main>
  );
}

interface ReadyProps {
  freshness: Freshness;
  catalog: Catalog;
  token: string | null;
  /** Told that the server does not take the token any more. */
  refused: () => void;
  signOut: (() => void) | undefined;
  preferences: Preferences;
  prefer: (changed: Partial<Preferences>) => void;
}

function Ready({ freshness, catalog, token, refused, signOut, preferences, prefer }: ReadyProps) {
  const route = useRoute();
  const [published, setPublished] = useState(freshness.version);
  const connection = useMemo(
    () => new Connection(token, freshness.version, { versionChange: setPublished, refused }),
    [token, freshness],
  );
  useWatch(token, setPublished);
  useTitle(route.page);
  const { unit } = preferences;
  const page = useMemo(() => ({ catalog, connection, freshness, unit }), [connection, catalog, unit]);
  return (
    <PageContext.Provider value={page}>
      <div class="head">
        <Header {...{ page: route.page, freshness, preferences, prefer, signOut }} />
        {published !== freshness.version && <NewVersion shown={freshness.version} published={published} />}
      </div>
      <main id="content" tabIndex={-1}>
        {catalog.views.length === 0 ? <NoView /> : <Content route={route} />}
      </main>
    </PageContext.Provider>
  );
}

/** The tab, bookmarks and screen readers name the page. */
function useTitle(page: PageName): void {
  const { t } = useTexts();
  useEffect(() => {
    document.title = `${t.pages[page]} · bankcrm`;
  }, [page, t]);
}

function NoView() {
  const { t } = useTexts();
  return <Empty hint={t.states.noView} />;
}

/** Look now and then whether another version was published. A server that is away is left alone. */
function useWatch(token: string | null, tell: (version: string) => void): void {
  useEffect(() => {
    const look = () => {
      if (document.hidden) return;
      fetchFreshness(token).then(
        (now) => tell(now.version),
        (error: Error) => console.warn('the freshness could not be read', error),
      );
    };
    const timer = setInterval(look, LOOK_AGAIN_MS);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [token]);
}
