// What a client does, a line for each thing; or `restart`, where that is the second argument.

#include <chrono>
#include <fstream>
#include <future>
#include <iomanip>
#include <iostream>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include "errors.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "inferd/v1/embedding_service.grpc.pb.h"
#include "inferd/v1/generation_service.grpc.pb.h"

using namespace std::chrono_literals;
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using inferd::v1::EmbeddingService;
using inferd::v1::EmbedRequest;
using inferd::v1::EmbedResponse;
using inferd::v1::GenerateRequest;
using inferd::v1::GenerateResponse;
using inferd::v1::GenerateStreamResponse;
using inferd::v1::GenerationService;

constexpr char kModel[] = "inferd-demo";

// A call's context, with its deadline.
class Within : public grpc::ClientContext {
 public:
  explicit Within(std::chrono::milliseconds limit) {
    set_deadline(std::chrono::system_clock::now() + limit);
  }
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

GenerateRequest Story() {
  GenerateRequest request;
  request.set_model(kModel);
  request.set_prompt("Once upon a time");
  request.set_include_prompt(true);
  request.mutable_sampling()->set_temperature(0);
  request.mutable_sampling()->set_max_tokens(16);
  return request;
}

GenerateRequest LongStory() {
  GenerateRequest request;
  request.set_model(kModel);
  request.set_prompt("Once upon a time");
  request.mutable_sampling()->set_max_tokens(1500);
  request.mutable_sampling()->set_ignore_eos(true);
  return request;
}

void Unary(GenerationService::Stub& generation) {
  Within context(1min);
  GenerateResponse response;
  Check(generation.Generate(&context, Story(), &response));
  std::cout << "unary: " << response.text() << std::endl;
}

void Stream(GenerationService::Stub& generation) {
  Within context(1min);
  auto responses = generation.GenerateStream(&context, Story());
  std::cout << "stream: ";
  GenerateStreamResponse response;
  while (responses->Read(&response)) {
    if (response.has_piece()) {
      std::cout << response.piece().text() << std::flush;
    } else if (response.has_finish()) {
      std::cout << " (" << response.finish().usage().completion_tokens() << " tokens)" << std::endl;
    }
  }
  Check(responses->Finish());
}

void Chat(GenerationService::Stub& generation) {
  GenerateRequest request;
  request.set_model(kModel);
  auto* system = request.mutable_chat()->add_messages();
  system->set_role(inferd::v1::ROLE_SYSTEM);
  system->set_content("Answer briefly.");
  auto* user = request.mutable_chat()->add_messages();
  user->set_role(inferd::v1::ROLE_USER);
  user->set_content("What can you do?");
  request.mutable_sampling()->set_temperature(0);
  request.mutable_sampling()->set_max_tokens(32);

  Within context(1min);
  GenerateResponse response;
  Check(generation.Generate(&context, request, &response));
  std::cout << "chat: " << response.text() << std::endl;
}

google::protobuf::Map<std::string, google::protobuf::Value> ParseJson(const std::string& text) {
  google::protobuf::Struct object;
  const bool is_json = google::protobuf::util::JsonStringToMessage(text, &object).ok();
  Check(is_json ? grpc::Status::OK : grpc::Status(grpc::StatusCode::INTERNAL, "no JSON object"));
  return object.fields();
}

void Schema(GenerationService::Stub& generation) {
  GenerateRequest request;
  request.set_model(kModel);
  auto* user = request.mutable_chat()->add_messages();
  user->set_role(inferd::v1::ROLE_USER);
  user->set_content("Extract name and age as JSON: Ada is 36 years old.");
  request.mutable_constraint()->set_json_schema(ReadFile("../person.schema.json"));
  request.mutable_sampling()->set_temperature(0);
  request.mutable_sampling()->set_max_tokens(64);

  Within context(1min);
  GenerateResponse response;
  Check(generation.Generate(&context, request, &response));
  const auto person = ParseJson(response.text());
  std::cout << "schema: " << person.at("name").string_value() << " is "
            << person.at("age").number_value() << std::endl;
}

void Tool(GenerationService::Stub& generation) {
  GenerateRequest request;
  request.set_model(kModel);
  auto* chat = request.mutable_chat();
  auto* user = chat->add_messages();
  user->set_role(inferd::v1::ROLE_USER);
  user->set_content("What is the weather in Oslo?");
  auto* weather = chat->add_tools()->mutable_function();
  weather->set_name("get_weather");
  weather->set_description("Tells the weather of a city.");
  weather->set_parameters_schema(ReadFile("../weather.schema.json"));
  // A model may also decide: leave this out.
  chat->mutable_tool_choice()->set_function_name(weather->name());
  request.mutable_sampling()->set_temperature(0);
  request.mutable_sampling()->set_max_tokens(128);

  Within context(1min);
  GenerateResponse response;
  Check(generation.Generate(&context, request, &response));
  for (const auto& call : response.tool_calls()) {
    const auto arguments = ParseJson(call.arguments_json());
    std::cout << "tool: " << call.name() << " of " << arguments.at("city").string_value()
              << std::endl;
  }
}

void Embed(EmbeddingService::Stub& embedding) {
  EmbedRequest request;
  request.set_model("all-minilm-l6-v2");
  request.add_inputs("a cat on the mat");
  request.add_inputs("a kitten on a rug");

  Within context(1min);
  EmbedResponse response;
  Check(embedding.Embed(&context, request, &response));
  const auto& cat = response.embeddings(0).float32().values();
  const auto& kitten = response.embeddings(1).float32().values();
  // The vectors have length 1, so that their dot product is the cosine between them.
  const float similarity = std::inner_product(cat.begin(), cat.end(), kitten.begin(), 0.0f);
  std::cout << "embed: " << cat.size() << " dimensions, similarity " << std::fixed
            << std::setprecision(2) << similarity << std::endl;
}

void Deadline(GenerationService::Stub& generation) {
  Within context(50ms);
  GenerateResponse response;
  const auto status = generation.Generate(&context, LongStory(), &response);
  if (!status.ok()) std::cout << "deadline: " << CodeName(status) << std::endl;
}

void Cancel(GenerationService::Stub& generation) {
  Within context(1min);
  auto responses = generation.GenerateStream(&context, LongStory());
  int pieces = 0;
  GenerateStreamResponse response;
  while (pieces < 3 && responses->Read(&response)) {
    if (response.has_piece()) ++pieces;
  }
  context.TryCancel();
  responses->Finish();
  std::cout << "cancel: after " << pieces << " pieces" << std::endl;
}

void Errors(GenerationService::Stub& generation) {
  GenerateRequest wrong = Story();
  wrong.mutable_sampling()->set_temperature(-1);
  wrong.mutable_sampling()->set_top_p(3);

  Within context(1min);
  GenerateResponse response;
  const auto status = generation.Generate(&context, wrong, &response);
  if (!status.ok()) std::cout << "errors: " << Explain(status) << std::endl;
}

// Health has a name for the server (empty), for each service, and for each model.
void WatchHealth(Health::Stub& health) {
  HealthCheckRequest request;
  request.set_service(std::string("model:") + kModel);

  Within context(1min);
  auto answers = health.Watch(&context, request);
  HealthCheckResponse answer;
  if (answers->Read(&answer)) {
    std::cout << "health: " << HealthCheckResponse::ServingStatus_Name(answer.status())
              << std::endl;
    context.TryCancel();
    answers->Finish();
  } else {
    Check(answers->Finish());
  }
}

grpc::Status Generate(GenerationService::Stub& generation) {
  Within context(1min);
  GenerateResponse response;
  return generation.Generate(&context, Story(), &response);
}

void Retry(GenerationService::Stub& patient) {
  std::vector<std::future<grpc::Status>> calls;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(std::async(std::launch::async, [&] { return Generate(patient); }));
  }
  int served = 0;
  for (auto& call : calls) served += call.get().ok();
  std::cout << "retry: " << served << " of 8 served" << std::endl;
}

