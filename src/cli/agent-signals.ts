/** What a running agent does at each signal. */
import type { Logger } from "../core/ports.ts";
import { endsProgram, type SignalReceiver } from "./signals.ts";

export interface SignalActions {
  /** Ends in order; called once. */
  readonly end: (signal: NodeJS.Signals) => void;
  readonly endAtOnce: () => void;
  readonly reload: () => void;
  /** Absent without `--dev`. */
  readonly failHead?: (() => void) | undefined;
  readonly logger: Logger;
}

export function agentSignals({ end, endAtOnce, reload, failHead, logger }: SignalActions): SignalReceiver {
  let ending = false;
  return (signal) => {
    if (endsProgram(signal)) {
      if (ending) {
        endAtOnce();
      }
      ending = true;
      end(signal);
    } else if (ending) {
      logger.debug({ signal }, "signal ignored: the agent ends");
    } else if (signal === "SIGHUP") {
      reload();
    } else if (signal === "SIGUSR2" && failHead !== undefined) {
      failHead();
    } else {
      logger.info(
        { signal },
        `signal ignored${signal === "SIGUSR2" ? ": it has a meaning with --dev only" : ""}`,
      );
    }
  };
}
