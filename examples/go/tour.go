// Command tour does what a client does, a line for each thing; or restart, where that is the second argument.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // What healthCheckConfig needs.
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	inferd "example.com/inferd-client/gen/inferd/v1"
)

const model = "inferd-demo"

var story = &inferd.GenerateRequest{
	Model:         model,
	Input:         &inferd.GenerateRequest_Prompt{Prompt: "Once upon a time"},
	IncludePrompt: true,
	Sampling:      &inferd.Sampling{Temperature: new(float32(0)), MaxTokens: new(uint32(16))},
}

var longStory = &inferd.GenerateRequest{
	Model:    model,
	Input:    &inferd.GenerateRequest_Prompt{Prompt: "Once upon a time"},
	Sampling: &inferd.Sampling{MaxTokens: new(uint32(1500)), IgnoreEos: new(true)},
}

func main() {
	if err := tour(os.Args[1], len(os.Args) > 2 && os.Args[2] == "restart"); err != nil {
		fmt.Fprintln(os.Stderr, "error:", explain(err))
		os.Exit(1)
	}
}

func tour(address string, isRestart bool) error {
	conn, err := connect(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	// gRPC itself waits until the server is healthy, and tries refused calls again when the server says.
	config, err := os.ReadFile("../service-config.json")
	if err != nil {
		return err
	}
	patientConn, err := connect(address, grpc.WithDefaultServiceConfig(string(config)))
	if err != nil {
		return err
	}
	defer patientConn.Close()

	if isRestart {
		return restart(patientConn)
	}
	things := []thing{unary, stream, chat, schema, tool, embed, deadline, cancel, refusal, health}
	for _, do := range things {
		if err := inAMinute(do, conn); err != nil {
			return err
		}
	}
	return inAMinute(retry, patientConn)
}

type thing = func(context.Context, *grpc.ClientConn) error

func inAMinute(do thing, conn *grpc.ClientConn) error {
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	return do(ctx, conn)
}

func connect(address string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))
	return grpc.NewClient(address, options...)
}

func unary(ctx context.Context, conn *grpc.ClientConn) error {
	client := inferd.NewGenerationServiceClient(conn)
	response, err := client.Generate(ctx, story)
	if err != nil {
		return err
	}
	fmt.Println("unary:", response.GetText())
	return nil
}

func stream(ctx context.Context, conn *grpc.ClientConn) error {
	client := inferd.NewGenerationServiceClient(conn)
	stream, err := client.GenerateStream(ctx, story)
	if err != nil {
		return err
	}
	fmt.Print("stream: ")
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch event := response.GetEvent().(type) {
		case *inferd.GenerateStreamResponse_Piece:
			fmt.Print(event.Piece.GetText())
		case *inferd.GenerateStreamResponse_Finish:
			fmt.Printf(" (%d tokens)\n", event.Finish.GetUsage().GetCompletionTokens())
		}
	}
}

func chat(ctx context.Context, conn *grpc.ClientConn) error {
	client := inferd.NewGenerationServiceClient(conn)
	response, err := client.Generate(ctx, &inferd.GenerateRequest{
		Model: model,
		Input: &inferd.GenerateRequest_Chat{Chat: &inferd.Chat{Messages: []*inferd.ChatMessage{
			{Role: inferd.Role_ROLE_SYSTEM, Content: "Answer briefly."},
			{Role: inferd.Role_ROLE_USER, Content: "What can you do?"},
		}}},
		Sampling: &inferd.Sampling{Temperature: new(float32(0)), MaxTokens: new(uint32(32))},
	})
	if err != nil {
		return err
	}
	fmt.Println("chat:", response.GetText())
	return nil
}

// schema asks for a person in JSON, and can rely on it.
func schema(ctx context.Context, conn *grpc.ClientConn) error {
	client := inferd.NewGenerationServiceClient(conn)
	text, err := os.ReadFile("../person.schema.json")
	if err != nil {
		return err
	}
	response, err := client.Generate(ctx, &inferd.GenerateRequest{
		Model: model,
		Input: &inferd.GenerateRequest_Chat{Chat: &inferd.Chat{Messages: []*inferd.ChatMessage{
			{Role: inferd.Role_ROLE_USER, Content: "Extract name and age as JSON: Ada is 36 years old."},
		}}},
		Constraint: &inferd.Constraint{Kind: &inferd.Constraint_JsonSchema{JsonSchema: string(text)}},
		Sampling:   &inferd.Sampling{Temperature: new(float32(0)), MaxTokens: new(uint32(64))},
	})
	if err != nil {
		return err
	}
	var person struct {
		Name string
		Age  int
	}
	if err := json.Unmarshal([]byte(response.GetText()), &person); err != nil {
		return err
	}
	fmt.Printf("schema: %s is %d\n", person.Name, person.Age)
	return nil
}

