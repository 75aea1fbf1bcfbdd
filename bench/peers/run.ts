/** `make bench-peers`: inferd and others, side by side in one run. */
import { runFromCommandLine } from "../lib/runner.ts";
import { abandonedPeers } from "./abandoned.ts";
import { agedPeers } from "./aged.ts";
import { conversationPeers } from "./conversation.ts";
import { embeddingCallsPeers } from "./embedding-calls.ts";
import { embeddingPeers } from "./embedding.ts";
import { generationPeers } from "./generation.ts";
import { longPromptPeers } from "./long-prompt.ts";
import { overloadPeers } from "./overload.ts";
import { promptsPeers } from "./prompts.ts";
import { pythonPeers } from "./python.ts";
import { rpcPeers } from "./rpc.ts";

await runFromCommandLine("bench/peers/run.ts", [
  generationPeers,
  longPromptPeers,
  promptsPeers,
  agedPeers,
  conversationPeers,
  embeddingPeers,
  // Its program is built from a repository of others, by whoever wants the comparison.
  ...(process.env["BENCH_TEI"] === undefined ? [] : [embeddingCallsPeers]),
  overloadPeers,
  abandonedPeers,
  rpcPeers,
  pythonPeers,
]);
