package dev.inferd.example;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.MINUTES;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import dev.inferd.v1.Chat;
import dev.inferd.v1.ChatMessage;
import dev.inferd.v1.Constraint;
import dev.inferd.v1.EmbedRequest;
import dev.inferd.v1.EmbedResponse;
import dev.inferd.v1.EmbeddingServiceGrpc;
import dev.inferd.v1.EmbeddingServiceGrpc.EmbeddingServiceBlockingStub;
import dev.inferd.v1.FunctionTool;
import dev.inferd.v1.GenerateRequest;
import dev.inferd.v1.GenerateResponse;
import dev.inferd.v1.GenerateStreamResponse;
import dev.inferd.v1.GenerationServiceGrpc;
import dev.inferd.v1.GenerationServiceGrpc.GenerationServiceBlockingStub;
import dev.inferd.v1.GenerationServiceGrpc.GenerationServiceFutureStub;
import dev.inferd.v1.Role;
import dev.inferd.v1.Sampling;
import dev.inferd.v1.Tool;
import dev.inferd.v1.ToolCall;
import dev.inferd.v1.ToolChoice;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.health.v1.HealthGrpc.HealthBlockingStub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Scanner;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What a client does, a line for each thing; or {@code restart}, where that is the second argument. */
public final class Tour {
  private static final String MODEL = "inferd-demo";

  private static final GenerateRequest STORY =
      GenerateRequest.newBuilder()
          .setModel(MODEL)
          .setPrompt("Once upon a time")
          .setIncludePrompt(true)
          .setSampling(Sampling.newBuilder().setTemperature(0).setMaxTokens(16))
          .build();

  private static final GenerateRequest LONG_STORY =
      GenerateRequest.newBuilder()
          .setModel(MODEL)
          .setPrompt("Once upon a time")
          .setSampling(Sampling.newBuilder().setMaxTokens(1500).setIgnoreEos(true))
          .build();

  private Tour() {}

  private record Person(String name, int age) {}

  private record Place(String city) {}

  static void unary(GenerationServiceBlockingStub generation) {
    GenerateResponse response = generation.withDeadlineAfter(1, MINUTES).generate(STORY);
    System.out.println("unary: " + response.getText());
  }

  static void stream(GenerationServiceBlockingStub generation) {
    System.out.print("stream: ");
    Iterator<GenerateStreamResponse> responses =
        generation.withDeadlineAfter(1, MINUTES).generateStream(STORY);
    while (responses.hasNext()) {
      GenerateStreamResponse response = responses.next();
      if (response.hasPiece()) {
        System.out.print(response.getPiece().getText());
      } else if (response.hasFinish()) {
        int tokens = response.getFinish().getUsage().getCompletionTokens();
        System.out.println(" (" + tokens + " tokens)");
      }
    }
  }

  static void chat(GenerationServiceBlockingStub generation) {
    Chat chat =
        Chat.newBuilder()
            .addMessages(message(Role.ROLE_SYSTEM, "Answer briefly."))
            .addMessages(message(Role.ROLE_USER, "What can you do?"))
            .build();
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setModel(MODEL)
            .setChat(chat)
            .setSampling(Sampling.newBuilder().setTemperature(0).setMaxTokens(32))
            .build();
    GenerateResponse response = generation.withDeadlineAfter(1, MINUTES).generate(request);
    System.out.println("chat: " + response.getText());
  }

  static void schema(GenerationServiceBlockingStub generation) throws IOException {
    String schema = Files.readString(Path.of("../person.schema.json"));
    ChatMessage message =
        message(Role.ROLE_USER, "Extract name and age as JSON: Ada is 36 years old.");
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setModel(MODEL)
            .setChat(Chat.newBuilder().addMessages(message))
            .setConstraint(Constraint.newBuilder().setJsonSchema(schema))
            .setSampling(Sampling.newBuilder().setTemperature(0).setMaxTokens(64))
            .build();
    GenerateResponse response = generation.withDeadlineAfter(1, MINUTES).generate(request);
    Person person = new Gson().fromJson(response.getText(), Person.class);
    System.out.println("schema: " + person.name() + " is " + person.age());
  }

  static void tool(GenerationServiceBlockingStub generation) throws IOException {
    FunctionTool weather =
        FunctionTool.newBuilder()
            .setName("get_weather")
            .setDescription("Tells the weather of a city.")
            .setParametersSchema(Files.readString(Path.of("../weather.schema.json")))
            .build();
    Chat chat =
        Chat.newBuilder()
            .addMessages(message(Role.ROLE_USER, "What is the weather in Oslo?"))
            .addTools(Tool.newBuilder().setFunction(weather))
            // A model may also decide: leave this out.
            .setToolChoice(ToolChoice.newBuilder().setFunctionName(weather.getName()))
            .build();
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setModel(MODEL)
            .setChat(chat)
            .setSampling(Sampling.newBuilder().setTemperature(0).setMaxTokens(128))
            .build();
    GenerateResponse response = generation.withDeadlineAfter(1, MINUTES).generate(request);
    for (ToolCall call : response.getToolCallsList()) {
      Place place = new Gson().fromJson(call.getArgumentsJson(), Place.class);
      System.out.println("tool: " + call.getName() + " of " + place.city());
    }
  }

  private static ChatMessage message(Role role, String content) {
    return ChatMessage.newBuilder().setRole(role).setContent(content).build();
  }