// tool offers the model a function, and has it called; what calls it sends the result as a message of ROLE_TOOL.
func tool(ctx context.Context, conn *grpc.ClientConn) error {
	client := inferd.NewGenerationServiceClient(conn)
	parameters, err := os.ReadFile("../weather.schema.json")
	if err != nil {
		return err
	}
	weather := &inferd.FunctionTool{
		Name:             "get_weather",
		Description:      "Tells the weather of a city.",
		ParametersSchema: string(parameters),
	}
	response, err := client.Generate(ctx, &inferd.GenerateRequest{
		Model: model,
		Input: &inferd.GenerateRequest_Chat{Chat: &inferd.Chat{
			Messages: []*inferd.ChatMessage{{Role: inferd.Role_ROLE_USER, Content: "What is the weather in Oslo?"}},
			Tools:    []*inferd.Tool{{Kind: &inferd.Tool_Function{Function: weather}}},
			// A model may also decide: leave this out.
			ToolChoice: &inferd.ToolChoice{Kind: &inferd.ToolChoice_FunctionName{FunctionName: weather.Name}},
		}},
		Sampling: &inferd.Sampling{Temperature: new(float32(0)), MaxTokens: new(uint32(128))},
	})
	if err != nil {
		return err
	}
	for _, call := range response.GetToolCalls() {
		var arguments struct{ City string }
		if err := json.Unmarshal([]byte(call.GetArgumentsJson()), &arguments); err != nil {
			return err
		}
		fmt.Printf("tool: %s of %s\n", call.GetName(), arguments.City)
	}
	return nil
}

func embed(ctx context.Context, conn *grpc.ClientConn) error {
	client := inferd.NewEmbeddingServiceClient(conn)
	response, err := client.Embed(ctx, &inferd.EmbedRequest{
		Model:  "all-minilm-l6-v2",
		Inputs: []string{"a cat on the mat", "a kitten on a rug"},
	})
	if err != nil {
		return err
	}
	cat := response.GetEmbeddings()[0].GetFloat32().GetValues()
	kitten := response.GetEmbeddings()[1].GetFloat32().GetValues()
	// The vectors have length 1, so that their dot product is the cosine between them.
	var similarity float32
	for i := range cat {
		similarity += cat[i] * kitten[i]
	}
	fmt.Printf("embed: %d dimensions, similarity %.2f\n", len(cat), similarity)
	return nil
}

func deadline(ctx context.Context, conn *grpc.ClientConn) error {
	client := inferd.NewGenerationServiceClient(conn)
	ctx, done := context.WithTimeout(ctx, 50*time.Millisecond)
	defer done()
	_, err := client.Generate(ctx, longStory)
	fmt.Println("deadline:", status.Code(err))
	return nil
}

// cancel reads the beginning of a story; ending the context ends the call.
func cancel(ctx context.Context, conn *grpc.ClientConn) error {
	client := inferd.NewGenerationServiceClient(conn)
	ctx, done := context.WithCancel(ctx)
	defer done()
	stream, err := client.GenerateStream(ctx, longStory)
	if err != nil {
		return err
	}
	pieces := 0
	for pieces < 3 {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		if response.GetPiece() != nil {
			pieces++
		}
	}
	fmt.Printf("cancel: after %d pieces\n", pieces)
	return nil
}

func refusal(ctx context.Context, conn *grpc.ClientConn) error {
	client := inferd.NewGenerationServiceClient(conn)
	_, err := client.Generate(ctx, &inferd.GenerateRequest{
		Model:    model,
		Input:    &inferd.GenerateRequest_Prompt{Prompt: "Once upon a time"},
		Sampling: &inferd.Sampling{Temperature: new(float32(-1)), TopP: new(float32(3))},
	})
	fmt.Println("errors:", explain(err))
	return nil
}

// explain says in one line what an error's details say.
func explain(err error) string {
	failed := status.Convert(err)
	name, rest := failed.Message(), ""
	for _, detail := range failed.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			name = detail.GetReason()
		case *errdetails.BadRequest:
			for _, wrong := range detail.GetFieldViolations() {
				rest += fmt.Sprintf("; %s %s", wrong.GetField(), wrong.GetDescription())
			}
		case *errdetails.RetryInfo:
			rest += fmt.Sprintf("; retry after %.1f s", detail.GetRetryDelay().AsDuration().Seconds())
		case *errdetails.RequestInfo:
			rest += "; request " + detail.GetRequestId()
		}
	}
	return fmt.Sprintf("%v %s%s", failed.Code(), name, rest)
}

// health watches the model; health has a name for the server (empty), for each service, and for each model.
func health(ctx context.Context, conn *grpc.ClientConn) error {
	client := grpc_health_v1.NewHealthClient(conn)
	ctx, done := context.WithCancel(ctx)
	defer done()
	watch, err := client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: "model:" + model})
	if err != nil {
		return err
	}
	response, err := watch.Recv()
	if err != nil {
		return err
	}
	fmt.Println("health:", response.GetStatus())
	return nil
}

func retry(ctx context.Context, patientConn *grpc.ClientConn) error {
	patient := inferd.NewGenerationServiceClient(patientConn)
	var served atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := patient.Generate(ctx, story); err == nil {
				served.Add(1)
			}
		})
	}
	all.Wait()
	fmt.Printf("retry: %d of 8 served\n", served.Load())
	return nil
}

// restart calls until standard input ends or has a line.
func restart(patientConn *grpc.ClientConn) error {
	patient := inferd.NewGenerationServiceClient(patientConn)
	stopped := make(chan struct{})
	go func() {
		fmt.Scanln()
		close(stopped)
	}()
	calls, failed := 0, 0
	for {
		select {
		case <-stopped:
			fmt.Printf("restart: %d calls, %d failed\n", calls, failed)
			return nil
		case <-time.After(200 * time.Millisecond):
		}
		ctx, done := context.WithTimeout(context.Background(), time.Minute)
		_, err := patient.Generate(ctx, story)
		done()
		calls++
		if err != nil {
			failed++
			fmt.Fprintln(os.Stderr, explain(err))
		}
	}
}
