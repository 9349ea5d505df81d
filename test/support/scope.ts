import type { TestContext } from "node:test";

/**
 * How long something that a helper opens may last: a test (its context), or a suite (`{ after }` of `node:test`). The
 * helper closes it there, so that a failed assertion leaves nothing open.
 */
export type Scope = Pick<TestContext, "after">;
