/** What a server may have to live with: threads that are seen, and die; ports that others have. */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import type { TestContext } from "node:test";
import type { Worker } from "node:worker_threads";

/** The worker threads this test starts from here on. */
export function threads(t: TestContext): readonly Worker[] {
  const started: Worker[] = [];
  const note = (worker: Worker): void => {
    started.push(worker);
  };
  process.on("worker", note);
  t.after(() => process.off("worker", note));
  return started;
}

/** A port somebody else listens on. */
export async function occupied(t: TestContext, transport: "udp" | "tcp", port = 0): Promise<number> {
  if (transport === "udp") {
    const socket = createSocket("udp4");
    t.after(() => socket.close());
    await new Promise<void>((resolve) => socket.bind(port, "127.0.0.1", resolve));
    return socket.address().port;
  }
  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}
