// An engine for inferd in Go: it counts to the number in a prompt, and counts the letters of texts.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var jobs sync.Map // from id to *job

func main() {
	for in := bufio.NewReader(os.NewFile(3, "in")); ; {
		message, err := read(in)
		if err != nil || message.Type == "close" {
			os.Exit(0) // The worker has ended, or says that there is no more work.
		}
		switch message.Type {
		case "load":
			load(message)
		case "ping":
			write(fields{"type": "pong"}, nil)
		case "embed":
			write(fields{"type": "vectors", "id": message.ID}, vectors(message))
		case "generate":
			each := newJob(message)
			jobs.Store(message.ID, each)
			go each.run(message)
		case "credit", "cancel":
			if found, ok := jobs.Load(message.ID); ok {
				found.(*job).hear(message)
			}
		}
	}
}

func load(message frame) {
	if message.Protocol != 1 {
		write(fields{"type": "failed", "message": "this engine speaks version 1 of the protocol"}, nil)
		return
	}
	tasks := fields{"generate": fields{"concurrency": 16}, "embed": fields{"dimensions": 26, "max_batch": 64}}
	write(fields{"type": "ready", "protocol": 1, "tasks": tasks}, nil)
}

// job is a completion under way: its credit is how many pieces it may still send.
type job struct {
	context.Context
	cancel context.CancelFunc
	credit atomic.Int64
	more   chan struct{} // Has room for one, so that the reader of frames never waits.
}

func newJob(message frame) *job {
	each := &job{more: make(chan struct{}, 1)}
	each.credit.Store(message.Credit)
	each.Context, each.cancel = context.WithCancel(context.Background())
	if message.TimeLeft != nil {
		left := time.Duration(*message.TimeLeft * float64(time.Second))
		each.Context, each.cancel = context.WithTimeout(context.Background(), left)
	}
	return each
}

func (each *job) hear(message frame) {
	if message.Type == "cancel" {
		each.cancel()
		return
	}
	each.credit.Add(message.Credit)
	select {
	case each.more <- struct{}{}:
	default: // It has been told already.
	}
}

// mayGoOn waits for credit, and takes one; it is false once the job is cancelled or its time is over.
func (each *job) mayGoOn() bool {
	for each.credit.Load() == 0 {
		select {
		case <-each.Done():
			return false
		case <-each.more:
		}
	}
	each.credit.Add(-1)
	return each.Err() == nil
}

// run sends exactly one of done, error and cancelled, after the pieces.
func (each *job) run(message frame) {
	defer each.cancel()
	end := fields{"type": "done", "id": message.ID}
	number, err := strconv.ParseUint(strings.TrimSpace(message.Prompt), 10, 32)
	if err != nil {
		wrong := fields{"field": "prompt", "reason": "MALFORMED", "description": "must be a whole number"}
		end["type"], end["error"] = "error", fields{"reason": "FIELD_INVALID",
			"message": "prompt: must be a whole number", "violations": []fields{wrong}}
	}
	for n := uint64(1); n <= number && err == nil; n++ {
		if !each.mayGoOn() {
			end["type"] = "cancelled"
			break
		}
		write(fields{"type": "piece", "id": message.ID}, []byte(strconv.FormatUint(n, 10)+" "))
	}
	if errors.Is(each.Err(), context.DeadlineExceeded) {
		end["type"], end["error"] = "error", fields{"reason": "DEADLINE_PASSED", "message": "the deadline has passed"}
	}
	jobs.Delete(message.ID)
	write(end, nil)
}

// vectors counts the letters a to z of each text, as float32 values.
func vectors(message frame) []byte {
	var values []byte
	for _, length := range message.Lengths {
		var counts [26]float32
		for _, char := range strings.ToLower(string(message.body[:length])) {
			if char >= 'a' && char <= 'z' {
				counts[char-'a']++
			}
		}
		for _, count := range counts {
			values = binary.LittleEndian.AppendUint32(values, math.Float32bits(count))
		}
		message.body = message.body[length:]
	}
	return values
}
