import { useState } from 'preact/hooks';
import { type Catalog, descriptionOf, titleOf } from '../api/catalog';
import { type Texts, useTexts } from '../i18n';
import { dictionaryAddress } from '../route';
import { type Choice, type Link, Menu } from '../ui/Menu';
import { usePage, useReading } from '../page';
import { isDragged, readDrag, startDrag } from './dragging';
import { isRatio } from './figures';
import { FilterChip } from './FilterChip';
import { type Reading, valueTitle } from './layout';
import { place, remove, shift, type Zone, zonesFor } from './moves';
import { canCompare, againstOf } from './queries';
import { type Filter, type PivotState, SHOWS, splitAxis } from './state';

interface Props {
  state: PivotState;
  change: (state: PivotState) => void;
}

/** The four places that members can be dropped into. */
export function Zones(props: Props) {
  return (
    <div class="zones">
      <ZoneBox zone="rows" {...props} />
      <ZoneBox zone="columns" {...props} />
      <ZoneBox zone="values" {...props} />
      <ZoneBox zone="filters" {...props} />
    </div>
  );
}

function ZoneBox({ zone, state, change }: Props & { zone: Zone }) {
  const { catalog } = usePage();
  const { t } = useTexts();
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const dragged = readDrag(event);
    if (!dragged) return;
    const isMove = dragged.from?.zone === zone && (zone === 'values' || zone === 'filters');
    if (!isMove) change(place(state, catalog, dragged.name, zone, dropPosition(event)));
  };
  const over = (event: DragEvent) => {
    if (!isDragged(event)) return;
    event.preventDefault();
    setOver(true);
  };
  const count = state[zone].length;
  return (
    <section
      class={isOver ? 'zone over' : 'zone'}
      aria-label={t.pivot[zone]}
      data-zone={zone}
      onDragOver={over}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <h2>{t.pivot[zone]}</h2>
      <ul>
        {Array.from({ length: count }, (_, position) => (
          <li key={chipKey(state, zone, position)} data-position={position}>
            <Chip {...{ zone, position, state, change }} />
          </li>
        ))}
        {count === 0 && <li class="faint">{t.pivot.zoneEmpty[zone]}</li>}
      </ul>
    </section>
  );
}

function chipKey(state: PivotState, zone: Zone, position: number): string {
  const item = state[zone][position];
  if (typeof item === 'string') return item;
  return item && 'show' in item ? item.measure + item.show : (item?.member ?? '');
}

/** Position of the chip that something was dropped on; nothing where it was beside them. */
function dropPosition(event: DragEvent): number | undefined {
  const chip = (event.target as HTMLElement).closest<HTMLElement>('[data-position]');
  return chip ? Number(chip.dataset.position) : undefined;
}

interface ChipProps extends Props {
  zone: Zone;
  position: number;
}

function Chip({ zone, position, state, change }: ChipProps) {
  const reading = useReading();
  const { catalog } = reading;
  const { t } = useTexts();
  if (zone === 'filters') {
    const filter = state.filters[position] as Filter;
    const put = (changed: Filter) =>
      change({ ...state, filters: state.filters.map((item) => (item === filter ? changed : item)) });
    const drop = () => change(remove(state, zone, position));
    return <FilterChip {...{ filter, put, drop }} />;
  }
  const name = zone === 'values' ? (state.values[position]?.measure ?? '') : (state[zone][position] ?? '');
  const title = chipTitle(zone, position, state, reading);
  const member = catalog.member(splitAxis(name).member);
  const choices = chipChoices({ zone, position, state, change }, name, catalog, t);
  return (
    <span
      class={zone === 'values' ? 'chip measure' : 'chip'}
      draggable
      onDragStart={(event) => startDrag(event, { name, from: { zone, position } })}
    >
      <Menu label={t.pivot.menuOf(title)} about={descriptionOf(member, reading.language)} choices={choices}>
        {title}
      </Menu>
      <button
        type="button"
        class="remove"
        aria-label={`${t.pivot.remove}: ${title}`}
        onClick={() => change(remove(state, zone, position))}
      >
        ×
      </button>
    </span>
  );
}

function chipTitle(zone: Zone, position: number, state: PivotState, reading: Reading): string {
  if (zone === 'values') {
    const value = state.values[position];
    return value ? valueTitle(value, reading) : '';
  }
  const { member, granularity } = splitAxis(state[zone as 'rows' | 'columns'][position] ?? '');
  const found = reading.catalog.member(member);
  const title = found ? titleOf(found, reading.language) : member;
  const names: Record<string, string> = reading.texts.pivot.granularities;
  return granularity ? `${title} · ${names[granularity] ?? granularity}` : title;
}

function chipChoices(props: ChipProps, name: string, catalog: Catalog, t: Texts): (Choice | Link | 'line')[] {
  const { zone, position, state, change } = props;
  const special = zone === 'values' ? showChoices(props, catalog, t) : axisChoices(props, catalog, t);
  return [
    ...special,
    { title: t.pivot.earlier, choose: () => change(shift(state, zone, position, -1)) },
    { title: t.pivot.later, choose: () => change(shift(state, zone, position, 1)) },
    { title: t.pivot.remove, choose: () => change(remove(state, zone, position)) },
    'line',
    { title: t.pivot.meaning, address: dictionaryAddress(splitAxis(name).member) },
  ];
}

function showChoices(props: ChipProps, catalog: Catalog, t: Texts): (Choice | 'line')[] {
  const { position, state, change } = props;
  const value = state.values[position];
  if (!value) return [];
  const isPercent = catalog.member(value.measure)?.format === 'percent';
  const offered = SHOWS.filter(
    (show) =>
      // Shares of a ratio mean nothing, and its growth is a difference in percentage points.
      !(isPercent && isRatio(show)) &&
      (againstOf(show) === null || canCompare(state, catalog)),
  );
  const put = (show: (typeof SHOWS)[number]) => {
    const values = state.values.map((item, index) => (index === position ? { ...item, show } : item));
    change({ ...state, values, sort: null });
  };
  return [
    ...offered.map((show) => ({
      title: t.shows[show],
      isChecked: show === value.show,
      choose: () => put(show),
    })),
    'line',
  ];
}

const GRANULARITIES = ['day', 'week', 'month', 'quarter', 'year'] as const;

function axisChoices(props: ChipProps, catalog: Catalog, t: Texts): (Choice | 'line')[] {
  const { zone, position, state, change } = props;
  if (zone !== 'rows' && zone !== 'columns') return [];
  const axis = state[zone][position] ?? '';
  const { member, granularity } = splitAxis(axis);
  const moves = zonesFor(catalog, member)
    .filter((other) => other !== zone)
    .map((other) => ({
      title: t.pivot.moveTo(t.pivot[other]),
      choose: () => change(place(state, catalog, axis, other)),
    }));
  if (catalog.member(member)?.type !== 'time') return [...moves, 'line'];
  const grains = GRANULARITIES.map((grain) => ({
    title: t.pivot.granularities[grain],
    isChecked: grain === granularity,
    choose: () => change(place(state, catalog, `${member}.${grain}`, zone, position)),
  }));
  return [...grains, 'line', ...moves, 'line'];
}
