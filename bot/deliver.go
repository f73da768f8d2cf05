package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"github.com/slack-go/slack"
)

// Outbox is where messages wait until Slack has them; the database implements it. Its signatures have
// built-in types alone, so that it does not have to import this package.
//
// A body is JSON, {"text":…,"blocks":[…]}; with "user":"U…" it is an ephemeral message to that person, which
// is posted once and never edited. With "file":{"name":…,"key":…} it is a text with that file behind it: see FileSource.
type Outbox interface {
	// Message gives message id as it should be now: where it goes, where it is, and its body.
	//   - channel is a channel's id or a person's, whose DM is then opened; once posted, the id that Slack answered.
	//   - ts is empty until it has been posted; threadTS is empty outside of threads.
	//   - version counts the bodies; live says that Posted was told that Slack shows this very version, buttons included.
	//   - waits says that it cannot go out yet, because one that it has to follow, as that whose thread it belongs to, has no ts yet.
	Message(ctx context.Context, id int64) (channel, ts, threadTS string, body []byte, version int64, live, waits bool, err error)
	// Posted records that Slack shows version of message id in channel as ts: live when with its buttons, if it has any.
	Posted(ctx context.Context, id, version int64, channel, ts string, live bool) error
	// Turn takes a turn of a rate that all processes of the app share, a turn each time every passes, and up to burst at once after a
	// pause. It gives 0 when the call may be made now, else how long until there may be a turn. Where there is one process it gives 0.
	Turn(ctx context.Context, line string, every time.Duration, burst int) (wait time.Duration, err error)
	// Refused records that Slack will never take this version; code is Slack's error, or "invalid_body".
	Refused(ctx context.Context, id, version int64, code string) error
}

// How long a delivery waits for what has no time of its own.
const (
	threadPause = 300 * time.Millisecond
	retryPause  = 5 * time.Second
	tokenPause  = time.Minute
)

// Deliverer brings the messages of an Outbox to Slack.
type Deliverer struct {
	api    *tokens
	apiURL string
	outbox Outbox
	files  FileSource
	log    *slog.Logger
	pace   *pace
	now    func() time.Time // the system's clock, which Slack's rates follow

	mayPost func(ctx context.Context, channel string) error
}

// NewDeliverer returns a Deliverer for outbox; files may be nil where no message has any. There should be one in a process: it is what keeps to Slack's rate.
func NewDeliverer(b *Bot, outbox Outbox, files FileSource) *Deliverer {
	return &Deliverer{
		api: b.api, apiURL: b.config.APIURL, outbox: outbox, files: files, log: b.log, pace: newPace(), now: time.Now, mayPost: b.mayPost,
	}
}

// Deliver makes Slack show version of message id, and records it. It can be called again at any time, but
// not twice at once for one id. In the log, the lines about it name as their request what about says, as R-142.
//
//   - 0 and nil: it is shown, or refused for good and that is recorded, or a newer version is due instead.
//   - A time: not yet; call again after it. The error, if any, says why, and does not count as a failure of the job.
//   - An error alone is the Outbox's.
//
// A card with buttons is posted without them, and edited once its ts is recorded: if the process dies
// between Slack's answer and the record, what is left behind and posted again cannot be clicked.
//
// Nothing is posted or edited in a channel that is shared with another organisation, but for what one person alone sees: it is kept, and
// comes once the channel is no longer shared.
func (d *Deliverer) Deliver(ctx context.Context, about string, id, version int64) (retryAfter time.Duration, err error) {
	m, err := d.load(ctx, about, id)
	switch {
	case err != nil:
		return 0, err
	case m.version > version, m.ts != "" && m.live:
		return 0, nil
	}
	b, err := readBody(m.body)
	if err != nil {
		m.log.Error("slack: message is not valid, not sent", "err", err)
		return 0, d.outbox.Refused(ctx, id, m.version, "invalid_body")
	}
	if fault := CheckBody(m.body); fault != nil {
		m.log.Error("slack: message breaks Slack's limits, its text alone is sent", "err", fault)
		b = b.plain()
	}
	if b.User == "" {
		err = d.mayPost(ctx, m.channel)
	}
	switch {
	case err != nil:
	case m.waits:
		return threadPause, nil
	default:
		err = d.show(ctx, m, b)
	}
	return d.verdict(ctx, m, err)
}

// outMessage is what Outbox.Message returned.
type outMessage struct {
	id, version           int64
	channel, ts, threadTS string
	body                  []byte
	live, waits           bool
	log                   *slog.Logger
}

func (d *Deliverer) load(ctx context.Context, about string, id int64) (*outMessage, error) {
	m := &outMessage{id: id, log: d.log.With("request", about, "message", id)}
	var err error
	m.channel, m.ts, m.threadTS, m.body, m.version, m.live, m.waits, err = d.outbox.Message(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("message %d: %w", id, err)
	}
	return m, nil
}

// notYet is that Slack's rate has no room.
type notYet time.Duration

func (n notYet) Error() string { return fmt.Sprintf("not before %s", time.Duration(n)) }

// show posts or edits the message until Slack shows b whole.
func (d *Deliverer) show(ctx context.Context, m *outMessage, b body) error {
	if b.File != nil && d.files != nil {
		return d.showFile(ctx, m, b)
	}
	if m.ts != "" {
		if b.User != "" {
			return d.outbox.Posted(ctx, m.id, m.version, m.channel, m.ts, true)
		}
		err := d.edit(ctx, m, b)
		switch codeOf(err) {
		case "message_not_found", "cant_update_message", "edit_window_closed": // the buttons of one that stays are off file then
		default:
			return err
		}
		m.log.Warn("slack: message is gone, posting it again", "channel", m.channel)
		m.ts = ""
	}
	quiet, differs := b.quiet()
	whole := !differs || b.User != "" // an ephemeral message cannot be edited, and nobody else sees it
	if whole {
		quiet = b
	}
	if err := d.post(ctx, m, quiet, whole); err != nil || whole {
		return err
	}
	return d.edit(ctx, m, b)
}

