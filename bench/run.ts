/** `make bench`: what can be measured without anything to compare with. */
import { runFromCommandLine } from "./lib/runner.ts";
import { aged } from "./scenarios/aged.ts";
import { cancel } from "./scenarios/cancel.ts";
import { constraints } from "./scenarios/constraints.ts";
import { conversation } from "./scenarios/conversation.ts";
import { embedding } from "./scenarios/embedding.ts";
import { fairness } from "./scenarios/fairness.ts";
import { faults } from "./scenarios/faults.ts";
import { generation } from "./scenarios/generation.ts";
import { longPrompt } from "./scenarios/long-prompt.ts";
import { metricsCost } from "./scenarios/metrics.ts";
import { probes } from "./scenarios/probes.ts";
import { prompts } from "./scenarios/prompts.ts";
import { slowReader } from "./scenarios/slow-reader.ts";
import { overload } from "./scenarios/overload.ts";
import { startup } from "./scenarios/startup.ts";
import { tokenize } from "./scenarios/tokenize.ts";
import { twoModels } from "./scenarios/two-models.ts";
import { unary } from "./scenarios/unary.ts";

await runFromCommandLine("bench/run.ts", [
  startup,
  unary,
  tokenize,
  generation,
  constraints,
  longPrompt,
  prompts,
  aged,
  conversation,
  overload,
  fairness,
  twoModels,
  embedding,
  metricsCost,
  probes,
  slowReader,
  cancel,
  faults,
]);
