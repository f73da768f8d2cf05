package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// memFaults writes down which faults were met.
type memFaults struct {
	met  []Note
	fail error
}

func (f *memFaults) Met(_ context.Context, n Note) error {
	f.met = append(f.met, n)
	return f.fail
}

func (f *memFaults) SignedIn(context.Context, Peer) error { return f.fail }

// The errors of look-ups behind which a fault of the installation stands are told as what has to be mended, others not at all.
func TestMet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{&Error{Kind: Forbidden, Peer: PeerGraph, Detail: "User.Read.All"}, "missing-role(User.Read.All)"},
		{&Error{Kind: Forbidden, Peer: PeerExchange, Detail: "Get-Mailbox"}, "missing-cmdlet(Get-Mailbox)"},
		{&Error{Kind: Forbidden, Peer: PeerSlack, Detail: "users:read"}, "missing-scope(users:read)"},
		{fmt.Errorf("look: %w", &Error{Kind: SignedOut, Peer: PeerEntra, Detail: SecretExpired}), "sign-in-failed(entra, secret expired)"},
		{&Error{Kind: Unavailable, Peer: PeerGraph}, ""},
		{&Error{Kind: Throttled, Peer: PeerGraph}, ""},
		{errors.New("a defect"), ""},
		{nil, ""},
	} {
		w, faults := newWorld(t), &memFaults{fail: errors.New("the database is away")}
		w.svc.Faults = faults
		w.svc.Met(t.Context(), c.err)
		got := ""
		if len(faults.met) > 0 {
			got = fmt.Sprint(faults.met[0])
		}
		if got != c.want || len(faults.met) > 1 {
			t.Errorf("%v: %v, want %s", c.err, faults.met, c.want)
		}
		if logged := strings.Contains(w.log.String(), "was not told to the approvers"); logged != (c.want != "") {
			t.Errorf("%v: logged %q", c.err, w.log)
		}
	}
}

// A token that Slack does not take is not told there.
func TestLasting(t *testing.T) {
	t.Parallel()
	for _, peer := range []Peer{PeerEntra, PeerGraph, PeerExchange, PeerSlack} {
		if got := (Note{NoteSignInFailed, []string{string(peer), "x"}}).Lasting(); got != (peer != PeerSlack) {
			t.Errorf("%s: %v", peer, got)
		}
	}
	if (Note{Code: NoteSignInFailed}).Lasting() || (Note{Code: NoteNoSeat}).Lasting() || !(Note{Code: NoteNobody}).Lasting() {
		t.Error("a sign-in of nobody, or a seat that is missing, is told as a fault, or want of approvers is not")
	}
}

// The look at the approvers finds each scope that has too few, and nothing where Slack does not answer.
func TestExamine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if found := w.svc.Examine(t.Context()); len(found) != 0 {
		t.Errorf("all is well, and it finds %v", found)
	}
	w.set(func(s *Settings) {
		s.Approvals, s.ApproverScopes = 2, []Scope{{Domain: "contoso.com", People: []string{anna}}}
	})
	if got, want := w.svc.Examine(t.Context()), []Note{{NoteNobody, []string{"2", "1"}}}; !slices.EqualFunc(got, want, func(a, b Note) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, id := range []string{anna, bert, desk} {
		w.people.errs[id] = errors.New("Slack is away")
	}
	if found := w.svc.Examine(t.Context()); len(found) != 0 {
		t.Errorf("Slack does not answer, and it finds %v", found)
	}
}
