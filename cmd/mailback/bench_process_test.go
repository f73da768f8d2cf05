package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
)

// BenchmarkSize is the size of the stripped binary.
func BenchmarkSize(b *testing.B) {
	info, err := os.Stat(program)
	if err != nil {
		b.Fatalf("%v: run \"make build\" first", err)
	}
	b.ReportMetric(0, "ns/op")
	most(b, "MB", float64(info.Size())/1e6, 45)
}

// BenchmarkStart is the time from the start of the process to the first 200 of /readyz, with a database that has to be made and
// with one that is there.
func BenchmarkStart(b *testing.B) {
	const starts = 10
	w, dir := newWorld(b, slackfake.Config{}, m365fake.Config{}), b.TempDir()
	for _, database := range []string{"new", "known"} {
		b.Run(database+"-database", func(b *testing.B) {
			var took []time.Duration
			for i := range starts {
				if database == "new" {
					w.env["MAILBACK_DATABASE_URL"] = fmt.Sprintf("sqlite:%s/%d.db", dir, i)
				}
				bot := w.start(b)
				took = append(took, bot.ready)
				bot.kill()
			}
			quantiles(b, took, 1000)
		})
	}
}

// BenchmarkIdle is what a bot uses that has nothing to do, both before its first request and after it has diagnosed many: its
// memory ten seconds later, and what share of one core it takes in these seconds.
func BenchmarkIdle(b *testing.B) {
	w := newWorld(b, slackfake.Config{}, m365fake.Config{Users: 2000})
	bot := w.start(b)
	idle := func(b *testing.B) {
		const quiet = 10 * time.Second
		before := bot.cpu(b)
		time.Sleep(quiet)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric((bot.cpu(b)-before).Seconds()/quiet.Seconds()*100, "cpu-%")
		most(b, "RSS-MB", bot.memory(b, "VmRSS"), 60)
		b.ReportMetric(bot.memory(b, "RssAnon"), "RSS-MB-own") // without the pages of its file
	}
	b.Run("fresh", idle)
	b.Run("after-50-checks", func(b *testing.B) {
		for i := range 50 {
			w.check(b, slackfake.Patti, fmt.Sprintf("user%05d@%s", i+1, m365fake.TenantDomain))
		}
		idle(b)
	})
}

// memory reads a line of /proc/PID/status, in MB.
func (p *started) memory(b *testing.B, line string) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		b.Skip(err) // not Linux
	}
	for l := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(l, ":")
		if name != line {
			continue
		}
		kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		if err != nil {
			b.Fatal(err)
		}
		return kb * 1024 / 1e6
	}
	b.Fatalf("there is no %s in\n%s", line, text)
	return 0
}

// clockTick is the unit of /proc/PID/stat (proc_pid_stat(5); it is 100 per second on all that Go runs on).
const clockTick = 10 * time.Millisecond

// cpu is the time that all cores have spent on the process.
func (p *started) cpu(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
	if err != nil {
		b.Skip(err) // not Linux
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest) // from the third on
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		b.Fatal(err)
	}
	system, err := strconv.Atoi(fields[12])
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * clockTick
}
