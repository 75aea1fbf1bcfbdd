import { realClock } from "../load/clock.ts";
import { measureConversation, measureReturn } from "../load/conversation.ts";
import type { StreamTarget } from "../load/target.ts";
import type { Context, Scenario } from "../lib/scenario.ts";
import {
  conversationClaims,
  type Conversations,
  conversationTables,
} from "./conversation-report.ts";
import { type Measured, onPromptServer, serverText, wanted } from "./prompt-server.ts";

const chat = { first: 200, next: 60, answer: 32 } as const;
const back = { first: 1000, next: 50, chats: 3, others: 50, least: 200, most: 400 } as const;
const callers = 4;

export const conversationText = `Ten chats of ten turns: the chats take turns, one call at a time. A first turn brings ${chat.first} tokens, each other one ${chat.next}; its prompt is all that the chat has had so far, answers of ${chat.answer} tokens included, by the ids that the server sent. Then ${back.chats} chats whose first turn brings ${back.first} tokens; ${back.others} other chats of ${back.least} to ${back.most} tokens from ${callers} callers; and the second turn of the ${back.chats}, which brings ${back.next} tokens. What was remembered is what the server says of each call.`;

export const conversation: Scenario = {
  name: "conversation",
  title: "Ten chats in turns, and one that goes on after fifty others",
  method: `${serverText}. ${conversationText}`,
  async run(context) {
    const { result, seats } = await inferdConversations(context);
    return {
      claims: conversationClaims(result),
      tables: conversationTables({ inferd: result }),
      data: { seats, inferd: result },
    };
  },
};

export function inferdConversations(context: Context): Promise<Measured<Conversations>> {
  return onPromptServer(context, { seats: wanted, leastSlots: 4 }, (stream) =>
    measureConversations(stream, context, "inferd"),
  );
}

export async function measureConversations(
  target: StreamTarget,
  { isSmoke, say }: Context,
  name: string,
): Promise<Conversations> {
  const clock = realClock;
  say(`${name}: ten chats`);
  const rounds = await measureConversation(target, {
    chats: isSmoke ? 3 : 10,
    turns: isSmoke ? 3 : 10,
    firstTokens: chat.first,
    nextTokens: chat.next,
    answerTokens: chat.answer,
    clock,
  });
  say(`${name}: chats that go on after others`);
  const returned = await measureReturn(target, {
    chats: isSmoke ? 1 : back.chats,
    firstTokens: back.first,
    nextTokens: back.next,
    answerTokens: chat.answer,
    others: isSmoke ? 20 : back.others,
    otherTokens: { least: back.least, most: back.most },
    callers,
    clock,
  });
  return { rounds, back: returned };
}
