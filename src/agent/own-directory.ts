import { messageOf } from "../core/message-of.ts";
import type { Logger } from "../core/ports.ts";
import { prepareDataDirectory } from "../files/data-directory.ts";
import { AgentError } from "./agent-error.ts";

/**
 * Makes sure of `data_dir`, where it is configured; says so when others have rights in it.
 * @throws AgentError when it can't be had or written.
 */
export function prepareOwnDirectory(dataDirectory: string | undefined, logger: Logger): void {
  if (dataDirectory === undefined) {
    return;
  }
  try {
    const { widerMode } = prepareDataDirectory(dataDirectory);
    if (widerMode !== undefined) {
      const message = "data_dir was there already, and others have rights in it: chmod 700 takes them away";
      logger.warn({ data_dir: dataDirectory, mode: widerMode }, message);
    }
  } catch (error) {
    const reason = messageOf(error);
    const message = `data_dir: ${dataDirectory}: expected a directory that can be written: ${reason}`;
    throw new AgentError(message, { cause: error });
  }
}
