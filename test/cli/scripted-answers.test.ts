/** What the scripted agent answers to the command line has the form of what a real one answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { REPLIES, type ReplyName } from "../../src/views/http/schemas/reply-schemas.ts";
import * as scripted from "../support/scripted-agent-answers.ts";

const ANSWERS: readonly (readonly [reply: ReplyName, answer: unknown])[] = [
  ["Pool", scripted.NOMAD],
  ["Pool", scripted.WEB],
  ["Status", scripted.DEGRADED],
  ["Status", scripted.FINE],
  ["Ready", scripted.READY],
  ["Reload", scripted.RELOADED],
  ["Self", scripted.SELF],
  ["Events", scripted.EVENTS],
  ["History", scripted.HISTORY],
];

for (const [index, [name, answer]] of ANSWERS.entries()) {
  test(`${index + 1}. ${name}`, () => {
    assert.deepEqual(REPLIES[name].safeParse(answer).error?.issues ?? [], []);
  });
}
