/**
 * The system calls that Node has no function for, through the package `koffi`: some 7 ms to load, and 3 MB.
 */
import { createRequire } from "node:module";
import { arch, constants, platform } from "node:os";
import { getSystemErrorName } from "node:util";

/** Addresses are numbers, since those of a process are below 2^47. Each gives -1 where it failed; see `errno`. */
export interface SystemCalls {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, name: Uint8Array, nameLength: number) => number;
  readonly setsockopt: (fd: number, level: number, name: number, value: Uint8Array, length: number) => number;
  readonly close: (fd: number) => number;
  readonly if_nametoindex: (name: string) => number;
  readonly recvmmsg: (fd: number, headers: number, count: number, flags: number, timeout: number) => number;
  readonly sendmmsg: (fd: number, headers: number, count: number, flags: number) => number;
  /** Gives free memory of the C library back to the system; only the GNU C library has it. 0 if nothing was free. */
  readonly malloc_trim: ((keptBytes: number) => number) | undefined;
  /** Of the call before. */
  readonly errno: () => number;
  /** Where the bytes are, as long as their memory is referred to. */
  readonly addressOf: (bytes: Uint8Array) => number;
}

/** What of koffi is used. Its own declarations know no function by name. */
interface Koffi {
  load(path: null): { func(declaration: string): unknown };
  errno(): number;
  address(bytes: Uint8Array): bigint;
}

/** Of Linux on the processors that have its layouts and numbers in common. */
const ARCHITECTURES: readonly string[] = ["x64", "arm64", "riscv64", "loong64"];

/** What they are looked for in. */
export interface CallingSystem {
  readonly platform: string;
  readonly arch: string;
  readonly load: () => Koffi;
}

const THIS_SYSTEM: CallingSystem = {
  platform: platform(),
  arch: arch(),
  load: () => createRequire(import.meta.url)("koffi") as Koffi,
};

/** @throws Error why there are none here, in words for the operator. */
export function loadSystemCalls(system = THIS_SYSTEM): SystemCalls {
  if (system.platform !== "linux" || !ARCHITECTURES.includes(system.arch)) {
    throw new Error(`not made for ${system.platform} on ${system.arch}`);
  }
  const koffi = loaded(system);
  const library = koffi.load(null);
  const calls = {
    socket: library.func("int socket(int, int, int)"),
    bind: library.func("int bind(int, void *, uint32_t)"),
    setsockopt: library.func("int setsockopt(int, int, int, void *, uint32_t)"),
    close: library.func("int close(int)"),
    if_nametoindex: library.func("uint32_t if_nametoindex(const char *)"),
    recvmmsg: library.func("int recvmmsg(int, uintptr_t, uint32_t, int, uintptr_t)"),
    sendmmsg: library.func("int sendmmsg(int, uintptr_t, uint32_t, int)"),
    malloc_trim: ifThere(() => library.func("int malloc_trim(size_t)")),
    errno: () => koffi.errno(),
    addressOf: (bytes: Uint8Array) => Number(koffi.address(bytes)),
  } as SystemCalls;
  refuseForbidden("recvmmsg", calls, calls.recvmmsg(NO_FILE, 0, 0, 0, 0));
  refuseForbidden("sendmmsg", calls, calls.sendmmsg(NO_FILE, 0, 0, 0));
  return calls;
}

/** koffi throws for a function that no library of the process has. */
function ifThere(find: () => unknown): unknown {
  try {
    return find();
  } catch {
    return undefined;
  }
}

function loaded({ load }: CallingSystem): Koffi {
  try {
    return load();
  } catch (error) {
    // Node's words go on with a list of files.
    const [reason = ""] = (error as Error).message.split("\n");
    throw new Error(`the package koffi can't be loaded: ${reason}`, { cause: error });
  }
}

const NO_FILE = -1;

/** A filter of system calls answers before the kernel looks at the file. @throws Error when it does. */
function refuseForbidden(name: string, calls: SystemCalls, outcome: number): void {
  const errno = calls.errno();
  if (outcome !== -1 || errno !== constants.errno.EBADF) {
    throw new Error(`${name} is refused: ${getSystemErrorName(-errno)}`);
  }
}
