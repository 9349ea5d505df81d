import { constants, openSync } from "node:fs";
import { isatty } from "node:tty";

/**
 * A descriptor for `stream` on which a write that would have to wait fails with EAGAIN, so that no thread hangs in it.
 * A file and a device have no such state: a write to them may take as long as their disk does.
 */
export function patientDescriptor(stream: NodeJS.WriteStream & { readonly fd: number }): number {
  // Node makes a pipe or a socket non-blocking when it opens its stream, which the caller's argument did.
  if (!isatty(stream.fd)) {
    return stream.fd;
  }
  // A terminal that is stopped (Ctrl-S) holds who writes to it. Opened anew: the shell's own descriptor stays as it is.
  try {
    return openSync(`/dev/fd/${stream.fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return stream.fd;
  }
}