// Calls until standard input ends or has a line.
void Restart(GenerationService::Stub& patient) {
  const auto stopped = std::async(std::launch::async, [] {
    std::string line;
    std::getline(std::cin, line);
  });
  int calls = 0;
  int failed = 0;
  while (stopped.wait_for(200ms) == std::future_status::timeout) {
    ++calls;
    const auto status = Generate(patient);
    if (status.ok()) continue;
    ++failed;
    std::cerr << Explain(status) << std::endl;
  }
  std::cout << "restart: " << calls << " calls, " << failed << " failed" << std::endl;
}

// gRPC itself waits until the server is healthy, and tries refused calls again when the server says.
std::shared_ptr<grpc::Channel> PatientChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(ReadFile("../service-config.json"));
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

int main(int argc, char** argv) {
  const std::string address = argc > 1 ? argv[1] : "localhost:50051";
  const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  const auto generation = GenerationService::NewStub(channel);
  const auto embedding = EmbeddingService::NewStub(channel);
  const auto health = Health::NewStub(channel);
  const auto patient = GenerationService::NewStub(PatientChannel(address));
  try {
    if (argc > 2 && std::string(argv[2]) == "restart") {
      Restart(*patient);
      return 0;
    }
    Unary(*generation);
    Stream(*generation);
    Chat(*generation);
    Schema(*generation);
    Tool(*generation);
    Embed(*embedding);
    Deadline(*generation);
    Cancel(*generation);
    Errors(*generation);
    WatchHealth(*health);
    Retry(*patient);
    return 0;
  } catch (const CallFailed& error) {
    std::cerr << "error: " << error.what() << std::endl;
    return 1;
  }
}
