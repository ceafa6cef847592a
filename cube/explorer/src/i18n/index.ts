import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { en, type Texts } from './en';
import { zh } from './zh';

export type { Texts };
export type Language = 'en' | 'zh';

export const TEXTS: Readonly<Record<Language, Texts>> = { en, zh };

/** The language of the browser, where the page speaks it. */
export function preferredLanguage(): Language {
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const LanguageContext = createContext<Language>('en');

export function useTexts(): { language: Language; t: Texts } {
  const language = useContext(LanguageContext);
  return { language, t: TEXTS[language] };
}
