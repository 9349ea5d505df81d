import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before } from "node:test";
import { DnsResolver, type DnsResolverOptions } from "../../../src/net/names/dns-resolver.ts";
import { ResolveError, type ResolveErrorCode } from "../../../src/net/names/resolve-error.ts";
import { a, aaaa, record, type Script, ScriptedNameserver, TYPE } from "../../support/scripted-nameserver.ts";

export const V6 = [0x2001, 0xdb8, 0, 0, 0, 0, 0, 5];
export const ZONE = {
  "db.example": [a("db.example", "10.0.0.5"), aaaa("db.example", V6)],
  "four.example": [a("four.example", "10.0.0.4")],
  "six.example": [aaaa("six.example", V6)],
  "text.example": [record("text.example", TYPE.TXT, 60, Buffer.from("\x02hi"))],
};
export const silence: Script = () => undefined;

/** A folder of this test file alone. */
export let folder: string;
export const running: ScriptedNameserver[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "resolver-"));
});
after(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await Promise.all(running.splice(0).map((nameserver) => nameserver.stop()));
});

export async function nameserver(script: Script, address?: string): Promise<ScriptedNameserver> {
  const started = await ScriptedNameserver.start(script, address);
  running.push(started);
  return started;
}

export function resolverAt(
  nameservers: readonly ScriptedNameserver[],
  options: DnsResolverOptions = {},
): DnsResolver {
  return new DnsResolver({
    nameservers: nameservers.map(({ text }) => text),
    hostsPath: join(folder, "no-hosts"),
    resolvConfPath: join(folder, "no-resolv.conf"),
    timeoutMs: 2_000,
    attempts: 1,
    ...options,
  });
}

export async function resolveWith(script: Script, host = "db.example", options: DnsResolverOptions = {}) {
  return resolverAt([await nameserver(script)], options).resolve(host);
}

export function failsWith(code: ResolveErrorCode, message?: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof ResolveError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, /^name "[^\n]*$/);
    assert.match(error.message, message ?? /./);
    return true;
  };
}
