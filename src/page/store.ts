/** The state of the page, and whoever draws it: once in a frame, however much comes. */
import { FIRST_STATE, nextState, type PageNews, type PageState } from "./model/page-state.ts";

export class Store {
  readonly #draw: () => void;
  #state: PageState = FIRST_STATE;
  #isDue = false;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  get state(): PageState {
    return this.#state;
  }

  readonly tell = (news: PageNews): void => {
    const next = nextState(this.#state, news);
    if (next !== this.#state) {
      this.#state = next;
      this.#drawSoon();
    }
  };

  #drawSoon(): void {
    if (!this.#isDue) {
      this.#isDue = true;
      requestAnimationFrame(() => {
        this.#isDue = false;
        this.#draw();
      });
    }
  }
}
