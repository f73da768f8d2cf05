package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"mailback/recovery"
)

// TestExaminer: the daily look finds what no request could get past, and takes what it cannot read for no fault.
func TestExaminer(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	var all []string
	for _, r := range appRoles() {
		if r.status == statusFail {
			all = append(all, r.name)
		}
	}
	nobody := recovery.Note{Code: recovery.NoteNobody, Args: []string{"2", "1"}}
	for name, c := range map[string]struct {
		change func(*examiner)
		want   string
	}{
		"all is well": {func(*examiner) {}, "[]"},
		"approvers are missing": {func(x *examiner) {
			x.approvers = func(context.Context) []recovery.Note { return []recovery.Note{nobody} }
		}, "[nobody(2, 1)]"},
		"a role is missing":             {func(x *examiner) { x.roles = rolesAre(all[1:]...) }, "[missing-role(" + all[0] + ")]"},
		"a wider role is there":         {func(x *examiner) { x.roles = rolesAre(append(all[1:], "User.ReadWrite.All")...) }, "[]"},
		"roles cannot be read":          {func(x *examiner) { x.roles = rolesFail(errors.New("no network")) }, "[]"},
		"the secret has expired":        {func(x *examiner) { x.roles = rolesFail(expired()) }, "[sign-in-failed(entra, secret expired)]"},
		"a certificate ends in 13 days": {func(x *examiner) { x.expiry = endsOn(now.AddDate(0, 0, 13)) }, "[certificate(2026-12-14T00:00:00Z)]"},
		"a certificate ends in 15 days": {func(x *examiner) { x.expiry = endsOn(now.AddDate(0, 0, 15)) }, "[]"},
		"a certificate has ended":       {func(x *examiner) { x.expiry = endsOn(now.AddDate(0, 0, -1)) }, "[]"}, // then the sign-in says so
		"everything that can be is amiss": {func(x *examiner) {
			x.approvers = func(context.Context) []recovery.Note { return []recovery.Note{nobody} }
			x.expiry, x.roles = endsOn(now.AddDate(0, 0, 1)), rolesAre(all[:len(all)-1]...)
		}, "[nobody(2, 1) certificate(2026-12-02T00:00:00Z) missing-role(" + all[len(all)-1] + ")]"},
	} {
		x := examiner{
			approvers: func(context.Context) []recovery.Note { return nil }, roles: rolesAre(all...), expiry: endsOn(time.Time{}),
			now: func() time.Time { return now }, log: slog.New(slog.DiscardHandler),
		}
		c.change(&x)
		if got := x.faults(t.Context()); fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func rolesAre(names ...string) func(context.Context) ([]string, error) {
	return func(context.Context) ([]string, error) { return names, nil }
}

func rolesFail(err error) func(context.Context) ([]string, error) {
	return func(context.Context) ([]string, error) { return nil, err }
}

func endsOn(at time.Time) func() time.Time { return func() time.Time { return at } }

func expired() error {
	return &recovery.Error{Kind: recovery.SignedOut, Peer: recovery.PeerEntra, Detail: recovery.SecretExpired}
}

// TestSignInTellsThatItWorks: the first sign-in that works is told of, and the first after each failure; what was not taken is told again.
func TestSignInTellsThatItWorks(t *testing.T) {
	t.Parallel()
	told, refuse := 0, true
	s := newSignIn(time.Now)
	s.again = func(context.Context) error {
		told++
		if refuse {
			return errors.New("the database is away")
		}
		return nil
	}
	for i, step := range []struct {
		worked, refuse bool
		want           int
	}{
		{false, false, 0}, {true, true, 1}, {true, false, 2}, {true, false, 2}, {false, false, 2}, {false, false, 2}, {true, false, 3}, {true, false, 3},
	} {
		refuse = step.refuse
		s.tell(t.Context(), step.worked)
		if told != step.want {
			t.Errorf("step %d: told %d times, want %d", i, told, step.want)
		}
	}
}
