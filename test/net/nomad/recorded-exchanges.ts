import { readdirSync, readFileSync } from "node:fs";

/** One exchange with a real Nomad server; bytes as they were on the wire. */
export interface RecordedExchange {
  /** For the test's name: version, role and what was asked. */
  readonly title: string;
  readonly server: string;
  readonly role: string;
  readonly name: string;
  /** The first byte included. */
  readonly sent: Buffer;
  readonly received: Buffer;
  readonly connectionClosedByServer: boolean;
}

const FOLDER = new URL("../../vectors/nomad-rpc/", import.meta.url);

/** All exchanges recorded from v0.4.0 and v1.0.18: leader, follower, and a server without quorum. */
export const RECORDED: readonly RecordedExchange[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".jsonl"))
  .flatMap((file) => readFileSync(new URL(file, FOLDER), "utf8").trim().split("\n"))
  .map((line) => {
    const { server, role, name, sent, received, connectionClosedByServer } = JSON.parse(line) as {
      server: string;
      role: string;
      name: string;
      sent: string;
      received: string;
      connectionClosedByServer: boolean;
    };
    return {
      title: `${server} ${role} ${name}`,
      server,
      role,
      name,
      sent: Buffer.from(sent, "hex"),
      received: Buffer.from(received, "hex"),
      connectionClosedByServer,
    };
  });
