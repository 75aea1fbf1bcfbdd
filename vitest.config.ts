import { defineConfig } from "vitest/config";

// What these run needs Go, Python and `make tools`; everything else needs Node.js alone.
const clients = ["test/polyglot/**/*.test.ts", "test/readme.test.ts"];
// These leave nothing behind in their process, and share one: new ones were more than half of their time.
const units = ["test/unit/**/*.test.ts"];
// These fetch published models, which takes minutes the first time, and need Python and Maven for it.
const models = ["test/real-models/**/*.test.ts"];

// What this tests comes from the registry, once.
const templates = ["test/templates/**/*.test.ts"];

export default defineConfig({
  test: {
    projects: [
      // make test
      { extends: true, test: { name: "units", include: units, isolate: false } },
      {
        extends: true,
        test: {
          name: "server",
          include: ["test/**/*.test.ts"],
          exclude: [...units, ...clients, ...models, ...templates],
        },
      },
      // make test-clients
      { extends: true, test: { name: "clients", include: clients } },
      // make test-models
      { extends: true, test: { name: "models", include: models, testTimeout: 300_000 } },
      // make test-templates
      { extends: true, test: { name: "templates", include: templates } },
    ],
    // Native addons and signal handlers want a process for each file.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 20_000,
    // A busy machine takes longer than the second that is the default; what is waited for ends it sooner.
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
    // As workers have it: engines that a test loads by itself report no use either.
    env: { ORT_DISABLE_TELEMETRY: "1" },
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary", "json-summary"] },
  },
});
