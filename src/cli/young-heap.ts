import { nodeOptions } from "./node-options.ts";

/** Whoever sets one of these has another opinion. */
const SIZES = ["--max-semi-space-size", "--min-semi-space-size", "--semi-space-growth-factor"];

/**
 * From now on V8 does not let the memory for new objects grow when many of them last: it stays near the 2 MB that
 * each thread begins with. V8's own limit is 128: it fills them sooner or later, whatever there is to keep. Called when
 * everything is loaded: Node's own modules load slowly once V8 has other options than Node was built with.
 */
export function boundYoungHeap(): void {
  const isSet = nodeOptions().some((option) => SIZES.some((name) => option.startsWith(name)));
  if (!isSet) {
    // Loaded here: commands that end soon do without.
    process.getBuiltinModule("node:v8").setFlagsFromString("--semi-space-growth-factor=1");
  }
}
