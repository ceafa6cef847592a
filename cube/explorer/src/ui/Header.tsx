import { isStale, type Standing } from '../api/standing';
import { formatDay, type Unit, UNITS } from '../format';
import { type Language, type Texts, useTexts } from '../i18n';
import { type Preferences, THEMES } from '../preferences';
import { dictionaryAddress, type PageName, PAGES, routeAddress } from '../route';
import { Select } from './Select';

interface Props {
  page: PageName;
  standing: Standing;
  preferences: Preferences;
  prefer: (changed: Partial<Preferences>) => void;
  /** Absent where the server needs no token. */
  signOut: (() => void) | undefined;
}

const LANGUAGES: [Language, string][] = [
  ['en', 'English'],
  ['zh', '中文'],
];
const DAY_MS = 86_400_000;
const LONGEST_WAIT = 31;

/** The line above every page: where to go, as of when, and how to read. */
export function Header({ page, standing, preferences, prefer, signOut }: Props) {
  const { t } = useTexts();
  return (
    <header class="top">
      <a class="unseen-until-focus" href="#content">
        {t.skip}
      </a>
      <span class="brand">bankcrm</span>
      <nav aria-label={t.navigation}>
        {PAGES.map((name) => (
          <a key={name} href={routeAddress(name)} aria-current={name === page ? 'page' : undefined}>
            {t.pages[name]}
          </a>
        ))}
        <a class="away" href={dictionaryAddress()} target="_blank" rel="noopener">
          {t.dictionary}
        </a>
      </nav>
      <AsOf standing={standing} />
      <div class="preferences" role="group" aria-label={t.settings}>
        <Select<Unit>
          label={t.unit}
          value={preferences.unit}
          options={UNITS.map((unit) => [unit, t.units[unit]])}
          onChange={(unit) => prefer({ unit })}
        />
        <Select<Language>
          label={t.language}
          value={preferences.language}
          options={LANGUAGES}
          onChange={(language) => prefer({ language })}
        />
        <Select
          label={t.theme}
          value={preferences.theme}
          options={THEMES.map((theme) => [theme, t.themes[theme]])}
          onChange={(theme) => prefer({ theme })}
        />
      </div>
      <User standing={standing} signOut={signOut} />
    </header>
  );
}

function AsOf({ standing }: { standing: Standing }) {
  const { t, language } = useTexts();
  const { businessDate, expectedDate, version } = standing;
  const stale = isStale(standing);
  const hint = expectedDate === null ? t.unknownHint : stale ? t.staleHint(formatDay(expectedDate, language)) : t.freshHint;
  return (
    <p class={stale ? 'as-of stale' : 'as-of'} role="status">
      <span title={hint}>
        {t.asOf} <strong>{formatDay(businessDate, language)}</strong>
        {stale && <em> · {describeAge(standing, t)}</em>}
        <span class="unseen">. {hint}</span>
      </span>
      <small>
        {t.version} {version}
      </small>
    </p>
  );
}

/** A few nights are waited for; beyond a month the age of the figures is what matters. */
function describeAge({ businessDate, expectedDate, today }: Standing, t: Texts): string {
  const behind = daysBetween(businessDate, expectedDate ?? today);
  return behind > LONGEST_WAIT ? t.old(daysBetween(businessDate, today)) : t.stale(behind);
}

function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

function User({ standing, signOut }: Pick<Props, 'standing' | 'signOut'>) {
  const { t } = useTexts();
  if (!signOut) return <p class="user" title={t.administrator}>{standing.groups.join(', ')}</p>;
  return (
    <p class="user">
      <span title={standing.groups.join(', ')}>{standing.user ?? standing.groups.join(', ')}</span>
      <button type="button" class="plain" onClick={signOut}>
        {t.signOut}
      </button>
    </p>
  );
}
