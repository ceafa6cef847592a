import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Member, titleOf } from '../api/catalog';
import { formatDimension } from '../format';
import { type Language, type Texts, useTexts } from '../i18n';
import { useAsked, usePage } from '../page';
import { DateFields } from '../ui/DateFields';
import { useDismiss } from '../ui/Menu';
import { Select } from '../ui/Select';
import { Shown } from '../ui/State';
import { type Filter } from './state';

interface Props {
  filter: Filter;
  put: (filter: Filter) => void;
  drop: () => void;
}

const LISTED_VALUES = 200;
const NOTHING: Member = { name: '', shortTitle: '', type: 'string' };

/** A filter that says what it keeps; pressed, it lets that be changed. */
export function FilterChip({ filter, put, drop }: Props) {
  const { catalog } = usePage();
  const { t, language } = useTexts();
  const [isOpen, setOpen] = useState(filter.values.length === 0 && !isUnary(filter.operator));
  const box = useRef<HTMLSpanElement>(null);
  // A filter just added is open: its first field takes the focus, so that the next key stays in it.
  useLayoutEffect(() => {
    if (isOpen) box.current?.querySelector<HTMLElement>('.editor :is(select, input)')?.focus();
  }, [isOpen]);
  useDismiss(box, isOpen, () => setOpen(false));
  const member = catalog.member(filter.member) ?? NOTHING;
  const text = describeFilter(filter, member, language, t);
  const close = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    setOpen(false);
    box.current?.querySelector('button')?.focus();
  };
  return (
    <span class="chip filter" ref={box} onKeyDown={close}>
      <button type="button" aria-expanded={isOpen} title={text} onClick={() => setOpen(!isOpen)}>
        {text}
      </button>
      <button type="button" class="remove" aria-label={`${t.pivot.remove}: ${text}`} onClick={drop}>
        ×
      </button>
      {isOpen && <Editor {...{ filter, member, put }} />}
    </span>
  );
}

function isUnary(operator: string): boolean {
  return operator === 'set' || operator === 'notSet';
}

/** Operators that make sense for a member, with their words. */
function operatorsOf(member: Member, t: Texts): [string, string][] {
  const { filter: words } = t;
  const common: [string, string][] = [
    ['set', words.set],
    ['notSet', words.notSet],
  ];
  if (member.type === 'time') return [['inDateRange', words.between], ...common];
  const equal: [string, string][] = [
    ['equals', words.is],
    ['notEquals', words.isNot],
  ];
  if (member.type === 'boolean') return [...equal, ...common];
  if (member.type === 'number') return [...equal, ['gte', words.gte], ['lte', words.lte], ...common];
  return [...equal, ['contains', words.contains], ...common];
}

/** A filter in words: `Region is one of East Region, West Region`. */
export function describeFilter(
  { operator, values }: Filter,
  member: Member,
  language: Language,
  t: Texts,
): string {
  const title = titleOf(member, language);
  const word = operatorsOf(member, t).find(([name]) => name === operator)?.[1] ?? operator;
  if (isUnary(operator)) return `${title} ${word}`;
  if (values.length === 0) return `${title}: ${t.filter.any}`;
  const shown = values.slice(0, 2).map((value) => formatDimension(member, value, language));
  const rest = values.length > 2 ? ` +${values.length - 2}` : '';
  const verb = operator === 'equals' ? ':' : ` ${word}`;
  return `${title}${verb} ${shown.join(', ')}${rest}`;
}

function Editor({ filter, member, put }: Pick<Props, 'filter' | 'put'> & { member: Member }) {
  const { t, language } = useTexts();
  const operators = operatorsOf(member, t);
  const operator = operators.some(([name]) => name === filter.operator)
    ? filter.operator
    : (operators[0]?.[0] ?? 'equals');
  const change = (values: string[]) => put({ ...filter, operator, values });
  return (
    <div class="editor" role="dialog" aria-label={titleOf(member, language)}>
      <Select
        label={titleOf(member, language)}
        isLabelled
        value={operator}
        options={operators}
        onChange={(chosen) => put({ ...filter, operator: chosen, values: [] })}
      />
      {['equals', 'notEquals'].includes(operator) && (
        <ValueList member={member} chosen={filter.values} choose={change} />
      )}
      {operator === 'inDateRange' && <DateFields values={filter.values} put={change} />}
      {['contains', 'gte', 'lte'].includes(operator) && (
        <TextField
          kind={operator === 'contains' ? 'text' : 'number'}
          value={filter.values[0] ?? ''}
          change={(text) => change(text === '' ? [] : [text])}
        />
      )}
    </div>
  );
}

interface TextFieldProps {
  kind: 'text' | 'number';
  value: string;
  change: (text: string) => void;
}

function TextField({ kind, value, change }: TextFieldProps) {
  const { t } = useTexts();
  const common = {
    'aria-label': t.filter.value,
    value,
    onChange: (event: { currentTarget: HTMLInputElement }) => change(event.currentTarget.value),
  };
  return kind === 'number' ? <input type="number" {...common} /> : <input type="text" {...common} />;
}

interface ValueListProps {
  member: Member;
  chosen: string[];
  choose: (values: string[]) => void;
}

/** Values of a member, as the server knows them, to tick. */
function ValueList({ member, chosen, choose }: ValueListProps) {
  const { connection } = usePage();
  const { t, language } = useTexts();
  const [search, setSearch] = useState('');
  const canSearch = member.type === 'string';
  const asked = useAsked(`${member.name} ${search}`, () =>
    connection.load({
      dimensions: [member.name],
      order: { [member.name]: 'asc' },
      limit: LISTED_VALUES,
      ...(canSearch && search !== ''
        ? { filters: [{ member: member.name, operator: 'contains', values: [search] }] }
        : {}),
    }),
  );
  const tick = (value: string) =>
    choose(chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value]);
  return (
    <>
      {canSearch && (
        <input
          type="search"
          placeholder={t.filter.search}
          aria-label={t.filter.search}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      <Shown asked={asked}>
        {(answer) => (
          <ul class="ticks">
            {answer.rows.map((row) => {
              const value = row[member.name] ?? null;
              if (value === null) return null;
              return (
                <li key={String(value)}>
                  <label>
                    <input type="checkbox" checked={chosen.includes(String(value))} onChange={() => tick(String(value))} />
                    {formatDimension(member, value, language)}
                  </label>
                </li>
              );
            })}
            {answer.truncated && <li class="faint">{t.filter.more}</li>}
          </ul>
        )}
      </Shown>
    </>
  );
}
