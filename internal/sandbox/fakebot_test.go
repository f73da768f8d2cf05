package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// TestMain makes the test binary a bot when it is called as one: a small one, for what the sandbox itself promises.
// The real one holds its conversations in cmd/mailback.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "serve" && os.Args[2] == "--clock" {
		if err := fakeBot(os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "fake bot:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// fakeBot answers every command with the clock's offset, and "crash" with its end.
func fakeBot(clockFile string) error {
	if why := os.Getenv("FAKE_FAILURE"); why != "" {
		return errors.New(why)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	api := slack.New(os.Getenv("SLACK_BOT_TOKEN"), slack.OptionAppLevelToken(os.Getenv("SLACK_APP_TOKEN")), slack.OptionAPIURL(os.Getenv("SLACK_API_URL")))
	client := socketmode.New(api)
	var connected atomic.Bool
	go func() {
		h := http.NewServeMux()
		h.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
			if !connected.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		_ = (&http.Server{Addr: os.Getenv("MAILBACK_LISTEN"), Handler: h, ReadHeaderTimeout: time.Second}).ListenAndServe()
	}()
	go func() {
		for e := range client.Events {
			connected.Store(connected.Load() || e.Type == socketmode.EventTypeHello)
			if command, ok := e.Data.(slack.SlashCommand); ok {
				if command.Text == "crash" {
					os.Exit(3)
				}
				offset, err := os.ReadFile(clockFile)
				_ = client.Ack(*e.Request, map[string]any{"text": fmt.Sprintf("%s %v %s", strings.TrimSpace(string(offset)), err, os.Getenv("FAKE_SETTING"))})
			}
		}
	}()
	if err := client.RunContext(ctx); ctx.Err() == nil {
		return err
	}
	return nil
}
