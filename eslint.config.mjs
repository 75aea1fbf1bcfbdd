import ts from "typescript-eslint";

const environment = {
  name: "process",
  message: "Read the environment only in cli/ and workers/child.ts; write only in cli/.",
};

const wallClock =
  "The wall clock jumps: take a Clock, or wallMs() of base/clock.ts where it is meant.";

export default ts.config(
  {
    ignores: [
      "gen",
      "dist",
      "node_modules",
      "**/*.mjs",
      // Projects of their own, whose types `make test-clients` checks.
      "examples/*/build",
      "examples/typescript-*",
      "packages",
      ".tools",
      ".cache",
    ],
  },
  ts.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "max-lines": ["error", { max: 400 }],
      "max-lines-per-function": ["error", { max: 60, skipComments: true, skipBlankLines: true }],
      "max-params": ["error", 4],
      complexity: ["error", 12],
      // `sum += await more()` reads the sum before it waits, and loses what others add meanwhile.
      "require-atomic-updates": ["error", { allowProperties: true }],
      "no-console": "error",
      "no-restricted-globals": ["error", environment],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["src/cli/**", "src/workers/child.ts", "bench/**", "tools/**", "examples/**"],
    rules: { "no-restricted-globals": "off" },
  },
  {
    files: ["src/**"],
    ignores: ["src/base/clock.ts"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: wallClock },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: wallClock },
        { selector: "CallExpression[callee.name='Date']", message: wallClock },
      ],
    },
  },
  { files: ["bench/**", "tools/**", "examples/**"], rules: { "no-console": "off" } },
  // One test runs after the other, each with its own of what they share.
  { files: ["test/**"], rules: { "require-atomic-updates": "off" } },
  {
    files: ["test/**"],
    rules: {
      "no-restricted-globals": "off",
      "max-lines-per-function": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-floating-promises": "error",
    },
  },
);
