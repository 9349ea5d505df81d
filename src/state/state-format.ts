/**
 * Format 1 of the state file, pure: one line of JSON, `{"format":1,"checksum":"sha256:…","body":{…}}`. The checksum is
 * over the bytes of `body` as they stand there, so that a file that was cut, or that somebody edited, is not believed.
 */
import { createHash } from "node:crypto";
import { type StateBody, stateBody } from "./state-body.ts";

/** 20,000 servers take 2 MB. */
export const LARGEST_STATE_BYTES = 4 * 1024 * 1024;

const FORMAT = 1;

/** `format` is first in every format: so it is known of a file whose format is not. */
const ANY_FORMAT = /^\{"format":(\d{1,9})[,}]/;
const HEAD = /^\{"format":1,"checksum":"sha256:([0-9a-f]{64})","body":/;
/** Longer than `HEAD` can be. */
const HEAD_BYTES = 128;

/** Why a file is not believed: a few words for people. */
export interface RefusedState {
  readonly refused: string;
}

/** At most `LARGEST_STATE_BYTES`: of lists that are too long for that, the first servers are kept. */
export function encodeState(body: StateBody): Buffer {
  for (let most = longestOf(body); ; most = Math.floor(most / 2)) {
    const bytes = encoded({ ...body, pools: shortened(body.pools, most) });
    if (bytes.length <= LARGEST_STATE_BYTES || most === 0) {
      return bytes;
    }
  }
}

/** Never throws, whatever the bytes are. */
export function decodeState(bytes: Buffer): StateBody | RefusedState {
  if (bytes.length > LARGEST_STATE_BYTES) {
    return { refused: `larger than ${LARGEST_STATE_BYTES} bytes` };
  }
  if (bytes.length === 0) {
    return { refused: "empty" };
  }
  const start = bytes.toString("latin1", 0, HEAD_BYTES);
  const format = ANY_FORMAT.exec(start)?.[1];
  if (format !== undefined && Number(format) !== FORMAT) {
    return { refused: `format ${Number(format)}: this version reads format ${FORMAT}` };
  }
  const [head, checksum] = HEAD.exec(start) ?? [];
  if (head === undefined) {
    return { refused: "no state file of headwaiter's" };
  }
  const end = bytes.at(-1) === NEWLINE ? bytes.length - 2 : bytes.length - 1;
  const body = bytes.subarray(head.length, Math.max(head.length, end));
  return sha256(body) === checksum
    ? decodedBody(body)
    : { refused: "the checksum is another: cut off, or changed" };
}

const NEWLINE = 0x0a;

function decodedBody(bytes: Buffer): StateBody | RefusedState {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    return { refused: "body: expected JSON" };
  }
  const { data, error } = stateBody.safeParse(value);
  const [issue] = error?.issues ?? [];
  return (
    data ?? { refused: `${["body", ...(issue?.path ?? [])].join(".")}: ${issue?.message ?? "unusable"}` }
  );
}

function encoded(body: StateBody): Buffer {
  const json = Buffer.from(JSON.stringify(body));
  const head = `{"format":${FORMAT},"checksum":"sha256:${sha256(json)}","body":`;
  return Buffer.concat([Buffer.from(head), json, Buffer.from("}\n")]);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function longestOf({ pools }: StateBody): number {
  return Math.max(0, ...Object.values(pools).map(({ servers }) => servers.length));
}

function shortened(pools: StateBody["pools"], most: number): StateBody["pools"] {
  return Object.fromEntries(
    Object.entries(pools).map(([name, pool]) => [name, { ...pool, servers: pool.servers.slice(0, most) }]),
  );
}
