package bot

import "context"

// Outcome says which ack an envelope got.
type Outcome string

// The outcomes. All but AckAnswered and AckRepeated, and AckForeign where somebody erred, are trouble of the bot's.
const (
	AckAnswered Outcome = "answered" // the Handler's own
	AckFailed   Outcome = "failed"   // the Handler broke off
	AckLate     Outcome = "late"     // the Handler did not answer in time
	AckBusy     Outcome = "busy"     // the Handler was not asked: too much to do, or stopping
	AckRepeated Outcome = "repeated" // of a deed that was answered before
	AckForeign  Outcome = "foreign"  // not for this bot
	AckUnread   Outcome = "unread"   // the envelope could not be read
	AckUnsent   Outcome = "unsent"   // the socket did not take the ack
)

// Outcomes gives all of them.
func Outcomes() []Outcome {
	return []Outcome{AckAnswered, AckFailed, AckLate, AckBusy, AckRepeated, AckForeign, AckUnread, AckUnsent}
}

type envelopeKey struct{}

func withEnvelope(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, envelopeKey{}, id)
}

// EnvelopeID is Slack's id of the envelope that a Handler is asked to answer, by the context that it was given; empty for any other
// context. It links a line of the log to the ack.
func EnvelopeID(ctx context.Context) string {
	id, _ := ctx.Value(envelopeKey{}).(string)
	return id
}
