/** Messages from a seed: proper queries, mutated ones, generated ones, noise. The same ones for the same seed. */

import { seededRandom } from "../../../scripts/lab/seeded-random.ts";
import { query, words } from "./zone-text.ts";

const NAMES = [
  "_nomad._tcp.headwaiter.internal.",
  "_nomad._tcp.all.headwaiter.internal.",
  "nomad.headwaiter.internal.",
  "10-0-0-1.addr.headwaiter.internal.",
  "_tcp.headwaiter.internal.",
  "headwaiter.internal.",
  "x.headwaiter.internal.",
  "example.com.",
  ".",
];
const TYPES = ["A", "AAAA", "SRV", "TXT", "SOA", "NS", "ANY", "AXFR", "IXFR", "TYPE65400"];
const SWITCHES = [
  "",
  "+rd",
  "+edns=0",
  "+edns=1",
  "+edns=0 +do +bufsize=65535",
  "+edns=0 +ednsopt=8",
  "+opcode=5",
  "+qr",
];

export function packetFuzzer(seed: number): () => Buffer {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const any = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const seeds = NAMES.flatMap((name) =>
    TYPES.flatMap((type) => SWITCHES.map((switches) => query(`${name} IN ${type} ${switches}`))),
  );
  const noise = (length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) {
      bytes[i] = below(256);
    }
    return bytes;
  };

  const mutated = (): Buffer => {
    let bytes: Buffer = Buffer.from(any(seeds));
    for (let times = 1 + below(4); times > 0; times--) {
      bytes = mutate(bytes);
    }
    return bytes;
  };
  const mutate = (bytes: Buffer): Buffer => {
    const at = below(bytes.length);
    switch (below(6)) {
      case 0:
        bytes[at] = below(256);
        return bytes;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        return bytes;
      case 2:
        return bytes.subarray(0, at);
      case 3:
        return Buffer.concat([bytes, noise(below(40))]);
      case 4:
        return Buffer.concat([bytes.subarray(0, at), noise(1 + below(4)), bytes.subarray(at)]);
      default:
        // A pointer where a label was.
        return Buffer.concat([bytes.subarray(0, at), words(0xc000 | below(64)), bytes.subarray(at)]);
    }
  };
  const generated = (): Buffer => {
    const labels = Array.from({ length: below(12) }, () => {
      const length = any([1, 3, 9, 63, 64, 192, 255]);
      return Buffer.concat([Buffer.of(length), noise(Math.min(length, 63))]);
    });
    const counts = [below(3), below(2), below(2), below(4)];
    return Buffer.concat([
      words(below(65_536), below(65_536) & 0x7fff, ...counts),
      ...labels,
      Buffer.of(0),
      words(below(300), 1 + below(4)),
      noise(below(60)),
    ]);
  };

  return () => {
    const kind = below(10);
    if (kind === 0) {
      return noise(below(100));
    }
    if (kind < 4) {
      return generated();
    }
    return kind === 4 ? any(seeds) : mutated();
  };
}
