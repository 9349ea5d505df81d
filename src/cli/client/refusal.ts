/** What an answer that is an error means for a command. */
import { CommandFailure, EXIT, type ExitCode } from "../command-failure.ts";
import { isJsonObject, textAt } from "./reading.ts";
import { notAnAgent } from "./unreachable.ts";

/** Any other error of the agent's is wrong use, or a fault. */
const EXIT_OF_STATUS: Readonly<Record<number, ExitCode>> = {
  403: EXIT.refused,
  409: EXIT.no,
  422: EXIT.no,
  429: EXIT.no,
  503: EXIT.no,
};

/** The agent's own words and code, when it is an agent that answered. */
export function refusalOf(shown: string, status: number, body: string): CommandFailure {
  const answer = jsonOf(body);
  const error = isJsonObject(answer) ? textAt(answer, "error") : undefined;
  if (!isJsonObject(answer) || error === undefined) {
    return notAnAgent(shown, `status ${status} without an error in JSON`);
  }
  return new CommandFailure(
    EXIT_OF_STATUS[status] ?? EXIT.wrong,
    textAt(answer, "code") ?? "internal",
    error,
  );
}

/** `undefined` when it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
