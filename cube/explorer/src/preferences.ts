import { useLayoutEffect, useState } from 'preact/hooks';
import { type Unit, UNITS } from './format';
import { type Language, preferredLanguage } from './i18n';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** How this person reads; kept on this machine. Nothing of the bank is. */
export interface Preferences {
  language: Language;
  theme: Theme;
  unit: Unit;
}

const KEY = 'bankcrm.preferences';

const DEFAULT_UNITS: Readonly<Record<Language, Unit>> = { en: 'thousand', zh: 'wan' };

function read(): Preferences {
  const stored = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>;
  const isKnown = stored.language === 'zh' || stored.language === 'en';
  const language = isKnown && stored.language ? stored.language : preferredLanguage();
  return {
    language,
    theme: THEMES.find((theme) => theme === stored.theme) ?? 'system',
    unit: UNITS.find((unit) => unit === stored.unit) ?? DEFAULT_UNITS[language],
  };
}

export function usePreferences(): [Preferences, (changed: Partial<Preferences>) => void] {
  const [preferences, setPreferences] = useState(read);
  // Before the first paint: a dark page must not flash.
  useLayoutEffect(() => {
    localStorage.setItem(KEY, JSON.stringify(preferences));
    document.documentElement.lang = preferences.language === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.dataset.theme = preferences.theme;
  }, [preferences]);
  return [preferences, (changed) => setPreferences((before) => ({ ...before, ...changed }))];
}
