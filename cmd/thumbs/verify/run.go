package verify

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"
)

// bufferSize is that of a file that is written or read, in bytes.
const bufferSize = 64 << 10

// writeRun writes records to a file and returns its size in bytes.
func writeRun(name string, records iter.Seq2[expected, error]) (size int64, err error) {
	file, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := bufio.NewWriterSize(file, bufferSize)
	var buffer []byte
	var last expected
	for e, err := range records {
		if err != nil {
			return size, err
		}
		buffer = e.appendTo(buffer[:0], last)
		last = e
		size += int64(len(buffer))
		if _, err := w.Write(buffer); err != nil {
			return size, err
		}
	}
	return size, w.Flush()
}

// readRun yields what writeRun has written.
func readRun(name string) iter.Seq2[expected, error] {
	return func(yield func(expected, error) bool) {
		file, err := os.Open(name)
		if err != nil {
			yield(expected{}, err)
			return
		}
		defer file.Close()
		r := &decoder{Reader: bufio.NewReaderSize(file, bufferSize)}
		var last expected
		for {
			if _, err := r.Peek(1); err == io.EOF {
				return
			}
			last = r.record(last)
			if r.err != nil {
				yield(expected{}, fmt.Errorf("read %s: %w", name, r.err))
				return
			}
			if !yield(last, nil) {
				return
			}
		}
	}
}

// appendTo encodes a record: of its keys only what differs from those of the one before, as they are in order.
func (e expected) appendTo(b []byte, last expected) []byte {
	b = appendKey(b, e.key, last.key)
	b = appendKey(b, e.source.Key, last.source.Key)
	b = appendText(b, e.source.ETag)
	b = binary.AppendUvarint(b, uint64(e.source.Size))
	b = binary.AppendVarint(b, e.source.Modified.Unix())
	return binary.AppendUvarint(b, uint64(e.variant))
}

func appendKey(b []byte, key, last string) []byte {
	shared, most := 0, min(len(key), len(last))
	for shared < most && key[shared] == last[shared] {
		shared++
	}
	return appendText(binary.AppendUvarint(b, uint64(shared)), key[shared:])
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decoder reads what appendTo encodes. After an error it reads nothing.
type decoder struct {
	*bufio.Reader
	err error
}

func (d *decoder) record(last expected) (e expected) {
	e.key = d.key(last.key)
	e.source.Key = d.key(last.source.Key)
	e.source.ETag = string(d.bytes(0))
	e.source.Size = int64(d.number())
	if d.err == nil {
		var seconds int64
		seconds, d.err = binary.ReadVarint(d)
		e.source.Modified = time.Unix(seconds, 0)
	}
	e.variant = int(d.number())
	return e
}

func (d *decoder) number() (n uint64) {
	if d.err == nil {
		n, d.err = binary.ReadUvarint(d)
	}
	return n
}

func (d *decoder) key(last string) string {
	shared := int(d.number())
	if d.err != nil || shared > len(last) {
		d.err = errors.Join(d.err, io.ErrUnexpectedEOF)
		return ""
	}
	text := d.bytes(shared)
	copy(text, last[:min(shared, len(text))])
	return string(text)
}

// bytes reads a text, leaving room before it.
func (d *decoder) bytes(room int) []byte {
	length := d.number()
	if d.err != nil {
		return nil
	}
	if length > maxText {
		d.err = fmt.Errorf("a text of %d bytes: want at most %d", length, maxText)
		return nil
	}
	text := make([]byte, room+int(length))
	_, d.err = io.ReadFull(d, text[room:])
	return text
}

// maxText is what S3 takes for a key, with room to spare.
const maxText = 1 << 16
