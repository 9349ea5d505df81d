import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** A program of another make, run in the foreground for one test and stopped after it. */
export class PeerProcess {
  readonly #child: ChildProcess;
  #output = "";

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    });
    const note = (bytes: Buffer): void => {
      this.#output += bytes.toString();
    };
    this.#child.stdout?.on("data", note);
    this.#child.stderr?.on("data", note);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until `isReady` says so. @throws what the program printed, when it ends before or takes over 10 s. */
  async ready(isReady: () => Promise<boolean>): Promise<this> {
    for (const deadline = Date.now() + 10_000; !(await isReady()); ) {
      if (this.#child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`${this.#child.spawnfile} does not answer:\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      return;
    }
    this.#child.kill("SIGTERM");
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 3000);
    await once(this.#child, "exit");
    clearTimeout(force);
  }
}

/** A port of 127.0.0.1 that was free a moment ago, on UDP and TCP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const isFree = await isFreeOnUdp(port);
    server.close();
    await once(server, "close");
    if (isFree) {
      return port;
    }
  }
}

async function isFreeOnUdp(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  try {
    socket.bind(port, "127.0.0.1");
    await once(socket, "listening");
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
