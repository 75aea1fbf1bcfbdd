/** The functions that transformers provides to a template, and jinja2's own. */
import { numberArgument, textArgument } from "./arguments.ts";
import { strftime } from "./strftime.ts";
import { textOf } from "./text.ts";
import { Callable, isDict, itemsOf, Namespace, TemplateFault } from "./values.ts";
import type { Arguments, Value } from "./values.ts";

/** The template rejects the chat by `raise_exception`. */
export class Refusal extends TemplateFault {
  override readonly name = "Refusal";
}

/** What jinja2's sandbox allows. */
const longestRange = 100_000;

export function globals(today: () => Date): ReadonlyMap<string, Value> {
  return new Map<string, Value>([
    ["range", new Callable(range)],
    ["namespace", new Callable(namespace)],
    ["dict", new Callable(dict)],
    [
      "strftime_now",
      new Callable((args) => strftime(today(), textArgument(args, 0, "format") ?? "")),
    ],
    [
      "raise_exception",
      new Callable(({ positional: [message] }) => {
        throw new Refusal(textOf(message));
      }),
    ],
    // Jinja accepts both spellings.
    ...(["true", "True"] as const).map((name) => [name, true] as const),
    ...(["false", "False"] as const).map((name) => [name, false] as const),
    ...(["none", "None"] as const).map((name) => [name, null] as const),
  ]);
}

function range(args: Arguments): readonly Value[] {
  const [start, stop] =
    args.positional.length < 2
      ? [0, numberArgument(args, 0) ?? 0]
      : [numberArgument(args, 0) ?? 0, numberArgument(args, 1) ?? 0];
  const step = numberArgument(args, 2) ?? 1;
  if (step === 0) throw new TemplateFault("range() arg 3 must not be zero");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > longestRange) throw new TemplateFault("Range too big");
  return Array.from({ length }, (_, index) => start + index * step);
}

function dict({ positional, named }: Arguments): ReadonlyMap<Value, Value> {
  const [first] = positional;
  const pairs = isDict(first) ? [...first] : itemsOf(first).map(pairOf);
  return new Map<Value, Value>([...pairs, ...named]);
}

function pairOf(value: Value): readonly [Value, Value] {
  const [key, one] = itemsOf(value);
  return [key, one];
}

function namespace(args: Arguments): Namespace {
  const made = new Namespace();
  for (const [key, value] of dict(args)) made.attributes.set(textOf(key), value);
  return made;
}
