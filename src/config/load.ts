/** Reads the configuration: files in order, environment over them, flags over both. */

import { statSync } from "node:fs";
import { systemReason } from "../core/system-reason.ts";
import { FileError, readTextFile } from "../files/regular-file.ts";
import { ConfigError } from "./config-error.ts";
import { filesIn } from "./config-files.ts";
import { documentValues } from "./document.ts";
import { type Environment, environmentLayers } from "./environment.ts";
import type { Layer } from "./layer.ts";

/** What the command line says. */
export interface Flags {
  readonly config?: readonly string[];
  readonly datacenter?: string;
  readonly region?: string;
  readonly dataDir?: string;
  readonly dnsAddress?: string;
  readonly httpAddress?: string;
  readonly consulAddress?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

/** All layers in order. @throws ConfigError when a file can't be read. */
export function configLayers(flags: Flags, environment: Environment): Layer[] {
  const files = (flags.config ?? []).flatMap(configFiles);
  return [...files.map(readLayer), ...environmentLayers(environment), ...flagLayers(flags)];
}

/** A directory stands for its files. */
function configFiles(path: string): string[] {
  try {
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readLayer(path: string): Layer {
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  return { origin: path, values: documentValues(path, text) };
}

function unreadable(path: string, error: unknown): ConfigError {
  const reason = error instanceof FileError ? error.message : systemReason(error);
  return new ConfigError(path, `expected a readable configuration file: ${reason}`, { cause: error });
}

function flagLayers(flags: Flags): Layer[] {
  const settings: [string, string | undefined, (value: string) => object][] = [
    ["--datacenter", flags.datacenter, (datacenter) => ({ datacenter })],
    ["--region", flags.region, (region) => ({ region })],
    ["--data-dir", flags.dataDir, (data_dir) => ({ data_dir })],
    ["--dns-address", flags.dnsAddress, (address) => ({ dns: { address } })],
    ["--http-address", flags.httpAddress, (address) => ({ http: { address } })],
    ["--consul-address", flags.consulAddress, (address) => ({ consul: { address } })],
    ["--log-level", flags.logLevel, (level) => ({ log: { level } })],
    ["--log-format", flags.logFormat, (format) => ({ log: { format } })],
  ];
  return settings.flatMap(([flag, value, valuesOf]) =>
    value === undefined ? [] : [{ origin: `flag ${flag}`, values: valuesOf(value), namesItself: true }],
  );
}
