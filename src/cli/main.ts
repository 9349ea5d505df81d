#!/usr/bin/env node
/** The program. Signals first: to load the rest takes several tenths of a second. */
import { Signals } from "./signals.ts";

const signals = new Signals();
signals.listen();

// Whoever closes what we print to, or fills its disk, ends nothing by it: unheard, such an error would end the process.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", () => undefined);
}

const { runProgram } = await import("./program.ts");
await runProgram(signals);
