import { useId } from 'preact/hooks';

interface Props<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [value: T, title: string])[];
  onChange: (value: T) => void;
  /** Show the label beside the field; else only screen readers hear it. */
  isLabelled?: boolean;
}

/** A labelled list of choices. */
export function Select<T extends string>({ label, value, options, onChange, isLabelled }: Props<T>) {
  const id = useId();
  return (
    <span class="select">
      <label for={id} class={isLabelled ? 'label' : 'unseen'}>
        {label}
      </label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {options.map(([option, title]) => (
          <option key={option} value={option}>
            {title}
          </option>
        ))}
      </select>
    </span>
  );
}
