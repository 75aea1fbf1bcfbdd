// Command inferd-client streams a story, compares two sentences, and shows what a refusal says.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	inferd "example.com/inferd-client/gen/inferd/v1"
)

func main() {
	address := flag.String("address", "localhost:50051", "where inferd listens")
	prompt := flag.String("prompt", "Once upon a time", "the text to continue")
	many := flag.Int("patient", 0, "make so many calls at once instead, and try again where the server is full")
	config := flag.String("service-config", "../service-config.json", "what -patient tells gRPC")
	flag.Parse()
	if *many > 0 {
		if err := patient(*address, *config, *many); err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := run(*address, *prompt); err != nil {
		log.Fatal(err)
	}
}

func run(address, prompt string) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	health, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return err
	}
	fmt.Println("health:", health.GetStatus())

	generation := inferd.NewGenerationServiceClient(conn)
	if err := story(ctx, generation, prompt); err != nil {
		return err
	}
	if err := compare(ctx, inferd.NewEmbeddingServiceClient(conn)); err != nil {
		return err
	}

	_, err = generation.Generate(ctx, &inferd.GenerateRequest{
		Input:    &inferd.GenerateRequest_Prompt{Prompt: prompt},
		Sampling: &inferd.Sampling{Temperature: new(float32(-1))},
	})
	fmt.Println("refused:", describe(err))

	hurry(generation, prompt)
	return nil
}

// story prints a completion as it is made.
func story(ctx context.Context, client inferd.GenerationServiceClient, prompt string) error {
	stream, err := client.GenerateStream(ctx, &inferd.GenerateRequest{
		Input:    &inferd.GenerateRequest_Prompt{Prompt: prompt},
		Sampling: &inferd.Sampling{MaxTokens: new(uint32(64))},
	})
	if err != nil {
		return err
	}
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
			usage := event.Finish.GetUsage()
			fmt.Printf("\nfinish: %v after %d tokens\n", event.Finish.GetReason(), usage.GetCompletionTokens())
		}
	}
}

// compare prints how alike two sentences are. Vectors have length 1, so a dot product is their cosine.
func compare(ctx context.Context, client inferd.EmbeddingServiceClient) error {
	response, err := client.Embed(ctx, &inferd.EmbedRequest{
		Inputs: []string{"a cat on the mat", "a kitten on a rug"},
	})
	if err != nil {
		return err
	}
	var dot float32
	other := response.GetEmbeddings()[1].GetFloat32().GetValues()
	for i, x := range response.GetEmbeddings()[0].GetFloat32().GetValues() {
		dot += x * other[i]
	}
	fmt.Printf("similarity: %.3f\n", dot)
	return nil
}

// hurry asks for more text than its deadline has room for.
func hurry(client inferd.GenerationServiceClient, prompt string) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := client.Generate(ctx, &inferd.GenerateRequest{
		Input:    &inferd.GenerateRequest_Prompt{Prompt: prompt},
		Sampling: &inferd.Sampling{MaxTokens: new(uint32(1500)), IgnoreEos: new(true)},
	})
	fmt.Println("hurried:", status.Code(err))
}

// describe gives an error's code and reason, and every wrong field.
func describe(err error) string {
	text := status.Convert(err).Code().String()
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			text += " " + detail.GetReason()
		case *errdetails.BadRequest:
			for _, wrong := range detail.GetFieldViolations() {
				text += fmt.Sprintf("; %s: %s", wrong.GetField(), wrong.GetDescription())
			}
		}
	}
	return text
}
