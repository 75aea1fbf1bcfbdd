"""Write a checkpoint as a GGUF file of the architecture "llama": matrices as Q8_0, gains as 32-bit floats."""

import argparse
import json
from pathlib import Path

import gguf
import torch

from corpus import ASSISTANT, BOS, END, SYSTEM, USER
from model import Shape
from tokens import CONTROL
from tools import OFFER

# How a conversation becomes a prompt; corpus.render and tools.py write the same text. Tools are offered, called and
# answered as models of the Hermes and Qwen families do it.
CHAT_TEMPLATE = """{{- bos_token }}
{%- if tools %}
    {{- 'SYSTEM\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- (messages[0].content | trim) + '\\n\\n' }}
    {%- endif %}
    {{- 'OFFER\\n<tools>\\n' }}
    {%- for tool in tools %}
        {{- (tool | tojson) + '\\n' }}
    {%- endfor %}
    {{- '</tools>END\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'tool' %}
        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}
            {{- 'USER' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' + (message.content | trim) + '\\n</tool_response>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}
            {{- 'END\\n' }}
        {%- endif %}
    {%- elif not (tools and loop.first and message.role == 'system') %}
        {%- set text = (message.content or '') | trim %}
        {{- '<|' + message.role + '|>\\n' + text }}
        {%- for call in message.tool_calls or [] %}
            {%- if text or not loop.first %}
                {{- '\\n' }}
            {%- endif %}
            {%- set arguments = call.function.arguments %}
            {{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' + (arguments if arguments is string else arguments | tojson) + '}\\n</tool_call>' }}
        {%- endfor %}
        {{- 'END\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- 'ASSISTANT\\n' }}
{%- endif %}""".replace("SYSTEM", SYSTEM).replace("OFFER", OFFER).replace("END", END).replace("USER", USER).replace("ASSISTANT", ASSISTANT)
# The pre-tokenizer of llama.cpp that splits as tokens.train_tokenizer does: single digits, then GPT-2's expression.
PRE_TOKENIZER = "smollm"
DESCRIPTION = ("A demonstration model of about six million parameters, trained from scratch on generated text. It tells short stories, chats a little, "
               "answers questions about inferd, extracts fields as JSON and calls two tools. It is not meant for any real use.")


def write(state, tokenizer, path):
    """Write the weights `state` and the vocabulary of the loaded tokenizer.json `tokenizer`."""
    shape = Shape()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("inferd demo")
    writer.add_description(DESCRIPTION)
    writer.add_author("the inferd project")
    writer.add_license("apache-2.0")
    writer.add_languages(["en"])
    writer.add_size_label("5.9M")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_vocab_size(shape.vocabulary)

    ids = tokenizer["model"]["vocab"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZER)
    writer.add_token_list(sorted(ids, key=ids.get))
    writer.add_token_types([gguf.TokenType.CONTROL if index < len(CONTROL) else gguf.TokenType.NORMAL for index in range(len(ids))])
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(ids[BOS])
    writer.add_eos_token_id(ids[END])
    writer.add_eot_token_id(ids[END])
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)

    for name, tensor in state.items():
        values = tensor.float().numpy()
        if values.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    """Export a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True, type=Path, help="checkpoint.pt written by train.py")
    parser.add_argument("--tokenizer", required=True, type=Path, help="tokenizer.json written by tokens.py")
    parser.add_argument("--out", required=True, help="GGUF file to write")
    arguments = parser.parse_args()
    state = torch.load(arguments.checkpoint, weights_only=True)["model"]
    write(state, json.loads(arguments.tokenizer.read_text(encoding="utf-8")), arguments.out)


if __name__ == "__main__":
    main()
