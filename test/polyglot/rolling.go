// Calls servers without a pause until standard input ends, then says what it saw. Arguments: the addresses, and a
// file with a service config.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	inferd "example.com/inferd-client/gen/inferd/v1"
)

// By default no retry policy: what a call survives, it survives by the protocol alone.
const config = `{"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":""}}`

type seen struct {
	Unary   int64    `json:"unary"`
	Streams int64    `json:"streams"`
	Failed  []string `json:"failed"`
}

func main() {
	fleet := manual.NewBuilderWithScheme("fleet")
	var addresses []resolver.Address
	for _, address := range strings.Split(os.Args[1], ",") {
		addresses = append(addresses, resolver.Address{Addr: address})
	}
	fleet.InitialState(resolver.State{Addresses: addresses})
	serviceConfig := config
	if len(os.Args) > 2 {
		text, err := os.ReadFile(os.Args[2])
		if err != nil {
			log.Fatal(err)
		}
		serviceConfig = string(text)
	}
	conn, err := grpc.NewClient("fleet:///inferd",
		grpc.WithResolvers(fleet),
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	client := inferd.NewGenerationServiceClient(conn)
	if err := unary(client); err != nil {
		log.Fatal(err)
	}
	fmt.Println("calling")

	result := seen{Failed: []string{}}
	var stopped atomic.Bool
	var failing sync.Mutex
	var callers sync.WaitGroup
	repeat := func(call func(inferd.GenerationServiceClient) error, count *int64) {
		callers.Go(func() {
			for !stopped.Load() {
				if err := call(client); err == nil {
					atomic.AddInt64(count, 1)
				} else {
					failing.Lock()
					result.Failed = append(result.Failed, err.Error())
					failing.Unlock()
				}
			}
		})
	}
	for range 4 {
		repeat(unary, &result.Unary)
		repeat(stream, &result.Streams)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	stopped.Store(true)
	callers.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

func unary(client inferd.GenerationServiceClient) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, err := client.Generate(ctx, &inferd.GenerateRequest{
		Input: &inferd.GenerateRequest_Prompt{Prompt: "say one; say two"},
	})
	return err
}

func stream(client inferd.GenerationServiceClient) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	events, err := client.GenerateStream(ctx, &inferd.GenerateRequest{
		Input: &inferd.GenerateRequest_Prompt{Prompt: "repeat 40 word"},
	})
	if err != nil {
		return err
	}
	for count := 0; ; count++ {
		_, err := events.Recv()
		if errors.Is(err, io.EOF) {
			if count != 42 {
				return fmt.Errorf("%d events", count)
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}
