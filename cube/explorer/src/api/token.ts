/** The token of this tab. It ends with the tab: other tabs and the disk never see it. */
const KEY = 'bankcrm.token';

export function readToken(): string | null {
  return sessionStorage.getItem(KEY);
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}
