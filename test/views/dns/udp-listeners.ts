/** The two that take queries over UDP: what holds for one has to hold for the other. */
import { arch, platform } from "node:os";
import type { TestContext } from "node:test";
import { BatchedUdpListener } from "../../../src/views/dns/thread/batched/batched-udp-listener.ts";
import { Batches } from "../../../src/views/dns/thread/batched/batches.ts";
import { loadSystemCalls, type SystemCalls } from "../../../src/views/dns/thread/batched/system-calls.ts";
import { UdpGate } from "../../../src/views/dns/thread/udp-gate.ts";
import { UdpListener } from "../../../src/views/dns/thread/udp-listener.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import type { Responding } from "./responding.ts";

/** The choice that brings each. */
export const LISTENERS = hasCalls() ? (["auto", "dns2"] as const) : (["dns2"] as const);

/** Whether this system has the calls that take many messages. */
export function hasCalls(): boolean {
  return platform() === "linux" && ["x64", "arm64"].includes(arch());
}

interface Listening {
  readonly listener: UdpListener;
  readonly address: DnsAddress;
}

/** One without a thread, which closes with the test. */
export async function listening(
  t: TestContext,
  kind: (typeof LISTENERS)[number],
  { counters, responder, waitingRoom }: Responding,
  {
    calls,
    catchUp = () => undefined,
    host = "127.0.0.1",
  }: { readonly calls?: SystemCalls; readonly catchUp?: () => void; readonly host?: string } = {},
): Promise<Listening> {
  const parts = { gate: new UdpGate(counters, undefined), responder, waitingRoom, counters };
  const listener =
    kind === "dns2"
      ? new UdpListener(host, false, parts)
      : new BatchedUdpListener(host, false, parts, new Batches(calls ?? loadSystemCalls(), catchUp));
  await listener.bound(0, host);
  t.after(() => {
    waitingRoom.close();
    listener.close();
  });
  return { listener, address: { host, port: listener.address().port } };
}
