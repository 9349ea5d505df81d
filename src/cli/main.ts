#!/usr/bin/env node
/** The program. Signals first: to load the rest takes several tenths of a second. */
import { Signals } from "./signals.ts";
import { boundYoungHeap } from "./young-heap.ts";

const signals = new Signals();
signals.listen();

// Whoever closes what we print to, or fills its disk, ends nothing by it: unheard, such an error would end the process.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", () => undefined);
}

// Loading fills it already.
if (process.argv[2] === "agent") {
  boundYoungHeap();
}

const { runProgram } = await import("./program.ts");
await runProgram(signals);
