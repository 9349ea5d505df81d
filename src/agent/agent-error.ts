/** The agent can't start, and it is not our fault: one line that says what, where and what was expected. */
export class AgentError extends Error {
  override readonly name = "AgentError";
}
