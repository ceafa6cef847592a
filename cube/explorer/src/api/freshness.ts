/** What the server has published, which night it should be, and who asks. */
export interface Freshness {
  version: string;
  /** Business date of the version, `YYYY-MM-DD`. */
  businessDate: string;
  publishedAt: string;
  /** The newest night that should be published by now, `YYYY-MM-DD`. */
  expectedDate: string | null;
  /** The day by the server's clock, `YYYY-MM-DD`. */
  today: string;
  user: string | null;
  groups: string[];
}

/** The server asks for a token, or refuses the one it was given. */
export class SignInNeeded extends Error {}

/** The server answered, and said no. */
export class ServerSaysNo extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** Ask for the freshness. Throws `SignInNeeded`, `ServerSaysNo`, or `TypeError` without a server. */
export async function fetchFreshness(token: string | null): Promise<Freshness> {
  const headers: HeadersInit = token === null ? {} : { Authorization: token };
  const answer = await fetch('/explorer/freshness', { headers, cache: 'no-store' });
  if (answer.status === 403) throw new SignInNeeded();
  const body: unknown = await answer.json();
  if (!answer.ok) throw new ServerSaysNo((body as { error: string }).error, answer.status);
  return body as Freshness;
}

/** Whether the published night is older than it should be. Dates compare as text. */
export function isStale(freshness: Freshness): boolean {
  return freshness.expectedDate !== null && freshness.businessDate < freshness.expectedDate;
}
