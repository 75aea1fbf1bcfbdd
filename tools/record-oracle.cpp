// Writes greedy completions by llama.cpp's own library and chat templates, for tools/record-oracle.ts.
//
// Standard input has one JSON object a line: {"prompt": "…"} or {"messages": […]}, and "limit". Standard output
// has one a line for each: the text, its tokens, and by how many nats the likeliest token led.
#include <cmath>
#include <iostream>

#include "chat.h"
#include "common.h"
#include "llama.h"
#include "log.h"

using json = common_json;

static std::string prompt_of(const json & in, const common_chat_templates * templates) {
    if (in.contains("prompt")) return in.at("prompt").get<std::string>();
    common_chat_templates_inputs inputs;
    inputs.messages = common_chat_msgs_parse_oaicompat(in.at("messages"));
    inputs.use_jinja = true;
    return common_chat_templates_apply(templates, inputs).prompt;
}

int main(int count, char ** arguments) {
    if (count != 2) return 2;
    common_log_set_verbosity_thold(-1000);
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    ggml_backend_load_all();
    llama_model * model = llama_model_load_from_file(arguments[1], llama_model_default_params());
    if (model == nullptr) return 1;
    const llama_vocab * vocab = llama_model_get_vocab(model);
    const int size = llama_vocab_n_tokens(vocab);
    const auto templates = common_chat_templates_init(model, "");
    for (std::string line; std::getline(std::cin, line);) {
        const json in = json::parse(line);
        llama_context_params params = llama_context_default_params();
        params.n_ctx = 1024;
        params.n_threads = params.n_threads_batch = 1;
        llama_context * context = llama_init_from_model(model, params);
        std::vector<llama_token> next = common_tokenize(vocab, prompt_of(in, templates.get()), true, true);
        std::string text;
        json tokens = json::array(), margins = json::array();
        for (int limit = in.at("limit").get<int>(); limit > 0; --limit) {
            llama_batch batch = llama_batch_get_one(next.data(), next.size());
            if (llama_decode(context, batch) != 0) return 1;
            const float * logits = llama_get_logits_ith(context, -1);
            int best = 0, second = -1;
            for (int token = 1; token < size; ++token) {
                if (logits[token] > logits[best]) { second = best; best = token; }
                else if (second < 0 || logits[token] > logits[second]) second = token;
            }
            // The difference of two logits is that of their log-probabilities.
            margins.push_back(std::round((logits[best] - logits[second]) * 1000.0) / 1000.0);
            tokens.push_back(best);
            if (llama_vocab_is_eog(vocab, best)) break;
            text += common_token_to_piece(vocab, best, false);
            next = { best };
        }
        llama_free(context);
        json out = json::object();
        out["text"] = text;
        out["tokens"] = tokens;
        out["margins"] = margins;
        std::cout << out.dump() << "\n" << std::flush;
    }
    llama_model_free(model);
}
