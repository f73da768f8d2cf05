package bot

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// instant is a socket that takes every ack at once.
type instant struct{ acked chan string }

func (i instant) ack(_ context.Context, id string, _ json.RawMessage) error {
	i.acked <- id
	return nil
}

// BenchmarkAck measures an envelope's way from the socket's reader to the ack.
func BenchmarkAck(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	d := &dispatcher{
		handler: handler{command: func(context.Context, slack.SlashCommand) Reply { return Reply{Payload: text("ok")} }},
		log:     log, self: &self{}, seen: newSeen(time.Now), sorry: func(Trouble, string) string { return "" },
		ackTimeout: 2 * time.Second, work: b.Context(),
		acts: newLanes(8, 256), afters: newLanes(8, 256), acks: newLanes(2, 256),
	}
	to := instant{make(chan string, 1)}
	for i := 0; b.Loop(); i++ {
		id := strconv.Itoa(i)
		d.take(to, socketmode.Event{
			Type: socketmode.EventTypeSlashCommand, Data: slack.SlashCommand{UserID: "U1", TriggerID: id},
			Request: &socketmode.Request{EnvelopeID: id, AcceptsResponsePayload: true},
		})
		<-to.acked
	}
	if err := d.drain(context.Background()); err != nil {
		b.Error(err)
	}
}
