import { Component, type ComponentChildren, type FunctionComponent, h } from "preact";

/** Drawn again only when a property differs. */
export function memo<Props extends object>(draw: FunctionComponent<Props>) {
  return class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      const names = Object.keys(next) as (keyof Props)[];
      return names.some((name) => next[name] !== this.props[name as keyof typeof this.props]);
    }

    override render(): ComponentChildren {
      return h(draw, this.props as Props);
    }
  };
}
