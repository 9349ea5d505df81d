/** The state of the page, and whoever draws it: once in a frame, however much comes. */
import { FIRST_STATE, nextState, type PageNews, type PageState } from "./model/page-state.ts";

const LONGEST_FRAME_MS = 200;

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

  /** At the next frame; a window that others cover may have none for a second. */
  #drawSoon(): void {
    if (!this.#isDue) {
      this.#isDue = true;
      requestAnimationFrame(this.#drawIfDue);
      setTimeout(this.#drawIfDue, LONGEST_FRAME_MS);
    }
  }

  readonly #drawIfDue = (): void => {
    if (this.#isDue) {
      this.#isDue = false;
      this.#draw();
    }
  };
}
