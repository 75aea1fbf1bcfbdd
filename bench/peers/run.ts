/** `make bench-peers`: inferd and others, side by side in one run. */
import { runFromCommandLine } from "../lib/runner.ts";
import { abandonedPeers } from "./abandoned.ts";
import { embeddingPeers } from "./embedding.ts";
import { generationPeers } from "./generation.ts";
import { longPromptPeers } from "./long-prompt.ts";
import { overloadPeers } from "./overload.ts";

await runFromCommandLine("bench/peers/run.ts", [
  generationPeers,
  longPromptPeers,
  embeddingPeers,
  overloadPeers,
  abandonedPeers,
]);
