import { type ComponentChildren } from 'preact';

interface Props {
  title: string;
  hint?: string | undefined;
  /** Columns of twelve. */
  width: number;
  tools?: ComponentChildren;
  children: ComponentChildren;
}

export function CardFrame({ title, hint, width, tools, children }: Props) {
  return (
    <section class={`card w${width}`} aria-label={title}>
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
