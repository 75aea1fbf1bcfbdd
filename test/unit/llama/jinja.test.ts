import { describe, expect, it } from "vitest";
import {
  parseTemplate,
  readJson,
  Refusal,
  renderTemplate,
  type Value,
} from "../../../src/engines/llama/jinja/index.ts";

/** Renders a template as a chat with one message of a user is, with other values beside. */
function render(template: string, values: Readonly<Record<string, unknown>> = {}): string {
  const chat = { messages: [{ role: "user", content: "Hello" }], tools: null, documents: null };
  return renderTemplate(parseTemplate(template), valuesOf({ ...chat, ...values }), {
    longest: 10_000,
    check: () => undefined,
    today: () => new Date(2026, 10, 3, 4, 5, 6),
  });
}

function valuesOf(values: Readonly<Record<string, unknown>>): Readonly<Record<string, Value>> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, readJson(JSON.stringify(value))]));
}

// What Python prints of each was seen with transformers 5.24 and jinja2 3.1.6.
describe("a template", () => {
  it.each([
    [
      "{% if tools is not none and tools|length > 0 %}TOOLS{% endif %}{{ messages[0].content }}",
      "Hello",
    ],
    ["{% set sizes = {0: 'none', 512: 'small'} %}{{ messages[0].content }}", "Hello"],
    ["{{ '[{}]'.format(messages[0].role) }}{{ messages[0].content }}", "[user]Hello"],
    [
      "{% for m in messages %}{% for c in m.tool_calls %}CALL{% endfor %}{{ m.content }}{% endfor %}",
      "Hello",
    ],
    ["{% raw %}{{literal}}{% endraw %}{{ messages[0].content }}", "{{literal}}Hello"],
    ["a\n  {%- raw -%}\n {% x %}\n{% endraw %}\nb", "a{% x %}\nb"],
    ["a\n{% raw %}\n{# x #}\n{% endraw %}\nb", "a\n\n{# x #}\nb"],
    ["{{ '\\n\\n a\\n'.lstrip('\\n') }}|", " a\n|"],
    ["{{ '--a--'.strip('-') }}{{ '--a--'.rstrip('-') }}", "a--a"],
    ["{{ [1, 2] in [[1, 2]] }} {{ none in [none] }} {{ 'a' in {'a': 1} }}", "True True True"],
    [
      "{{ 1 == '1' }} {{ 1 == 1.0 }} {{ none == undefined }} {{ [1] == [1] }}",
      "False True False True",
    ],
    ["{{ {'a': none, 'b': [true, 'x', 1.0]} }}", "{'a': None, 'b': [True, 'x', 1.0]}"],
    ["{{ [1, none]|string|replace('None', '-')|trim|upper }}", "[1, -]"],
    ["{{ none }}{{ true }}{{ undefined }}", "NoneTrue"],
    ["{{ 'x' + 1 ~ 'y' }} {{ (1 + 2) ~ 'y' }} {{ 'x' ~ 1 + 'y' }}", "x1y 3y x1y"],
    ["{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 3 }}", "-4 2 3.5 8"],
    ["{% for c in 'a😀' %}<{{ c }}>{% endfor %}{{ 'a😀'|length }}{{ 'a😀b'[1:2] }}", "<a><😀>2😀"],
    ["{% for x in [1, 2, 3] %}{{ x }}{% if x == 2 %}{% break %}{% endif %},{% endfor %}", "1,2"],
    [
      "{% for x in [1, 2, 3] %}{{ x }}{% if x == 2 %}{% continue %}{% endif %},{% endfor %}",
      "1,23,",
    ],
    [
      "{% set ns = namespace(n=0) %}{% set n = 0 %}{% for x in [1, 2] %}{% set n = x %}{% set ns.n = x %}{% endfor %}{{ n }}{{ ns.n }}",
      "02",
    ],
    [
      "{% set who = 'top' %}{% macro m(a, b='B') %}{{ who }}{{ a }}{{ b }}{% endmacro %}{% for who in ['loop'] %}{{ m(1, b=2) }}{% endfor %}",
      "top12",
    ],
    ["{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}in{% endcall %}", "[in]"],
    [
      "{{ none|selectattr('a')|list }}{{ [{'a': 1}, {}]|selectattr('a', 'defined')|list|length }}",
      "[]1",
    ],
    [
      "{{ ['a', 'b']|map('upper')|join('+') }} {{ [3, 1, 2]|sort|last }} {{ [3, 1]|min }}",
      "A+B 3 1",
    ],
    [
      "{{ {'b': 1, 'a': 'é'}|tojson }} {{ {'b': [1], 'a': {}}|tojson(indent=2, sort_keys=true) }}",
      '{"b": 1, "a": "é"} {\n  "a": {},\n  "b": [\n    1\n  ]\n}',
    ],
    ["{{ {'a': 'é<'}|tojson(ensure_ascii=true, separators=(',', ':')) }}", '{"a":"\\u00e9<"}'],
    ["{{ strftime_now('%A %d %b %Y, %-d %H:%M') }}", "Tuesday 03 Nov 2026, 3 04:05"],
    ["{% set x %} a {% endset %}{{ x|trim }}{{ messages[-1]['content'] }}", "aHello"],
    [
      "{{ '%s is %d' % ('a', 2) }} {{ '%s' | format('b') }} {{ 'a,b'.split(',')[-1] }}",
      "a is 2 b b",
    ],
    ["{{ 'a-b-c'.rsplit('-', 1)|join('|') }} {{ ' a  b '.split() }}", "a-b|c ['a', 'b']"],
    ["{% generation %}{{ messages[0].content }}{% endgeneration %}", "Hello"],
    ["a\r\nb\r\n", "a\nb"],
  ])("%j gives what jinja2 gives", (template, expected) => {
    expect(render(template)).toBe(expected);
  });

  it.each([
    "{{ messages[0].nothing.more }}",
    "{{ 'a' + 1 }}",
    "{{ 'a' ~ 1 + 2 }}",
    "{% for x in none %}{% endfor %}",
    "{{ none|length }}",
    "{{ 'x' in none }}",
    "{{ nothing() }}",
    "{{ messages.append(1) }}",
    "{{ 'x'|no_such_filter }}",
    "{% for x in range(100001) %}{% endfor %}",
    "{{ 'x'|constructor }}",
    "{{ ['x']|select('constructor')|list }}",
  ])("%j fails, as it does in jinja2", (template) => {
    expect(() => render(template)).toThrow();
  });

  it("ends where it makes too much text, in one step or many", () => {
    expect(() => render("{{ 'x' * 100000 }}")).toThrow("without bound");
    expect(() => render("{{ 'x' * 1000000000 }}")).toThrow("without bound");
    expect(() => render("{{ [0] * 1000000000 }}")).toThrow("without bound");
  });

  it.each([
    "{{ [0] * 2000000 }}",
    "{{ 'x'.ljust(100000000)|length }}",
    "{{ 'x'.rjust(100000000)|length }}",
    "{{ 'x'.zfill(100000000)|length }}",
    "{{ 'x'|indent(100000000, true)|length }}",
    "{{ [1]|tojson(indent=100000000)|length }}",
    "{{ ('x' * 100000).replace('x', 'y' * 1000)|length }}",
    "{{ (['x' * 1000] * 100000)|join|length }}",
    "{{ ('y' * 1000).join(['x'] * 100000)|length }}",
  ])("%j ends before what is too long is made", (template) => {
    expect(() => render(template)).toThrow("without bound");
  });

  it.each(["{{ ns.a|string }}", "{{ ns.a|tojson }}", "{{ ns.a == ns.b }}"])(
    "%j ends where lists lie in each other twice, many times over",
    (use) => {
      const nest =
        "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}";
      expect(() => render(nest + use)).toThrow("without bound");
      expect(render(`${nest}{{ ns.a == ns.a }}`)).toBe("True");
    },
  );

  it("keeps the first of each by unique", () => {
    const given = "{{ ['a', 'A', 1, '1', 1.0, none, none, [1], [1], 'b']|unique|list }}";
    expect(render(given)).toBe("['a', 1, '1', None, [1], 'b']");
    const texts = Array.from({ length: 300_000 }, (_, at) => `x${at}`);
    expect(render("{{ texts|unique|list|length }}", { texts })).toBe("300000");
  });

  it("takes nothing so many times as nothing", () => {
    expect(render("{{ [] * 1000000000 }}{{ '' * 1000000000 }}{{ [0] * -1 }}")).toBe("[][]");
  });

  it("can be ended in loops whose bodies are empty", () => {
    let checks = 0;
    const check = (): void => {
      checks += 1;
      if (checks > 1000) throw new Error("time is up");
    };
    const loops =
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    const options = { longest: 10_000, check, today: () => new Date(0) };
    expect(() => renderTemplate(parseTemplate(loops), {}, options)).toThrow("time is up");
  });

  it("knows no more of the formats after % than it says", () => {
    expect(() => render("{{ '%5d' % 1 }}")).toThrow("not known here");
    expect(render("{{ '%.1f%%' % 12.34 }}")).toBe("12.3%");
  });

  it("refuses in its own words", () => {
    expect(() => render("{{ raise_exception('no ' ~ messages[0].role) }}")).toThrow(
      new Refusal("no user"),
    );
  });
});

