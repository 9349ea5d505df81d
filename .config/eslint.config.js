// Biome formats and lints syntax; eslint does only what needs types, and the bans that keep the core pure.
import tseslint from "typescript-eslint";

const clockAndChance = [
  { object: "Date", property: "now", message: "The core gets time from the Clock port." },
  { object: "Math", property: "random", message: "The core gets chance from the Random port." },
  { object: "crypto", message: "The core gets chance from the Random port." },
  { object: "performance", message: "The core gets time from the Clock port." },
  { object: "process", message: "The core reads nothing of the process." },
];

export default tseslint.config(
  { ignores: ["dist/", "coverage/", "node_modules/"] },
  {
    files: ["**/*.ts"],
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
    files: ["src/core/**/*.ts"],
    rules: {
      "no-restricted-properties": ["error", ...clockAndChance.filter((ban) => ban.property)],
      "no-restricted-globals": [
        "error",
        ...clockAndChance
          .filter((ban) => !ban.property)
          .map((ban) => ({ name: ban.object, message: ban.message })),
        { name: "setTimeout", message: "The core gets time from the Clock port." },
        { name: "setInterval", message: "The core gets time from the Clock port." },
        { name: "setImmediate", message: "The core gets time from the Clock port." },
        { name: "fetch", message: "The core opens no connection." },
        { name: "console", message: "The core logs through the Logger port." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: "The core gets time from the Clock port.",
        },
      ],
    },
  },
);
