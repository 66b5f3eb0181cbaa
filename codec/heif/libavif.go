package heif

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"math"
	"runtime/debug"
	"sync"
	_ "unsafe" // for go:linkname

	_ "github.com/gen2brain/avif" // holds the module
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"s3-thumbnail-creator/codec/raster"
)

// decodeWasm is libavif with libaom as WebAssembly, gzip. Its package has no
// way to limit the memory that it takes, copies that memory whenever it grows,
// and takes a picture that could not be decoded for a transparent one; so we
// run its module by ourselves.
//
//go:linkname decodeWasm github.com/gen2brain/avif.decodeWasm
var decodeWasm []byte

// libavif is the compiled module.
type libavif struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
}

var loadLibavif = sync.OnceValues(func() (*libavif, error) { return newLibavif(wazero.NewRuntimeConfig()) })

// newLibavif compiles the module.
func newLibavif(config wazero.RuntimeConfig) (*libavif, error) {
	r, err := gzip.NewReader(bytes.NewReader(decodeWasm))
	if err != nil {
		return nil, err
	}
	code, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	l := &libavif{runtime: wazero.NewRuntimeWithConfig(ctx, config)}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, l.runtime); err != nil {
		return nil, err
	}
	l.module, err = l.runtime.CompileModule(ctx, code)
	return l, err
}

// linearMemory is the memory of one run of the module. All of it is reserved at
// first, is taken from the system as it is touched, and given back at the end.
type linearMemory struct{ reserved []byte }

// Reallocate implements experimental.LinearMemory. Beyond what was reserved, the
// module is told that there is no more.
func (l linearMemory) Reallocate(size uint64) []byte {
	if size > uint64(len(l.reserved)) {
		return nil
	}
	return l.reserved[:size]
}

// Free implements experimental.LinearMemory.
func (l linearMemory) Free() {}

// Allocate implements experimental.MemoryAllocator.
func (l linearMemory) Allocate(_, _ uint64) experimental.LinearMemory { return l }

const (
	wasmPage       = 1 << 16
	mostLinear     = 1<<32 - wasmPage
	linearPages    = 2 << 20 // what the module has at the start is less
	worthCollected = 64 << 20
)

// pixels are colors of a picture, red, green, blue and alpha in turn, in bytes
// or little-endian words. They are valid until the function that they were given
// to returns.
type pixels struct {
	width, height int
	wide          bool // words of 16 bits, else bytes
	data          []byte
}

// decode decodes the picture in an AVIF file within memory bytes, and passes it
// to emit.
func (l *libavif) decode(file []byte, memory int64, emit func(pixels)) error {
	if memory > mostLinear {
		return raster.Unsupportedf("AVIF: a frame that takes %d MiB to decode, must be at most 4096", memory>>20)
	}
	if memory > worthCollected {
		debug.FreeOSMemory() // what was left of the picture before
	}
	reserved, release, err := reserve(int(max(memory, linearPages)))
	if err != nil {
		return err
	}
	defer release()
	ctx := experimental.WithMemoryAllocator(context.Background(), linearMemory{reserved})
	module, err := l.runtime.InstantiateModule(ctx, l.module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return err
	}
	defer module.Close(ctx)

	call := func(name string, arguments ...uint64) (uint32, error) {
		result, err := module.ExportedFunction(name).Call(ctx, arguments...)
		if err != nil {
			return 0, raster.Corruptf("avif: %v", err)
		}
		if result[0] == 0 {
			return 0, raster.Corruptf("avif: %s failed within %d MiB", name, memory>>20)
		}
		return uint32(result[0]), nil
	}
	in, err := call("malloc", uint64(len(file)))
	if err != nil {
		return err
	}
	module.Memory().Write(in, file)
	facts, err := call("malloc", 32)
	if err != nil {
		return err
	}
	fact := func(i uint32) uint64 { return uint64(facts + 4*i) }
	decode := func(headerOnly, duration, out uint64) error {
		_, err := call("decode", uint64(in), uint64(len(file)), headerOnly, 0, fact(0), fact(1), fact(2), fact(3), duration, out)
		return err
	}
	if err := decode(1, 0, 0); err != nil {
		return err
	}
	number := func(i uint32) int {
		v, _ := module.Memory().ReadUint32Le(facts + 4*i)
		return int(v)
	}
	p := pixels{width: number(0), height: number(1), wide: number(2) > 8}
	size := 4 * int64(p.width) * int64(p.height)
	if p.wide {
		size *= 2
	}
	if size > memory {
		return raster.Corruptf("avif: %dx%d pixels within %d MiB", p.width, p.height, memory>>20)
	}
	out, err := call("malloc", uint64(size))
	if err != nil {
		return err
	}
	// The duration is written behind the pixels, and neither of them where the
	// picture cannot be decoded, which is no failure to the module.
	duration := facts + 16
	module.Memory().WriteFloat64Le(duration, math.Inf(-1))
	if err := decode(0, uint64(duration), uint64(out)); err != nil {
		return err
	}
	if v, _ := module.Memory().ReadFloat64Le(duration); math.IsInf(v, -1) {
		return raster.Corruptf("avif: damaged, or it takes more than %d MiB", memory>>20)
	}
	p.data, _ = module.Memory().Read(out, uint32(size))
	emit(p)
	return nil
}
