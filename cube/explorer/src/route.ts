import { useEffect, useState } from 'preact/hooks';

export const PAGES = ['pivot', 'profit', 'credit', 'transactions', 'managers', 'customer'] as const;
export type PageName = (typeof PAGES)[number];

/** Where the page is: `#/pivot?v=balances&r=region_name`. A link says everything that is shown. */
export interface Route {
  page: PageName;
  parameters: URLSearchParams;
}

function readRoute(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const page = PAGES.find((name) => name === path) ?? 'profit';
  return { page, parameters: new URLSearchParams(query) };
}

export function routeAddress(page: PageName, parameters?: URLSearchParams): string {
  const query = parameters?.toString() ?? '';
  return query === '' ? `#/${page}` : `#/${page}?${query}`;
}

/** Where the data dictionary explains a member, or all of them. */
export function dictionaryAddress(member?: string): string {
  return `/docs/questions.html${member === undefined ? '' : `#${member}`}`;
}

export function goTo(page: PageName, parameters?: URLSearchParams): void {
  location.hash = routeAddress(page, parameters);
}

export function useRoute(): Route {
  const [route, setRoute] = useState(readRoute);
  useEffect(() => {
    const follow = () => setRoute(readRoute());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}
