import { type ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface Choice {
  title: string;
  choose: () => void;
  isChecked?: boolean;
}

/** A choice that leads to another page, in a tab of its own. */
export interface Link {
  title: string;
  address: string;
}

interface Props {
  /** What the button says. */
  children: ComponentChildren;
  label: string;
  choices: (Choice | Link | 'line')[];
  class?: string;
  /** What the thing is, told when the menu is open. */
  about?: string | undefined;
}

/** A button with a menu: arrows move, Enter chooses, Escape closes. */
export function Menu({ children, label, choices, class: name, about }: Props) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  const id = useId();
  useDismiss(box, isOpen, () => setOpen(false));
  // Before the next key is read: a quick second Enter must choose, not close.
  useLayoutEffect(() => {
    if (isOpen) box.current?.querySelector<HTMLElement>('[role^=menuitem]')?.focus();
  }, [isOpen]);
  const close = () => {
    setOpen(false);
    box.current?.querySelector('button')?.focus();
  };
  return (
    <span class="menu" ref={box} onKeyDown={(event) => isOpen && move(event, box.current, close)}>
      <button
        type="button"
        class={name}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={id}
        aria-label={label}
        title={about}
        onClick={() => setOpen(!isOpen)}
      >
        {children}
      </button>
      {isOpen && <Choices {...{ id, label, choices, about, close }} />}
    </span>
  );
}

interface ChoicesProps extends Pick<Props, 'label' | 'choices' | 'about'> {
  id: string;
  close: () => void;
}

function Choices({ id, label, choices, about, close }: ChoicesProps) {
  const aboutId = `${id}-about`;
  return (
    <ul id={id} role="menu" aria-label={label} aria-describedby={about ? aboutId : undefined}>
      {about && (
        <li id={aboutId} role="none" class="about">
          {about}
        </li>
      )}
      {choices.map((choice, index) =>
        choice === 'line' ? (
          <li key={index} role="separator" />
        ) : 'address' in choice ? (
          <li key={index} role="none">
            <a role="menuitem" tabIndex={-1} href={choice.address} target="_blank" rel="noopener" onClick={close}>
              {choice.title}
            </a>
          </li>
        ) : (
          <li key={index} role="none">
            <button
              type="button"
              tabIndex={-1}
              role={choice.isChecked === undefined ? 'menuitem' : 'menuitemradio'}
              aria-checked={choice.isChecked}
              onClick={() => {
                close();
                choice.choose();
              }}
            >
              {choice.title}
            </button>
          </li>
        ),
      )}
    </ul>
  );
}

/** Close what lies over the page when the user turns elsewhere. */
export function useDismiss(
  box: { current: HTMLElement | null },
  isOpen: boolean,
  close: () => void,
): void {
  useEffect(() => {
    if (!isOpen) return;
    const leave = (event: Event) => {
      const target = event.target as Element;
      // A press on something that takes no focus hands it to the page around: nobody turned away.
      const isAround = event.type === 'focusin' && target.contains(box.current);
      if (!isAround && !box.current?.contains(target)) close();
    };
    document.addEventListener('pointerdown', leave);
    document.addEventListener('focusin', leave);
    return () => {
      document.removeEventListener('pointerdown', leave);
      document.removeEventListener('focusin', leave);
    };
  }, [isOpen]);
}

function move(event: KeyboardEvent, box: HTMLElement | null, close: () => void): void {
  const items = [...(box?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const targets: Record<string, number> = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  };
  if (event.key === 'Escape') {
    event.stopPropagation();
    close();
    return;
  }
  const target = targets[event.key];
  if (target === undefined) return;
  event.preventDefault();
  items[target]?.focus();
}
