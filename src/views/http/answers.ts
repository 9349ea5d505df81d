/** Answers that quote others: in short, printable texts, and not more of them than people read. */
import { printable } from "../../core/printable.ts";
import type { EndpointError } from "../../core/rpc-addr.ts";

/** Refused addresses that an answer lists, each in two short texts: whoever pushes 10,000 has one mistake. */
const MOST_REJECTED = 100;

export function refusedAddresses(rejected: readonly EndpointError[]) {
  const more = rejected.length - MOST_REJECTED;
  return {
    rejected: rejected.slice(0, MOST_REJECTED).map(({ address, code, message }) => ({
      address: printable(address),
      code,
      error: printable(message),
    })),
    ...(more > 0 ? { rejected_more: more } : {}),
  };
}
