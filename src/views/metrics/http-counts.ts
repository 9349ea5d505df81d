import { Tally } from "./tally.ts";

/** Of requests that no route takes. */
const NO_ROUTE = "unknown";

/** Answers over HTTP by route and status. */
export class HttpCounts {
  readonly #byRoute = new Map<string, Tally>();

  constructor() {
    this.expect(NO_ROUTE, 404);
  }

  /** The series of this route begins with 0. */
  expect(route: string, code = 200): void {
    this.#of(route).expect(String(code));
  }

  /** @param route the pattern, never the path of the request; `undefined` when no route takes the request. */
  answered(route: string | undefined, code: number): void {
    this.#of(route ?? NO_ROUTE).add(String(code));
  }

  entries(): readonly { readonly route: string; readonly code: string; readonly count: number }[] {
    return [...this.#byRoute].flatMap(([route, codes]) =>
      [...codes.entries()].map(([code, count]) => ({ route, code, count })),
    );
  }

  #of(route: string): Tally {
    const tally = this.#byRoute.get(route) ?? new Tally();
    this.#byRoute.set(route, tally);
    return tally;
  }
}
