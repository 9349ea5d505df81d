/** The flags and environment variables of the agent, and the key that each sets. */

import { commands } from "../../src/cli/program.ts";
import { Signals } from "../../src/cli/signals.ts";
import {
  CONSUL_VARIABLES,
  environmentLayers,
  KEYLESS_VARIABLES,
  REFUSED_VARIABLES,
} from "../../src/config/environment.ts";
import type { Layer } from "../../src/config/layer.ts";
import { configLayers } from "../../src/config/load.ts";

export interface OtherWay {
  /** `--dns-address`, `CONSUL_HTTP_ADDR`. */
  readonly name: string;
  /** `dns.address`; absent where it sets no key. */
  readonly key?: string | undefined;
  /** What else there is to say; empty where the key says all. */
  readonly note: string;
  /** With what stands for its value: `--dns-address <ip:port>`. */
  readonly written: string;
}

/** Flags of `headwaiter agent`, in the order of its help. */
export function agentFlags(): readonly OtherWay[] {
  const agent = commands(new Signals()).commands.find((command) => command.name() === "agent");
  return (agent?.options ?? []).map((option) => {
    const key = keySetBy(configLayers({ [option.attributeName()]: "x", config: [] }, {}));
    const note = key === undefined ? option.description : "";
    return { name: option.long ?? option.flags, written: option.flags, key, note };
  });
}

/** Variables of the environment: those that set a key, those that set none, those that are refused. */
export function agentVariables(): readonly OtherWay[] {
  const named = (name: string) => ({ name, written: name });
  return [
    ...Object.entries(CONSUL_VARIABLES).map(([name, { reading = "" }]) => ({
      ...named(name),
      key: keySetBy(environmentLayers({ [name]: "1" })),
      note: reading,
    })),
    ...Object.entries(KEYLESS_VARIABLES).map(([name, note]) => ({ ...named(name), note })),
    ...Object.entries(REFUSED_VARIABLES).map(([name, note]) => ({
      ...named(name),
      note: `Refused: ${note}.`,
    })),
  ];
}

/** Of layers that set one key at most. */
function keySetBy([layer]: readonly Layer[]): string | undefined {
  const path: string[] = [];
  for (let value = layer?.values; typeof value === "object" && value !== null; ) {
    const [entry] = Object.entries(value as Readonly<Record<string, unknown>>);
    if (entry === undefined) {
      break;
    }
    path.push(entry[0]);
    value = entry[1];
  }
  return path.length === 0 ? undefined : path.join(".");
}
