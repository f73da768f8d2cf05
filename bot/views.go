package bot

import (
	"context"

	"github.com/slack-go/slack"
)

// OpenView opens a form for the person whose trigger it is. A trigger lives three seconds and serves once
// (docs.slack.dev/reference/methods/views.open); it is best spent on a small view that UpdateView fills.
func (b *Bot) OpenView(ctx context.Context, triggerID string, view slack.ModalViewRequest) (*slack.View, error) {
	if err := CheckView(view); err != nil {
		return nil, err
	}
	return viewOf("views.open")(b.api.now(ctx).OpenViewContext(ctx, triggerID, view))
}

// UpdateView changes an open form. With the hash of the version that was seen, Slack refuses (hash_conflict)
// when it has changed since (docs.slack.dev/reference/methods/views.update).
func (b *Bot) UpdateView(ctx context.Context, viewID, hash string, view slack.ModalViewRequest) (*slack.View, error) {
	if err := CheckView(view); err != nil {
		return nil, err
	}
	return viewOf("views.update")(b.api.now(ctx).UpdateViewContext(ctx, view, "", hash, viewID))
}

func viewOf(method string) func(*slack.ViewResponse, error) (*slack.View, error) {
	return func(r *slack.ViewResponse, err error) (*slack.View, error) {
		if err != nil {
			return nil, classify(method, err)
		}
		return &r.View, nil
	}
}

// Permalink is the address of a message in the bot's workspace: see Identity.Permalink.
func (b *Bot) Permalink(channel, ts string) string { return b.Identity().Permalink(channel, ts) }

// PublishView shows a person's Home tab (docs.slack.dev/reference/methods/views.publish).
func (b *Bot) PublishView(ctx context.Context, userID string, view slack.HomeTabViewRequest) error {
	if err := CheckHome(view); err != nil {
		return err
	}
	_, err := b.api.now(ctx).PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: userID, View: view})
	if err != nil {
		return classify("views.publish", err)
	}
	return nil
}
