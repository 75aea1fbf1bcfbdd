// Cancels many calls of one connection at once, while another stream of it goes on.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

var liveness = &health.HealthCheckRequest{Service: "liveness"}

func main() {
	conn, err := grpc.NewClient(os.Args[1],
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	client := health.NewHealthClient(conn)
	ended := make(chan error, 1)
	follow(client, ended)
	for _, count := range []int{2000, 5000} {
		burst(client, count)
		waitUntilServed(client)
		select {
		case err := <-ended:
			fmt.Printf("%d: %v\n", count, err)
		default:
			fmt.Printf("%d: kept\n", count)
		}
	}
}

// follow opens the other stream, and tells when it ends.
func follow(client health.HealthClient, ended chan<- error) {
	stream, err := client.Watch(context.Background(), liveness)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		log.Fatal(err)
	}
	go func() {
		_, err := stream.Recv()
		ended <- err
	}()
}

// burst begins so many streams at once, and cancels each as soon as it has begun.
func burst(client health.HealthClient, count int) {
	var callers sync.WaitGroup
	for range count {
		callers.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if _, err := client.Watch(ctx, liveness); err != nil {
				log.Fatal(err)
			}
		})
	}
	callers.Wait()
}

// waitUntilServed returns when the server has read the cancellations.
func waitUntilServed(client health.HealthClient) {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		_, err := client.Check(ctx, liveness)
		cancel()
		if err == nil {
			return
		}
		if status.Code(err) != codes.ResourceExhausted {
			log.Fatal(err)
		}
	}
}
