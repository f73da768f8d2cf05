package commands

import (
	"strings"
	"testing"

	"mailback/recovery"
)

// That nobody else has access and that nobody could find out are two things; who has access is for approvers.
func TestWhoHasAccess(t *testing.T) {
	t.Parallel()
	nobody, unread := "Nobody else has access to it.", "Who else has access could not be read (a permission is missing)."
	for name, tt := range map[string]struct {
		change func(*recovery.Proof)
		want   string
		others []string
	}{
		"somebody": {func(p *recovery.Proof) {
			p.Grants, p.GrantsKnown = []recovery.Grant{{Who: "pattif@contoso.com", Rights: []string{"FullAccess"}}}, true
		}, "pattif@contoso.com (FullAccess)", []string{nobody, unread}},
		"nobody": {func(p *recovery.Proof) { p.GrantsKnown = true }, nobody, []string{"Others who have access", unread}},
		"unread": {func(p *recovery.Proof) {
			p.Notes = []recovery.Note{{Code: recovery.NoteGrantsUnread, Args: []string{"forbidden"}}}
		}, unread, []string{"Others who have access", nobody}},
		"not asked": {func(*recovery.Proof) {}, "Read back", []string{"Others who have access", nobody, unread}},
	} {
		r := in(recovery.Succeeded, reviewed(recovery.Approve, patti, nestor), restored, func(r *recovery.Request) { tt.change(r.Proof) })
		list := render(t, r, event(recovery.EventEnded, "", recovery.Restoring, r))
		card, own := string(find(t, list, recovery.CardApproval).Body), string(find(t, list, recovery.CardRequester).Body)
		if !strings.Contains(card, tt.want) {
			t.Errorf("%s: approvers do not read %q in %s", name, tt.want, card)
		}
		for _, other := range tt.others {
			if strings.Contains(card, other) || strings.Contains(own, other) {
				t.Errorf("%s: somebody reads %q", name, other)
			}
		}
		if tt.want != "Read back" && strings.Contains(own, tt.want) {
			t.Errorf("%s: the requester reads %q", name, tt.want)
		}
	}
}
