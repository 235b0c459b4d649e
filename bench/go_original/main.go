// The first implementation's method: one full decode, then four Lanczos resizes from full size,
// one after another. Speaks the protocol of bench/measure.py.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/disintegration/imaging"
)

var widths = []int{200, 400, 800, 1200}

func renditions(data []byte) error {
	picture, err := imaging.Decode(bytes.NewReader(data), imaging.AutoOrientation(true))
	if err != nil {
		return err
	}
	for _, width := range widths {
		var file bytes.Buffer
		resized := imaging.Resize(picture, width, 0, imaging.Lanczos)
		if err := imaging.Encode(&file, resized, imaging.JPEG, imaging.JPEGQuality(85)); err != nil {
			return err
		}
	}
	return nil
}

// Not ru_maxrss: a child starts with its parent's.
func peakMegabytes() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		return 0
	}
	return float64(kilobytes) * 1024 / 1e6
}

func measure(path string, runs int) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	start := peakMegabytes()
	if err := renditions(data); err != nil {
		return err
	}
	peak := peakMegabytes()
	milliseconds := []float64{}
	for run := 0; run < runs; run++ {
		began := time.Now()
		if err := renditions(data); err != nil {
			return err
		}
		milliseconds = append(milliseconds, float64(time.Since(began).Microseconds())/1000)
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"milliseconds":   milliseconds,
		"startMegabytes": start,
		"peakMegabytes":  peak,
	})
}

func main() {
	runs, err := strconv.Atoi(os.Args[2])
	if err == nil {
		err = measure(os.Args[1], runs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
