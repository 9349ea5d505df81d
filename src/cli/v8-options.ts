import { nodeOptions } from "./node-options.ts";

interface Choice {
  readonly option: string;
  /** Whoever sets one of these has another opinion. */
  readonly unless: readonly string[];
}

const CHOICES: readonly Choice[] = [
  // The memory for new objects does not grow when many of them last: it stays near the 2 MB that each thread begins
  // with. V8's own limit is 128: it fills them sooner or later, whatever there is to keep.
  {
    option: "--semi-space-growth-factor=1",
    unless: ["--max-semi-space-size", "--min-semi-space-size", "--semi-space-growth-factor"],
  },
  // The compilers for fast code are taken for functions that run 10,000 and 1,000,000 times, in place of 400 and 3,000:
  // with many questions that takes seconds, while nobody asks it takes hours, in which nobody needs them.
  { option: "--invocation-count-for-maglev=10000", unless: ["--invocation-count-for-maglev"] },
  { option: "--invocation-count-for-turbofan=1000000", unless: ["--invocation-count-for-turbofan"] },
];

/**
 * From now on V8 takes less memory, in all threads. Called when everything is loaded: Node's own modules load slowly
 * once V8 has other options than Node was built with.
 */
export function limitMemoryOfV8(): void {
  const set = nodeOptions();
  for (const { option, unless } of CHOICES) {
    if (!set.some((other) => unless.some((name) => other.startsWith(name)))) {
      // Loaded here: commands that end soon do without.
      process.getBuiltinModule("node:v8").setFlagsFromString(option);
    }
  }
}