describe("JSON that a template is given", () => {
  const shown = (json: string): string =>
    renderTemplate(
      parseTemplate("{{ value | tojson }} {{ value }}"),
      { value: readJson(json) },
      { longest: 10_000, check: () => undefined, today: () => new Date() },
    );

  it.each([
    ['{"2":1,"1":2}', "{\"2\": 1, \"1\": 2} {'2': 1, '1': 2}"],
    ["[1.0, 1e2, 1.50, -0.0, 0]", "[1.0, 100.0, 1.5, -0.0, 0] [1.0, 100.0, 1.5, -0.0, 0]"],
    ["12345678901234567890", "12345678901234567890 12345678901234567890"],
    [
      '{"__proto__":{"é\\n":"\\u00e9\\ud83d\\ude00"}}',
      "{\"__proto__\": {\"é\\n\": \"é😀\"}} {'__proto__': {'é\\n': 'é😀'}}",
    ],
    [" { } ", "{} {}"],
    ["[ true ,false, null]", "[true, false, null] [True, False, None]"],
  ])("%s is printed as by Python", (json, text) => {
    expect(shown(json)).toBe(text);
  });

  it.each(["", "{", "[1,]", "{'a':1}", "01", "1 2", '{"a" 1}', '"\n"', "nul", "[".repeat(300)])(
    "%j is no JSON",
    (json) => {
      expect(() => readJson(json)).toThrow(SyntaxError);
    },
  );
});
