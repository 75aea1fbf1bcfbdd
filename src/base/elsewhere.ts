/**
 * Other systems, with the page where each documents its names. Settings, metrics and log fields state what these
 * systems call the same thing. The pages of `docs/reference/` show it, so that readers find familiar names.
 */
export const systems = {
  Elasticsearch:
    "https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/circuit-breaker-settings",
  Envoy: "https://www.envoyproxy.io/docs/envoy/latest/api-v3/api",
  "go-grpc-middleware":
    "https://github.com/grpc-ecosystem/go-grpc-middleware/tree/main/providers/prometheus",
  gRPC: "https://grpc.github.io/grpc/core/group__grpc__arg__keys.html",
  "gRPC for Python": "https://grpc.github.io/grpc/python/grpc.html",
  "gRPC metrics": "https://grpc.io/docs/guides/opentelemetry-metrics/",
  "HTTP/2": "https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2",
  "Hugging Face": "https://huggingface.co/docs/api-inference/parameters",
  "kube-apiserver":
    "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/",
  Kubebuilder: "https://book.kubebuilder.io/",
  Linux: "https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html",
  LiteLLM: "https://docs.litellm.ai/docs/proxy/users",
  "llama-server": "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
  nginx: "https://nginx.org/en/docs/dirindex.html",
  "Node.js": "https://nodejs.org/api/http2.html#http2createserveroptions-onrequesthandler",
  Ollama: "https://github.com/ollama/ollama/blob/main/envconfig/config.go",
  "ONNX Runtime": "https://onnxruntime.ai/docs/performance/tune-performance/threading.html",
  OpenAI: "https://platform.openai.com/docs/api-reference",
  OpenTelemetry: "https://opentelemetry.io/docs/specs/semconv/registry/attributes/",
  pino: "https://github.com/pinojs/pino/blob/main/docs/api.md",
  "prom-client": "https://github.com/siimon/prom-client",
  SGLang: "https://docs.sglang.ai/advanced_features/server_arguments.html",
  "Spring Boot": "https://docs.spring.io/spring-boot/appendix/application-properties/index.html",
  "Spring gRPC": "https://docs.spring.io/spring-grpc/reference/",
  "text-embeddings-inference":
    "https://huggingface.co/docs/text-embeddings-inference/cli_arguments",
  "text-generation-inference":
    "https://huggingface.co/docs/text-generation-inference/reference/launcher",
  Triton: "https://github.com/triton-inference-server/server/blob/main/src/command_line_parser.cc",
  vLLM: "https://docs.vllm.ai/en/stable/cli/serve/",
} as const;

export type System = keyof typeof systems;

/** The name of the same thing, or nearly the same, in other systems. Systems without one are left out. */
export type Elsewhere = Readonly<Partial<Record<System, string>>>;
