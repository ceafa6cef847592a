import { isStale, type Freshness } from '../api/freshness';
import { formatDay, type Unit, UNITS } from '../format';
import { type Language, type Texts, useTexts } from '../i18n';
import { type Preferences, THEMES } from '../preferences';
import { dictionaryAddress, type PageName, PAGES, routeAddress } from '../route';
import { Select } from './Select';

interface Props {
  page: PageName;
  freshness: Freshness;
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
export function Header({ page, freshness, preferences, prefer, signOut }: Props) {
  const { t } = useTexts();
  return (
    <header class="top">
      <a class="unseen-until-focus" href="#content" onClick={skip}>
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
      <AsOf freshness={freshness} />
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
      <User freshness={freshness} signOut={signOut} />
    </header>
  );
}

/** The address says what is shown: the way past the navigation leaves it as it is. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function AsOf({ freshness }: { freshness: Freshness }) {
  const { t, language } = useTexts();
  const { businessDate, expectedDate, version } = freshness;
  const stale = isStale(freshness);
  const hint = expectedDate === null ? t.unknownHint : stale ? t.staleHint(formatDay(expectedDate, language)) : t.freshHint;
  return (
    <p class={stale ? 'as-of stale' : 'as-of'} role="status">
      <span title={hint}>
        {t.asOf} <strong>{formatDay(businessDate, language)}</strong>
        {stale && <em> · {describeAge(freshness, t)}</em>}
        <span class="unseen">. {hint}</span>
      </span>
      <small>
        {t.version} {version}
      </small>
    </p>
  );
}

/** A few nights are waited for; beyond a month the age of the figures is what matters. */
function describeAge({ businessDate, expectedDate, today }: Freshness, t: Texts): string {
  const behind = daysBetween(businessDate, expectedDate ?? today);
  return behind > LONGEST_WAIT ? t.old(daysBetween(businessDate, today)) : t.stale(behind);
}

function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

function User({ freshness, signOut }: Pick<Props, 'freshness' | 'signOut'>) {
  const { t } = useTexts();
  if (!signOut) return <p class="user" title={t.administrator}>{freshness.groups.join(', ')}</p>;
  return (
    <p class="user">
      <span title={freshness.groups.join(', ')}>{freshness.user ?? freshness.groups.join(', ')}</span>
      <button type="button" class="plain" onClick={signOut}>
        {t.signOut}
      </button>
    </p>
  );
}
