package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // What healthCheckConfig needs.

	inferd "example.com/inferd-client/gen/inferd/v1"
)

// patient makes many calls at once and counts those that an overloaded server has served in the end. By the service
// config, gRPC waits for the server to be ready, and tries again; its grpc-retry-pushback-ms takes the place of the back-off.
func patient(address, configFile string, calls int) error {
	config, err := os.ReadFile(configFile)
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(string(config)))
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
