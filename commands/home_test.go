package commands

import (
	"reflect"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"mailback/bot"
	"mailback/recovery"
)

// TestHomeIsNeverTooLong: Slack refuses a view that is longer than it takes, and then a person sees an old one.
func TestHomeIsNeverTooLong(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"en", "lv"} {
		for _, l := range longests() {
			d := &desk{overview: recovery.Overview{
				Approver: true, Own: []recovery.Carded{{Request: deletedUser()}}, Waiting: []recovery.Carded{{Request: deletedUser()}}, Running: []recovery.Carded{{Request: deletedUser()}},
				Purged: []recovery.Account{deletedUser().Diagnosis.Account},
			}}
			stretch(reflect.ValueOf(&d.overview).Elem(), l.each, max(l.most, 30))
			d.overview.Approver = true
			h := handlers(d)
			h.words = wordsIn(code)
			view := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: h.homeBlocks(t.Context(), actor(patti))}}
			if err := bot.CheckHome(view); err != nil {
				t.Errorf("%s in %s: %v", l.name, code, err)
			}
		}
	}
}

// TestHomeIsPublishedWhenItIsOpened, and not when the Messages tab is.
func TestHomeIsPublishedWhenItIsOpened(t *testing.T) {
	t.Parallel()
	for tab, want := range map[string]int{"home": 1, "messages": 0} {
		d := &desk{}
		reply := handlers(d).Event(t.Context(), slackevents.EventsAPIEvent{TeamID: "T0CONTOSO1", InnerEvent: slackevents.EventsAPIInnerEvent{
			Data: &slackevents.AppHomeOpenedEvent{User: requester, Tab: tab},
		}})
		if reply.After != nil {
			reply.After(t.Context())
		}
		if len(d.homes) != want {
			t.Errorf("%s: %d views published", tab, len(d.homes))
		}
	}
}
