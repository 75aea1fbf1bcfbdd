"""Records what transformers renders of chat templates: a digest of each text.

    python -m venv venv && venv/bin/pip install transformers==5.24.0 jinja2==3.1.6
    venv/bin/python record.py FOLDER > expected.json

FOLDER is models/templates of llama.cpp's source, which test/templates/fetch prints. TZ does not matter:
the clock is set. Where a template refuses a conversation, null stands for the digest.
"""

import datetime
import hashlib
import json
import pathlib
import sys

from transformers.utils import chat_template_utils as chat

NOW = datetime.datetime(2026, 11, 3, 4, 5, 6)


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


chat.datetime = Clock


def render(template, messages, tools=None, **variables):
    try:
        rendered = chat.render_jinja_template(
            [messages],
            tools=tools,
            chat_template=template,
            add_generation_prompt=True,
            bos_token="<s>",
            eos_token="</s>",
            **variables,
        )
        return rendered[0][0]
    except Exception as error:
        print(type(error).__name__, str(error)[:100], file=sys.stderr)
        return None


def digest(text):
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()[:16]


here = pathlib.Path(__file__).parent
plain = json.loads((here / "conversations.json").read_text("utf-8"))
cases = [{"messages": [{"role": role, "content": content} for role, content in one]} for one in plain.values()]
cases += json.loads((here / "tools.json").read_text("utf-8")).values()
texts = {
    path.stem: [render(path.read_text("utf-8"), **one) for one in cases]
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.jinja"))
}
if len(sys.argv) > 2:
    pathlib.Path(sys.argv[2]).write_text(json.dumps(texts), "utf-8")
lines = (f"  {json.dumps(name)}: {json.dumps([digest(one) for one in all])}" for name, all in texts.items())
print("{\n" + ",\n".join(lines) + "\n}")
