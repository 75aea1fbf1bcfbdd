// Begins calls when its plan says, and no more at a time than it says, and tells how each ended.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	inferd "example.com/inferd-client/gen/inferd/v1"
)

type plan struct {
	Address       string
	ServiceConfig string
	DeadlineMs    float64
	Streams       int
	UntilMs       float64
	Calls         []struct {
		AtMs    float64
		Request []byte
	}
}

type told struct {
	SentMs       float64  `json:"sentMs"`
	EndMs        float64  `json:"endMs"`
	Code         string   `json:"code"`
	FirstTokenMs *float64 `json:"firstTokenMs,omitempty"`
}

func main() {
	if err := run(json.NewEncoder(os.Stdout), bufio.NewReader(os.Stdin)); err != nil {
		log.Fatal(err)
	}
}

func run(out *json.Encoder, in *bufio.Reader) error {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var plan plan
	if err := json.Unmarshal(line, &plan); err != nil {
		return err
	}
	requests := make([]*inferd.GenerateRequest, len(plan.Calls))
	for i, call := range plan.Calls {
		requests[i] = &inferd.GenerateRequest{}
		if err := proto.Unmarshal(call.Request, requests[i]); err != nil {
			return err
		}
	}
	conn, err := grpc.NewClient(plan.Address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(plan.ServiceConfig))
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.Connect()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		conn.WaitForStateChange(context.Background(), state)
	}
	if err := out.Encode(map[string]string{"version": grpc.Version}); err != nil {
		return err
	}
	if _, err := in.ReadBytes('\n'); err != nil {
		return err
	}
	if err := out.Encode(callAll(inferd.NewGenerationServiceClient(conn), plan, requests)); err != nil {
		return err
	}
	// Somebody may still want to know what this process used.
	_, err = io.Copy(io.Discard, in)
	return err
}

func callAll(client inferd.GenerationServiceClient, plan plan, requests []*inferd.GenerateRequest) []told {
	begun := time.Now()
	now := func() float64 { return milliseconds(time.Since(begun)) }
	deadline := time.Duration(plan.DeadlineMs * float64(time.Millisecond))
	all := make([]told, len(requests))
	streams := plan.Streams
	if streams == 0 {
		streams = len(requests)
	}
	places := make(chan struct{}, streams)
	var running sync.WaitGroup
	for i, call := range plan.Calls {
		time.Sleep(time.Duration((call.AtMs - now()) * float64(time.Millisecond)))
		places <- struct{}{}
		if plan.UntilMs > 0 && now() > plan.UntilMs {
			all = all[:i]
			break
		}
		running.Go(func() {
			defer func() { <-places }()
			sentMs := now()
			firstTokenMs, err := stream(client, requests[i], deadline)
			name := code.Code_name[int32(status.Code(err))]
			all[i] = told{SentMs: sentMs, EndMs: now(), Code: name, FirstTokenMs: firstTokenMs}
		})
	}
	running.Wait()
	return all
}

// stream reads a call to its end and gives the time to its first token, as the server tells it.
func stream(client inferd.GenerationServiceClient, request *inferd.GenerateRequest, deadline time.Duration) (*float64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	events, err := client.GenerateStream(ctx, request)
	if err != nil {
		return nil, err
	}
	var firstTokenMs *float64
	for {
		event, err := events.Recv()
		if errors.Is(err, io.EOF) {
			return firstTokenMs, nil
		}
		if err != nil {
			return nil, err
		}
		if finish := event.GetFinish(); finish != nil {
			firstTokenMs = new(milliseconds(finish.GetTimings().GetTimeToFirstToken().AsDuration()))
		}
	}
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration) / float64(time.Millisecond)
}
