import { SignInNeeded } from './freshness';
import { type Language } from '../i18n';
import { FOLDERS_ZH } from '../i18n/folders';

export type MemberType = 'string' | 'number' | 'boolean' | 'time';

/** A measure, dimension or segment of a view, as the server describes it to this user. */
export interface Member {
  name: string;
  shortTitle: string;
  description?: string;
  type: MemberType;
  format?: 'currency' | 'percent';
  meta?: { title_zh?: string; description_zh?: string; personal?: boolean; precision?: 'day'; direction?: Direction };
  aggType?: string;
  drillMembers?: string[];
}

/** Whether more of a measure is better for the bank, or less; absent where it is neither. */
export type Direction = 'more' | 'less';

export interface Hierarchy {
  name: string;
  title: string;
  levels: string[];
}

export interface View {
  name: string;
  title: string;
  description?: string;
  meta?: { title_zh?: string; description_zh?: string };
  measures: Member[];
  dimensions: Member[];
  segments: Member[];
  hierarchies: Hierarchy[];
  folders: { name: string; members: string[] }[];
}

/** The views that the user may see, and their members by full name. */
export class Catalog {
  readonly #views: Map<string, View>;
  readonly #members = new Map<string, Member>();
  readonly #measures = new Set<string>();

  constructor(readonly views: View[]) {
    this.#views = new Map(views.map((view) => [view.name, view]));
    for (const view of views) {
      for (const member of [...view.measures, ...view.dimensions, ...view.segments])
        this.#members.set(member.name, member);
      for (const measure of view.measures) this.#measures.add(measure.name);
    }
  }

  view(name: string): View | undefined {
    return this.#views.get(name);
  }

  member(name: string): Member | undefined {
    return this.#members.get(name);
  }

  isMeasure(name: string): boolean {
    return this.#measures.has(name);
  }

  /** Whether a measure is a rate: it has no growth or share, but a change in percentage points. */
  isRate(name: string): boolean {
    return this.#members.get(name)?.format === 'percent';
  }

  has(...names: string[]): boolean {
    return names.every((name) => this.#members.has(name));
  }
}

/** The model as this user may see it. Throws `SignInNeeded` or `Error` with the server's words. */
export async function fetchCatalog(token: string | null): Promise<Catalog> {
  const headers: HeadersInit = token === null ? {} : { Authorization: token };
  const answer = await fetch('/cubejs-api/v1/meta', { headers });
  if (answer.status === 403) throw new SignInNeeded();
  const body = (await answer.json()) as { cubes: View[]; error?: string };
  if (!answer.ok) throw new Error(body.error);
  return new Catalog(body.cubes);
}

export function titleOf(
  item: { title?: string; shortTitle?: string; meta?: { title_zh?: string } },
  language: Language,
): string {
  const english = item.shortTitle ?? item.title ?? '';
  return language === 'zh' ? (item.meta?.title_zh ?? english) : english;
}

/** What a view or a member is, in the language of the reader. */
export function descriptionOf(
  item: { description?: string; meta?: { description_zh?: string } } | undefined,
  language: Language,
): string | undefined {
  return language === 'zh' ? (item?.meta?.description_zh ?? item?.description) : item?.description;
}

/** Folders and hierarchies have no Chinese title in the model's answer; ours are listed here. */
export function folderTitle(name: string, language: Language): string {
  return language === 'zh' ? (FOLDERS_ZH[name] ?? name) : name;
}
