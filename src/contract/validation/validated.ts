import type { CallContext, Handler } from "../../calls/call.ts";
import { Report } from "./report.ts";
import type { Rule } from "./rule.ts";

/** Adds what else is wrong with a request that is refused in any case. Throws nothing. */
type AlsoCheck<I> = (request: I, context: CallContext, report: Report) => void;

/**
 * Passes on only requests that keep the rule. A refusal names every wrong field, so what the handler
 * would find later is added by `alsoCheck`.
 */
export function validated<I, O>(
  rule: Rule<I>,
  handler: Handler<I, O>,
  alsoCheck: AlsoCheck<I> = () => undefined,
): Handler<I, O> {
  return (request, context) => {
    const report = new Report();
    rule.check(request, "", report);
    if (!report.isEmpty) alsoCheck(request, context, report);
    report.throwIfAny();
    return handler(request, context);
  };
}
