package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
)

// frame is what this engine reads of a frame: each type has some of these fields.
type frame struct {
	Type     string   `json:"type"`
	Protocol int      `json:"protocol"`
	ID       uint64   `json:"id"`
	Prompt   string   `json:"prompt"`
	Credit   int64    `json:"credit"`
	TimeLeft *float64 `json:"time_left"`
	Lengths  []int    `json:"lengths"`
	body     []byte
}

type fields map[string]any

// read gives the next frame: two lengths, a head in JSON, and a body.
func read(in io.Reader) (message frame, err error) {
	var lengths [2]uint32
	if err = binary.Read(in, binary.LittleEndian, &lengths); err != nil {
		return message, err
	}
	if lengths[0] > 16<<20 || lengths[1] > 256<<20 {
		return message, errors.New("the frame is too large")
	}
	head := make([]byte, lengths[0])
	message.body = make([]byte, lengths[1])
	if _, err = io.ReadFull(in, head); err != nil {
		return message, err
	}
	if _, err = io.ReadFull(in, message.body); err != nil {
		return message, err
	}
	return message, json.Unmarshal(head, &message)
}

var out = os.NewFile(4, "out")
var writing sync.Mutex

func write(head fields, body []byte) {
	text, _ := json.Marshal(head) // Texts and numbers alone: it cannot fail.
	bytes := binary.LittleEndian.AppendUint32(nil, uint32(len(text)))
	bytes = binary.LittleEndian.AppendUint32(bytes, uint32(len(body)))
	writing.Lock()
	defer writing.Unlock()
	if _, err := out.Write(append(append(bytes, text...), body...)); err != nil {
		os.Exit(0) // The worker has ended.
	}
}
