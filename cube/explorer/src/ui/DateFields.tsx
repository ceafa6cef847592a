import { useId, useState } from 'preact/hooks';
import { useTexts } from '../i18n';
import { type DateRange, isRange } from '../period';

interface Props {
  values: string[];
  put: (range: DateRange) => void;
}

/** From and To. A range that is none is refused beside the fields, and what is shown stays. */
export function DateFields({ values: [from = '', to = ''], put }: Props) {
  const { t } = useTexts();
  const id = useId();
  const [draft, setDraft] = useState<DateRange>([from, to]);
  const refusal = refuse(draft, t.dates);
  const edit = (position: 0 | 1, text: string) => {
    const next: DateRange = position === 0 ? [text, draft[1]] : [draft[0], text];
    setDraft(next);
    if (isRange(...next)) put(next);
  };
  const field = (position: 0 | 1) => (
    <input
      type="date"
      aria-label={position === 0 ? t.pivot.from : t.pivot.to}
      aria-invalid={refusal !== null}
      aria-describedby={refusal === null ? undefined : id}
      value={draft[position]}
      onChange={(event) => edit(position, event.currentTarget.value)}
    />
  );
  return (
    <span class="dates">
      {field(0)}
      {field(1)}
      {refusal !== null && (
        <span class="refusal" id={id} role="alert">
          {refusal}
        </span>
      )}
    </span>
  );
}

/** Why two dates are no range; nothing while one is still missing. */
function refuse([from, to]: DateRange, words: { order: string; unknown: string }): string | null {
  if (from === '' || to === '' || isRange(from, to)) return null;
  const areDays = isRange(from, from) && isRange(to, to);
  return areDays ? words.order : words.unknown;
}
