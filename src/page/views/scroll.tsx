import type { ComponentChildren, Ref } from "preact";

interface ScrollProps {
  readonly label: string;
  readonly class?: string;
  readonly box?: Ref<HTMLElement>;
  readonly onScroll?: () => void;
  readonly children: ComponentChildren;
}

/** A part that scrolls by itself, so that the page does not; the keyboard reaches it, too. */
export function Scroll({ box, children, class: name = "", label, onScroll }: ScrollProps) {
  return (
    <section
      class={`scroll ${name}`}
      {...(box && { ref: box })}
      {...(onScroll && { onScroll })}
      aria-label={`${label}, scrolls`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, the keyboard can't scroll it.
      tabIndex={0}
    >
      {children}
    </section>
  );
}
