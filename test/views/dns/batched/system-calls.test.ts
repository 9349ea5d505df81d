/** Systems without the calls: what is missing is said in a line, and DNS is served all the same. */
import assert from "node:assert/strict";
import { constants } from "node:os";
import { describe, test } from "node:test";
import type { Logger } from "../../../../src/core/ports.ts";
import {
  type CallingSystem,
  loadSystemCalls,
} from "../../../../src/views/dns/thread/batched/system-calls.ts";
import { noteListener } from "../../../../src/views/dns/thread-listener.ts";

const { EBADF, ENOSYS, EPERM } = constants.errno;

/** A library whose calls fail, each with its number. */
function failing(numbers: Readonly<Record<string, number>>): CallingSystem {
  let errno = 0;
  const func = (declaration: string) => () => {
    errno = numbers[/(\w+)\(/.exec(declaration)?.[1] ?? ""] ?? EBADF;
    return -1;
  };
  const koffi = { load: () => ({ func }), errno: () => errno, address: () => 0n };
  return { platform: "linux", arch: "x64", load: () => koffi };
}

const ROWS: readonly (readonly [about: string, system: CallingSystem, expect: string])[] = [
  ["another system", { ...failing({}), platform: "darwin" }, "not made for darwin on x64"],
  ["another processor", { ...failing({}), arch: "s390x" }, "not made for linux on s390x"],
  [
    "no package",
    {
      ...failing({}),
      load: () => {
        throw new Error("Cannot find module 'koffi'\nRequire stack:\n- /opt/worker.js");
      },
    },
    "the package koffi can't be loaded: Cannot find module 'koffi'",
  ],
  ["a filter that knows no such call", failing({ recvmmsg: ENOSYS }), "recvmmsg is refused: ENOSYS"],
  ["a filter that forbids one of them", failing({ sendmmsg: EPERM }), "sendmmsg is refused: EPERM"],
];

describe("system calls", () => {
  for (const [about, system, message] of ROWS) {
    test(`${about}: ${message}`, () => {
      assert.throws(() => loadSystemCalls(system), { message });
    });
  }

  test("a system that has them is taken", () => {
    assert.equal(typeof loadSystemCalls(failing({})).recvmmsg, "function");
  });

  test("a C library that gives no memory back is taken all the same", () => {
    const { load, ...system } = failing({});
    const library = load().load(null);
    const musl = (declaration: string) => {
      assert.ok(!declaration.includes("malloc_trim"), "Cannot find function 'malloc_trim' in shared library");
      return library.func(declaration);
    };
    const calls = loadSystemCalls({ ...system, load: () => ({ ...load(), load: () => ({ func: musl }) }) });
    assert.deepEqual([typeof calls.recvmmsg, calls.malloc_trim], ["function", undefined]);
  });

  test("the reason is logged, once and only where there is one", () => {
    const lines: object[] = [];
    const note = (fields: object): void => {
      lines.push(fields);
    };
    const logger: Logger = { debug: note, info: note, warn: note, error: note };
    noteListener({ kind: "batched" }, logger);
    noteListener({ kind: "dns2" }, logger);
    noteListener(undefined, logger);
    noteListener({ kind: "dns2", reason: "why" }, logger);
    assert.deepEqual(lines, [{ reason: "why" }]);
  });
});