// post posts b and records where it is.
func (d *Deliverer) post(ctx context.Context, m *outMessage, b body, whole bool) error {
	method := "chat.postMessage"
	if b.User != "" {
		method = "chat.postEphemeral"
	}
	channel, ts, err := d.send(ctx, method, m, b)
	switch codeOf(err) {
	case "thread_not_found", "cannot_reply_to_message", "invalid_thread_ts":
		m.log.Warn("slack: thread is gone, posting outside of it", "channel", m.channel)
		m.threadTS = ""
		channel, ts, err = d.send(ctx, method, m, b)
	}
	if err != nil {
		return err
	}
	m.channel, m.ts = cmp.Or(channel, m.channel), ts // chat.postEphemeral answers no channel
	return d.outbox.Posted(ctx, m.id, m.version, m.channel, m.ts, whole)
}

// edit makes the message that is there show b, and records it.
func (d *Deliverer) edit(ctx context.Context, m *outMessage, b body) error {
	if _, _, err := d.send(ctx, "chat.update", m, b); err != nil {
		return err
	}
	return d.outbox.Posted(ctx, m.id, m.version, m.channel, m.ts, true)
}

// send makes one call. When Slack does not take the blocks, the text alone goes out: a message that looks
// plain is better than none.
func (d *Deliverer) send(ctx context.Context, method string, m *outMessage, b body) (channel, ts string, err error) {
	channel, ts, err = d.call(ctx, method, m, b)
	switch codeOf(err) {
	case "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long":
		m.log.Error("slack: message not taken as it is, its text alone is sent", "err", err)
		return d.call(ctx, method, m, b.plain())
	}
	return channel, ts, err
}

// call sends blocks as they are: slack-go's types would lose the fields they do not know.
func (d *Deliverer) call(ctx context.Context, method string, m *outMessage, b body) (channel, ts string, err error) {
	now, turn := d.now(), outgoing{method, m.channel, m.id, urgent(method, m, b)}
	if err := d.turn(ctx, turn, now); err != nil {
		return "", "", err
	}
	blocks, err := json.Marshal(append([]json.RawMessage{}, b.Blocks...)) // "[]" clears those that are shown
	if err != nil {
		return "", "", fmt.Errorf("writing the blocks of message %d: %w", m.id, err)
	}
	channel, ts, _, err = d.api.now(ctx).SendMessageContext(ctx, m.channel, slack.MsgOptionText(b.Text, false),
		slack.UnsafeMsgOptionEndpoint(d.apiURL+method, func(v url.Values) {
			v.Set("blocks", string(blocks))
			d.place(v, method, m, b)
		}))
	err = about(m.channel, classify(method, err))
	if e, ok := errors.AsType[*Error](err); ok && e.RetryAfter > 0 {
		d.pace.hold(turn, now, now.Add(e.RetryAfter))
	}
	return channel, ts, err
}

// turn takes the turn of a call: in this process first, which keeps the order, and then among all processes. It gives a notYet when it has
// to wait.
func (d *Deliverer) turn(ctx context.Context, c outgoing, now time.Time) error {
	if wait := d.pace.wait(c, now); wait > 0 {
		return notYet(wait)
	}
	line, every, burst := c.common()
	wait, err := d.outbox.Turn(ctx, line, every, burst)
	if err != nil {
		d.pace.taken(c, now, now)
		return fmt.Errorf("take a turn: %w", err)
	}
	if wait > 0 {
		d.pace.taken(c, now, now.Add(wait))
		return notYet(wait)
	}
	return nil
}

// urgent says whether a call goes before others that wait: see outgoing.
func urgent(method string, m *outMessage, b body) bool {
	if method == "chat.update" {
		return slices.ContainsFunc(b.Blocks, buttoned)
	}
	return m.threadTS == "" && b.User == ""
}

// buttoned says whether there is something to click in a block.
func buttoned(raw json.RawMessage) bool {
	var b map[string]any
	return json.Unmarshal(raw, &b) == nil && clickable(b)
}

// place adds the arguments that say where a message goes.
func (*Deliverer) place(v url.Values, method string, m *outMessage, b body) {
	if method == "chat.update" {
		v.Set("ts", m.ts)
		return
	}
	if m.threadTS != "" {
		v.Set("thread_ts", m.threadTS)
	}
	if b.User != "" {
		v.Set("user", b.User)
		return
	}
	v.Set("unfurl_links", "false")
	v.Set("unfurl_media", "false")
}

// verdict decides what becomes of a message after err.
func (d *Deliverer) verdict(ctx context.Context, m *outMessage, err error) (time.Duration, error) {
	if wait, ok := errors.AsType[notYet](err); ok {
		return time.Duration(wait), nil
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return 0, err
	}
	switch e.Verdict {
	case Refused:
		m.log.Error("slack: message refused", "channel", m.channel, "err", e)
		return 0, d.outbox.Refused(ctx, m.id, m.version, e.Code)
	case Token:
		return tokenPause, e
	}
	return cmp.Or(e.RetryAfter, retryPause), e
}

// codeOf is Slack's word in err, or empty.
func codeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}
