/** What requests of several services hold. The same ranges stand in the proto's comments, for callers. */
import { type CallOptions, Priority, Truncation } from "../../../gen/inferd/v1/types.ts";
import { textMap } from "../validation/collections.ts";
import { message } from "../validation/messages.ts";
import { optional, unbounded } from "../validation/rule.ts";
import { known, number, text } from "../validation/scalars.ts";

export const maxNameBytes = 128;
const maxUserBytes = 128;
const maxSaltBytes = 128;

/** Empty takes the default model. */
export const modelName = text(maxNameBytes, { mayBeEmpty: true });
/** How many of the best results are wanted; more than there are is no fault. */
export const topN = optional(number({ min: 1, max: 4_294_967_295 }));
export const truncation = known(Truncation, { required: false });

export const callOptions = optional(
  message<CallOptions>({
    priority: known(Priority, { required: false }),
    user: text(maxUserBytes, { mayBeEmpty: true }),
    labels: textMap({ maxEntries: 16, maxKeyBytes: 64, maxBytes: 256 }),
    cacheSalt: text(maxSaltBytes, { mayBeEmpty: true }),
    waitForModel: unbounded,
  }),
);
