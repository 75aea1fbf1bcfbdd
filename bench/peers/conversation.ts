import type { Scenario } from "../lib/scenario.ts";
import {
  conversationText,
  inferdConversations,
  measureConversations,
} from "../scenarios/conversation.ts";
import { conversationPeersClaims, conversationTables } from "../scenarios/conversation-report.ts";
import { serverText } from "../scenarios/prompt-server.ts";
import { programsOnPrebuilt, programsVersion } from "./llama.ts";
import { onLlamaServer, peerText } from "./prompt-server.ts";

export const conversationPeers: Scenario = {
  name: "conversation-peers",
  title: "Ten chats in turns, and one that goes on after fifty others, inferd and llama-server",
  method: `${serverText}. ${peerText} It is asked to go on from what it remembers (\`cache_prompt\`). ${conversationText} llama-server does not send the ids of tokens whose text it holds back; such an answer is asked for again, which counts nowhere, until one is whole.`,
  async run(context) {
    const programs = programsOnPrebuilt();
    const { result: inferd, seats } = await inferdConversations(context);
    const server = await onLlamaServer({ programs, context, seats, cachePrompt: true }, (stream) =>
      measureConversations(stream, context, "llama-server"),
    );
    return {
      claims: conversationPeersClaims(inferd, server),
      tables: conversationTables({ inferd, "llama-server": server }),
      data: { seats, inferd, server },
      versions: { "llama.cpp programs": await programsVersion(programs) },
    };
  },
};
