package chaos

import (
	"runtime"
	"time"
)

// heap is what is live and what is garbage still, in bytes.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// watchHeap returns the most that the heap was until stop is closed.
func watchHeap(stop <-chan struct{}) <-chan uint64 {
	most := make(chan uint64, 1)
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		var peak uint64
		for {
			select {
			case <-tick.C:
				peak = max(peak, heap())
			case <-stop:
				most <- max(peak, heap())
				return
			}
		}
	}()
	return most
}
