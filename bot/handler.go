package bot

import (
	"context"
	"regexp"
	"strconv"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
)

// Handler answers what people do in Slack. A method returns the ack of its envelope: it records what was
// asked, and returns before ctx ends (Config.AckTimeout after the envelope came in). What takes longer belongs
// into a job, or into Reply.After. Calls for one person's commands, and for one message's or view's clicks,
// come one after the other in the order Slack sent them; others run side by side.
type Handler interface {
	// Command answers a slash command (docs.slack.dev/interactivity/implementing-slash-commands); the payload is a message.
	Command(ctx context.Context, c slack.SlashCommand) Reply
	// Action answers a click or a choice, a block_actions payload. Slack shows no payload for it.
	Action(ctx context.Context, a slack.InteractionCallback) Reply
	// Submission answers a submitted form, a view_submission; the payload is a response_action (docs.slack.dev/surfaces/modals).
	Submission(ctx context.Context, v slack.InteractionCallback) Reply
	// Shortcut answers a global or a message shortcut. Slack shows no payload for it.
	Shortcut(ctx context.Context, s slack.InteractionCallback) Reply
	// Event answers an event of the Events API, as app_home_opened. Slack shows no payload for it.
	Event(ctx context.Context, e slackevents.EventsAPIEvent) Reply
}

// Reply is an ack, and what is left to do after it. The zero Reply acks and shows nothing.
type Reply struct {
	// Payload goes out with the ack, as JSON of at most MaxAck bytes. It is dropped, and logged, where Slack takes none.
	Payload any
	// After runs once the ack has left, for at most AfterTimeout: for look-ups, and answers through the response URL.
	// It is lost when the process dies, so nothing that has to happen belongs here.
	After func(ctx context.Context)
}

// Trouble is why the bot itself has to answer a person, in place of the Handler.
type Trouble int

// The troubles, and what a text for them may truthfully say.
const (
	Busy     Trouble = iota // the Handler was not asked: nothing was recorded, try again
	Failed                  // the Handler broke off: what it was asked may not have been recorded
	Late                    // the Handler did not answer in time: whether it recorded anything will be seen
	Oversize                // the Handler did what was asked, but its answer is too long to show
	Foreign                 // the Handler was not asked: the command is another app's, nothing was recorded
	External                // the Handler was not asked: the person typed in a workspace that is not the bot's, nothing was recorded
)

// String names the trouble for the log.
func (t Trouble) String() string {
	return [...]string{"busy", "failed", "late", "oversize", "foreign", "external"}[t]
}

// actionTime is Slack's form of a time: seconds since 1970, with a fraction.
var actionTime = regexp.MustCompile(`^[0-9]{1,10}(\.[0-9]{1,9})?$`)

// ClickedAt is when somebody clicked, by the action_ts of a block action (docs.slack.dev/reference/interaction-payloads/block_actions-payload),
// but never later than now: Slack's clock may be ahead of ours. It is the zero time, too old for anything, when actionTS is no time.
func ClickedAt(actionTS string, now time.Time) time.Time {
	if !actionTime.MatchString(actionTS) {
		return time.Time{}
	}
	seconds, err := strconv.ParseFloat(actionTS, 64)
	if err != nil {
		return time.Time{} // unreachable: the pattern lets only numbers through
	}
	at := time.UnixMicro(int64(seconds * 1e6)).UTC()
	if at.After(now) {
		return now
	}
	return at
}
