// Biome formats and lints syntax; eslint does only what needs types, and the bans that keep the core pure.
import tseslint from "typescript-eslint";

const clock = "The core gets time from the Clock port.";
const chance = "The core gets chance from the Random port.";
const world = "The core opens no connection and reads nothing of the process.";

/** Globals that src/core may not name; imports are dependency-cruiser's. `globalThis` would be a way around. */
const bannedGlobals = {
  Date: clock,
  Temporal: clock,
  Intl: clock,
  performance: clock,
  setTimeout: clock,
  setInterval: clock,
  setImmediate: clock,
  crypto: chance,
  process: world,
  fetch: world,
  WebSocket: world,
  EventSource: world,
  BroadcastChannel: world,
  navigator: world,
  global: world,
  globalThis: world,
  console: "The core logs through the Logger port.",
};

export default tseslint.config(
  { ignores: ["dist/", ".next-dist/", "coverage/", "node_modules/"] },
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", name: ["test", "it", "suite", "describe"], package: "node:test" },
          ],
        },
      ],
      "max-depth": ["error", 4],
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: 'ImportDeclaration[source.value="zod"] > ImportSpecifier[imported.name="z"]',
          message: 'import * as z from "zod": the bundler leaves out what is not used of it.',
        },
      ],
    },
  },
  {
    files: ["src/core/**/*.ts"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: chance },
        { object: "AbortSignal", property: "timeout", message: clock },
      ],
      "no-restricted-globals": [
        "error",
        ...Object.entries(bannedGlobals).map(([name, message]) => ({ name, message })),
      ],
    },
  },
);
