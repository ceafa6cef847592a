import cube, { type CubeApi, type Query } from '@cubejs-client/core';
import { LruMap } from './lru';

export type Scalar = string | boolean | null;
export type Row = Record<string, Scalar>;

/** Rows of one query. `truncated` where rows are missing; `total` where the query asked for it. */
export interface Answer {
  rows: Row[];
  truncated: boolean;
  total: number | null;
}

/** The server has published another version than the one this page shows. */
export class VersionChanged extends Error {
  constructor(readonly published: string) {
    super(`version ${published} is published`);
  }
}

/** Told of what concerns the whole page. */
export interface Listeners {
  versionChange: (published: string) => void;
  /** The token has ended. */
  refused: () => void;
}

/** An error of the client: without a status, no server was reached. */
interface RequestError extends Error {
  status?: number;
}

interface Result {
  version: string;
  truncated: boolean;
  total: number | null;
  data: Row[];
}

const KEPT_ANSWERS = 300;
/** Rows above which an answer is asked for again rather than held in memory twice. */
const LARGEST_KEPT = 10_000;
const LARGEST_PAGE = 50_000;
const MOST_ROWS = 1_000_000;

/**
 * Queries of one page, all answered from one version.
 *
 * An answer of another version is never handed out: the listener is told and the query fails.
 * Small answers are kept, since a version does not change.
 */
export class Connection {
  readonly #api: CubeApi;
  readonly #token: string | null;
  readonly #kept = new LruMap<string, Promise<Answer>>(KEPT_ANSWERS);

  constructor(
    token: string | null,
    readonly version: string,
    readonly on: Listeners,
  ) {
    this.#token = token;
    this.#api = cube(token ?? '', { apiUrl: '/cubejs-api/v1' });
  }

  /** Rows of a query, as the server limits them. */
  load(query: Query): Promise<Answer> {
    return this.#once(JSON.stringify(query), () => this.#ask(query));
  }

  /**
   * A measure over the members of a query in a hundred parts, from the largest value down, as rows.
   * The server computes it over every row, so that no list is cut.
   */
  distribution(query: Query): Promise<Answer> {
    const text = JSON.stringify(query);
    return this.#once(`distribution ${text}`, () => this.#spread(text));
  }

  /** Ask, unless the answer is kept or on its way. */
  #once(key: string, ask: () => Promise<Answer>): Promise<Answer> {
    const known = this.#kept.get(key);
    if (known) return known;
    const asked = ask();
    this.#kept.set(key, asked);
    asked.then(
      ({ rows }) => rows.length > LARGEST_KEPT && this.#kept.delete(key),
      () => this.#kept.delete(key),
    );
    return asked;
  }

  /** Every row of a query, page by page; `truncated` above a million. */
  async loadAll(query: Query): Promise<Answer> {
    const rows: Row[] = [];
    for (;;) {
      const page = await this.load({ ...query, limit: LARGEST_PAGE, offset: rows.length });
      if (rows.length === 0 && !page.truncated) return page;
      for (const row of page.rows) rows.push(row);
      if (!page.truncated) return { rows, truncated: false, total: rows.length };
      if (rows.length >= MOST_ROWS) return { rows, truncated: true, total: null };
    }
  }

  async #spread(query: string): Promise<Answer> {
    const headers: HeadersInit = this.#token === null ? {} : { Authorization: this.#token };
    const parameters = new URLSearchParams({ query });
    const answer = await fetch(`/cubejs-api/v1/distribution?${parameters}`, { headers });
    const body = (await answer.json()) as { version: string; data: Row[]; error?: string };
    if (answer.status === 403) this.on.refused();
    if (!answer.ok) throw new Error(body.error);
    this.#keepTo(body.version);
    return { rows: body.data, truncated: false, total: null };
  }

  #keepTo(version: string): void {
    if (version === this.version) return;
    this.on.versionChange(version);
    throw new VersionChanged(version);
  }

  async #ask(query: Query): Promise<Answer> {
    const resultSet = await this.#api.load(query).catch((error: RequestError) => this.#fail(error));
    const { loadResponse } = resultSet.serialize();
    const [result] = loadResponse.results as unknown as Result[];
    if (!result) throw new Error('the answer holds no result');
    this.#keepTo(result.version);
    return { rows: result.data, truncated: result.truncated, total: result.total };
  }

  #fail(error: RequestError): never {
    if (error.status === 403) this.on.refused();
    if (error.status === undefined) throw new TypeError(error.message);
    throw error;
  }
}
