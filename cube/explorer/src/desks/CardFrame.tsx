import { type ComponentChildren } from 'preact';

interface Props {
  title: string;
  hint?: string | undefined;
  /** Columns of twelve. */
  width: number;
  /** A list without a chart: no higher than its rows. */
  isListed?: boolean;
  tools?: ComponentChildren;
  children: ComponentChildren;
}

export function CardFrame({ title, hint, width, isListed = false, tools, children }: Props) {
  return (
    <section class={`card w${width}${isListed ? ' listed' : ''}`} aria-label={title}>
      <header>
        <div>
          <h2>{title}</h2>
          {hint && <p>{hint}</p>}
        </div>
        <div class="tools">{tools}</div>
      </header>
      <div class="body">{children}</div>
    </section>
  );
}
