package bot

import (
	"context"

	"github.com/slack-go/slack"
)

// Say posts a line of plain text to a channel, once and without the outbox: whoever calls it has to tell whether it came through
// (docs.slack.dev/reference/methods/chat.postMessage).
func (b *Bot) Say(ctx context.Context, channel, line string) error {
	if err := b.mayPost(ctx, channel); err != nil {
		return err
	}
	_, _, err := b.api.now(ctx).PostMessageContext(ctx, channel, slack.MsgOptionText(line, true))
	return about(channel, classify("chat.postMessage", err))
}