  static void embed(EmbeddingServiceBlockingStub embedding) {
    EmbedRequest request =
        EmbedRequest.newBuilder()
            .setModel("all-minilm-l6-v2")
            .addInputs("a cat on the mat")
            .addInputs("a kitten on a rug")
            .build();
    EmbedResponse response = embedding.withDeadlineAfter(1, MINUTES).embed(request);
    List<Float> cat = response.getEmbeddings(0).getFloat32().getValuesList();
    List<Float> kitten = response.getEmbeddings(1).getFloat32().getValuesList();
    // The vectors have length 1, so that their dot product is the cosine between them.
    double similarity =
        IntStream.range(0, cat.size()).mapToDouble(i -> cat.get(i) * kitten.get(i)).sum();
    System.out.printf("embed: %d dimensions, similarity %.2f%n", cat.size(), similarity);
  }

  static void deadline(GenerationServiceBlockingStub generation) {
    try {
      generation.withDeadlineAfter(50, MILLISECONDS).generate(LONG_STORY);
    } catch (StatusRuntimeException error) {
      System.out.println("deadline: " + error.getStatus().getCode());
    }
  }

  static void cancel(GenerationServiceBlockingStub generation) throws Exception {
    int pieces = 0;
    // A call ends with the context that it began in.
    try (Context.CancellableContext context = Context.current().withCancellation()) {
      Iterator<GenerateStreamResponse> responses =
          context.call(() -> generation.withDeadlineAfter(1, MINUTES).generateStream(LONG_STORY));
      while (pieces < 3 && responses.hasNext()) {
        if (responses.next().hasPiece()) pieces++;
      }
    }
    System.out.println("cancel: after " + pieces + " pieces");
  }

  static void errors(GenerationServiceBlockingStub generation) {
    GenerateRequest wrong =
        STORY.toBuilder()
            .setSampling(Sampling.newBuilder().setTemperature(-1).setTopP(3))
            .build();
    try {
      generation.withDeadlineAfter(1, MINUTES).generate(wrong);
    } catch (StatusRuntimeException error) {
      System.out.println("errors: " + Errors.explain(error));
    }
  }

  /** Health has a name for the server (empty), for each service, and for each model. */
  static void health(HealthBlockingStub health) throws Exception {
    HealthCheckRequest request =
        HealthCheckRequest.newBuilder().setService("model:" + MODEL).build();
    try (Context.CancellableContext context = Context.current().withCancellation()) {
      var answers = context.call(() -> health.withDeadlineAfter(1, MINUTES).watch(request));
      System.out.println("health: " + answers.next().getStatus());
    }
  }

  static void retry(GenerationServiceFutureStub patient) throws Exception {
    Stream<ListenableFuture<GenerateResponse>> calls =
        Stream.generate(() -> patient.withDeadlineAfter(1, MINUTES).generate(STORY)).limit(8);
    // Of a call that failed, the response is null.
    List<GenerateResponse> responses = Futures.successfulAsList(calls.toList()).get();
    long served = responses.stream().filter(Objects::nonNull).count();
    System.out.println("retry: " + served + " of 8 served");
  }

  /** Calls until standard input ends or has a line. */
  static void restart(GenerationServiceBlockingStub patient) throws InterruptedException {
    CountDownLatch stopped = new CountDownLatch(1);
    new Thread(() -> {
      new Scanner(System.in).hasNextLine();
      stopped.countDown();
    }).start();
    int calls = 0;
    int failed = 0;
    while (!stopped.await(200, MILLISECONDS)) {
      calls++;
      try {
        patient.withDeadlineAfter(1, MINUTES).generate(STORY);
      } catch (StatusRuntimeException error) {
        failed++;
        System.err.println(Errors.explain(error));
      }
    }
    System.out.println("restart: " + calls + " calls, " + failed + " failed");
  }

  /** gRPC itself waits until the server is healthy, and tries refused calls again when the server says. */
  private static Map<String, ?> serviceConfig() throws IOException {
    String text = Files.readString(Path.of("../service-config.json"));
    return new Gson().fromJson(text, new TypeToken<Map<String, Object>>() {});
  }

  private static void run(ManagedChannel channel, ManagedChannel patient, boolean restart)
      throws Exception {
    if (restart) {
      restart(GenerationServiceGrpc.newBlockingStub(patient));
      return;
    }
    GenerationServiceBlockingStub generation = GenerationServiceGrpc.newBlockingStub(channel);
    unary(generation);
    stream(generation);
    chat(generation);
    schema(generation);
    tool(generation);
    embed(EmbeddingServiceGrpc.newBlockingStub(channel));
    deadline(generation);
    cancel(generation);
    errors(generation);
    health(HealthGrpc.newBlockingStub(channel));
    retry(GenerationServiceGrpc.newFutureStub(patient));
  }

  public static void main(String[] arguments) throws Exception {
    String address = arguments.length > 0 ? arguments[0] : "localhost:50051";
    boolean restart = arguments.length > 1 && arguments[1].equals("restart");
    var credentials = InsecureChannelCredentials.create();
    ManagedChannel channel = Grpc.newChannelBuilder(address, credentials).build();
    ManagedChannel patient =
        Grpc.newChannelBuilder(address, credentials).defaultServiceConfig(serviceConfig()).build();
    int exitCode = 0;
    try {
      run(channel, patient, restart);
    } catch (StatusRuntimeException error) {
      System.err.println("error: " + Errors.explain(error));
      exitCode = 1;
    } finally {
      channel.shutdownNow();
      patient.shutdownNow();
    }
    System.exit(exitCode);
  }
}
