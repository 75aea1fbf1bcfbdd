package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	inferd "example.com/inferd-client/gen/inferd/v1"
)

// retries lets gRPC itself try again. The server's grpc-retry-pushback-ms takes the place of the back-off.
const retries = `{"methodConfig": [{
	"name": [{"service": "inferd.v1.GenerationService"}],
	"retryPolicy": {
		"maxAttempts": 5, "initialBackoff": "0.5s", "maxBackoff": "10s", "backoffMultiplier": 2,
		"retryableStatusCodes": ["RESOURCE_EXHAUSTED", "UNAVAILABLE"]
	}
}]}`

// patient makes many calls at once and counts those that an overloaded server has served in the end.
func patient(address string, calls int) error {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(retries))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	client := inferd.NewGenerationServiceClient(conn)
	var served atomic.Int32
	var all sync.WaitGroup
	for number := range calls {
		all.Go(func() {
			prompt := fmt.Sprintf("repeat 10 %d", number)
			_, err := client.Generate(ctx, &inferd.GenerateRequest{
				Input: &inferd.GenerateRequest_Prompt{Prompt: prompt},
			})
			if err == nil {
				served.Add(1)
			}
		})
	}
	all.Wait()
	fmt.Printf("served %d of %d\n", served.Load(), calls)
	return nil
}
