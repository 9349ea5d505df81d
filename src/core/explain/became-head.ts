/** Why the head became the head, in one sentence: what TXT, HTTP and the command line say. */
import { printable } from "../printable.ts";
import type { HeadSince } from "../snapshot.ts";

type BecameHeadCode =
  | "became-head.first"
  | "became-head.rotation"
  | "became-head.feedback"
  | "became-head.rebalance"
  | "became-head.failback"
  | "became-head.removal"
  | "became-head.restored";

interface Became {
  readonly code: BecameHeadCode;
  readonly text: string;
}

export function becameHead(head: string, { cause, previous }: HeadSince): Became {
  const { occurrence, reason, source } = cause;
  const why = reason === undefined ? `says ${source}` : printable(reason);
  if (occurrence === "server-failed") {
    const server = cause.server ?? previous?.key ?? "the head";
    if (source === "feedback") {
      const text = `${server} was reported and failed: ${why}; ${head} was next`;
      return { code: "became-head.feedback", text };
    }
    return { code: "became-head.rotation", text: `${server} failed: ${why}; ${head} was next` };
  }
  if (occurrence === "rebalanced") {
    return previous?.tier === "backup" && reason !== undefined
      ? { code: "became-head.failback", text: `back from backup ${previous.key}: ${why}` }
      : { code: "became-head.rebalance", text: `a rebalance chose ${head}, which answered` };
  }
  if (previous === undefined && source === "state-file") {
    return { code: "became-head.restored", text: `remembered: ${head} was first in the state file` };
  }
  // It may take the place of one that only the state file vouched for, and that stays on the list.
  return previous === undefined || occurrence === "primary-added" || occurrence === "server-found"
    ? {
        code: "became-head.first",
        text: `${SOURCES[source] ?? source} named it first`,
      }
    : {
        code: "became-head.removal",
        text: `${previous.key} left the list: ${reason === undefined ? (SOURCES[source] ?? source) : why}`,
      };
}

/** Who names servers, as people call them. */
export const SOURCES: Readonly<Record<string, string>> = {
  api: "a client",
  configuration: "the configuration",
  consul: "Consul",
  heartbeat: "a heartbeat",
  push: "a pushed heartbeat",
  region: "the look at regions",
  static: "the configuration",
  "state-file": "the state file",
};
