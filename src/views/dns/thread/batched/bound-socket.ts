import { isIPv6 } from "node:net";
import { getSystemErrorName } from "node:util";
import { joinHostPort } from "../../../../core/rpc-addr.ts";
import { AF_INET, AF_INET6, KernelAddress } from "./kernel-address.ts";
import type { SystemCalls } from "./system-calls.ts";

const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4_000;
const SOCK_CLOEXEC = 0o2_000_000;

interface Option {
  readonly level: number;
  readonly name: number;
}
const REUSE_ADDRESS: Option = { level: 1, name: 2 };
const REUSE_PORT: Option = { level: 1, name: 15 };
const IPV6_ONLY: Option = { level: 41, name: 26 };

/** Gives the file descriptor of a UDP socket. @throws Error with the system's code; nothing is open then. */
export function boundSocket(calls: SystemCalls, host: string, port: number, sharesPort: boolean): number {
  const isIpv6 = isIPv6(host);
  const where = joinHostPort(host, port);
  const fd = calls.socket(isIpv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  refuse("socket", where, fd, calls);
  try {
    if (isIpv6) {
      setOption(calls, fd, IPV6_ONLY, true, where);
    }
    if (sharesPort) {
      setOption(calls, fd, REUSE_PORT, true, where);
    }
    const address = new KernelAddress();
    address.set(host, port, calls.if_nametoindex);
    refuse("bind", where, calls.bind(fd, address.bytes, address.length), calls);
  } catch (error) {
    calls.close(fd);
    throw error;
  }
  return fd;
}

/** The runtime lets others have the address of a socket that it takes over; nobody shall. */
export function keepAddress(calls: SystemCalls, fd: number): void {
  setOption(calls, fd, REUSE_ADDRESS, false, `fd ${fd}`);
}

function setOption(
  calls: SystemCalls,
  fd: number,
  { level, name }: Option,
  isOn: boolean,
  where: string,
): void {
  const value = Uint8Array.of(isOn ? 1 : 0, 0, 0, 0);
  refuse("setsockopt", where, calls.setsockopt(fd, level, name, value, value.length), calls);
}

/** @throws Error when the call has failed, as Node words it. */
function refuse(call: string, where: string, outcome: number, calls: SystemCalls): void {
  if (outcome >= 0) {
    return;
  }
  const code = getSystemErrorName(-calls.errno());
  throw Object.assign(new Error(`${call} ${code} ${where}`), { code });
}
