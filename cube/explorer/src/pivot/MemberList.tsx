import { useState } from 'preact/hooks';
import { descriptionOf, folderTitle, type Member, titleOf, type View } from '../api/catalog';
import { useTexts } from '../i18n';
import { usePage } from '../page';
import { dictionaryAddress } from '../route';
import { Menu } from '../ui/Menu';
import { Select } from '../ui/Select';
import { startDrag } from './dragging';
import { type Zone, zonesFor } from './moves';

interface Props {
  view: View;
  chooseView: (name: string) => void;
  add: (name: string, zone: Zone) => void;
}

interface Item {
  name: string;
  title: string;
  hint: string | undefined;
  kind: 'measure' | 'dimension' | 'hierarchy' | 'time';
}

interface Group {
  title: string;
  items: Item[];
}

/** Everything a view offers, in its folders; each member can be dragged or chosen by keyboard. */
export function MemberList({ view, chooseView, add }: Props) {
  const { catalog } = usePage();
  const { t, language } = useTexts();
  const [search, setSearch] = useState('');
  const words = search.trim().toLowerCase();
  const groups = useGroups(view)
    .map((group) => ({ ...group, items: group.items.filter((item) => matches(item, words)) }))
    .filter((group) => group.items.length > 0);
  return (
    <aside class="members" aria-label={t.pivot.members}>
      <Select
        label={t.pivot.view}
        isLabelled
        value={view.name}
        options={catalog.views.map((item) => [item.name, titleOf(item, language)])}
        onChange={chooseView}
      />
      <input
        type="search"
        placeholder={t.pivot.search}
        aria-label={t.pivot.search}
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <div class="folders">
        {groups.map((group, index) => (
          <details key={group.title} open={words !== '' || index < 2}>
            <summary>
              {group.title} <small>{group.items.length}</small>
            </summary>
            <ul>
              {group.items.map((item) => (
                <MemberItem key={item.name} item={item} add={add} />
              ))}
            </ul>
          </details>
        ))}
        {groups.length === 0 && <p class="faint">{t.pivot.noMatch}</p>}
      </div>
    </aside>
  );
}

function matches(item: Item, words: string): boolean {
  return `${item.title} ${item.name} ${item.hint ?? ''}`.toLowerCase().includes(words);
}

function useGroups(view: View): Group[] {
  const { t, language } = useTexts();
  const dimensions = new Map(view.dimensions.map((member) => [member.name, member]));
  const describe = (member: Member, kind: Item['kind']): Item => ({
    name: member.name,
    title: titleOf(member, language),
    hint: descriptionOf(member, language),
    kind,
  });
  const describeDimension = (member: Member) =>
    describe(member, member.type === 'time' ? 'time' : 'dimension');
  const measures = view.measures.map((member) => describe(member, 'measure'));
  const hierarchies = view.hierarchies.map(
    (item): Item => ({
      name: item.name,
      title: folderTitle(item.title, language),
      hint: undefined,
      kind: 'hierarchy',
    }),
  );
  const folders = view.folders.map((folder) => ({
    title: folderTitle(folder.name, language),
    items: folder.members.flatMap((name) => {
      const member = dimensions.get(name);
      return member ? [describeDimension(member)] : [];
    }),
  }));
  const filed = new Set(view.folders.flatMap((folder) => folder.members));
  const others = view.dimensions.filter((member) => !filed.has(member.name));
  return [
    { title: t.pivot.measures, items: measures },
    { title: t.pivot.hierarchies, items: hierarchies },
    { title: titleOf(view, language), items: others.map(describeDimension) },
    ...folders,
  ];
}

const SIGNS: Readonly<Record<Item['kind'], string>> = {
  measure: 'Σ',
  dimension: '▪',
  hierarchy: '≡',
  time: '◷',
};

function MemberItem({ item, add }: { item: Item } & Pick<Props, 'add'>) {
  const { catalog } = usePage();
  const { t } = useTexts();
  const places = zonesFor(catalog, item.name).map((zone) => ({
    title: t.pivot.addTo(t.pivot[zone]),
    choose: () => add(item.name, zone),
  }));
  const meaning = { title: t.pivot.meaning, address: dictionaryAddress(item.name) };
  const choices = item.kind === 'hierarchy' ? places : [...places, 'line' as const, meaning];
  return (
    <li draggable onDragStart={(event) => startDrag(event, { name: item.name, from: null })}>
      <Menu class={`member ${item.kind}`} label={item.title} about={item.hint} choices={choices}>
        <span aria-hidden="true">{SIGNS[item.kind]}</span>
        {item.title}
      </Menu>
    </li>
  );
}
