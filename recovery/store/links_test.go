package store

import (
	"database/sql"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailback/recovery"
)

func TestLinks(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, ctx := u.open(), t.Context()
		r := u.create(s, "U1")
		link := func(user, account string, minute int, request int64) recovery.Link {
			return recovery.Link{
				Actor: recovery.Actor{TeamID: "T1", UserID: user}, ObjectID: account, Why: recovery.LinkAddress, Request: request,
				LinkedAt: time.Date(2026, 11, 22, 10, minute, 0, 0, time.UTC), By: recovery.Actor{TeamID: "T1", UserID: "UADMIN"},
			}
		}
		links := func(what, user string, want ...recovery.Link) {
			t.Helper()
			got, err := s.Links(ctx, recovery.Actor{TeamID: "T1", UserID: user})
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
			}
		}
		links("nobody is linked", "U1")
		first, second := link("U1", "a", 5, r.ID), link("U2", "a", 2, 0)
		for _, l := range []recovery.Link{first, link("U3", "b", 3, r.ID), link("U1", "b", 9, r.ID)} { // the last one comes too late
			u.must(s.KeepLink(ctx, l))
		}
		links("the first link stays", "U1", first)
		u.must(s.KeepLink(ctx, second))
		links("one account, two people", "U1", second, first)
		links("the same from the other", "U2", second, first)
		links("a stranger", "U9")
		if got, err := s.Links(ctx, recovery.Actor{TeamID: "T2", UserID: "U1"}); err != nil || got != nil {
			t.Errorf("the same id in another workspace: %+v, %v", got, err)
		}
		const follow = `INSERT INTO links (team_id, user_id, seq, object_id, linked_at, by_team_id, by_user_id, why)
			VALUES ('T1', 'U2', 2, 'b', 1800000000000, 'T1', 'UADMIN', 'moved')`
		u.must(s.db.writer().exec(ctx, "follow", follow))
		links("a later link counts", "U1", first)
		if got, err := s.Links(ctx, second.Actor); err != nil || len(got) != 2 || got[1].ObjectID != "b" || got[1].Why != "moved" {
			t.Errorf("the later link: %+v, %v", got, err)
		}
	})
}

func TestLinksCannotBeChanged(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.must(s.KeepLink(t.Context(), recovery.Link{Actor: recovery.Actor{TeamID: "T1", UserID: "U1"}, ObjectID: "a", LinkedAt: time.Now()}))
		if err := s.db.writer().exec(t.Context(), "tamper", `UPDATE links SET object_id = 'b'`); err == nil || !strings.Contains(err.Error(), "audit trail") {
			t.Errorf("changed: %v", err)
		}
		if err := s.KeepLink(t.Context(), recovery.Link{Actor: recovery.Actor{TeamID: "T1", UserID: "U2"}}); recovery.KindOf(err) != recovery.Internal {
			t.Errorf("a link to nothing: %v", err)
		}
	})
}

// TestALinkIsAnEvent of the request that needed it, and what that person does from then on names the account.
func TestALinkIsAnEvent(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, ctx := u.open(), t.Context()
		r := u.create(s, "U1")
		who := recovery.Actor{TeamID: "T1", UserID: "U1"}
		for range 2 { // the second one is none
			u.must(s.KeepLink(ctx, recovery.Link{Actor: who, ObjectID: "object-1", Why: recovery.LinkAddress, Request: r.ID, LinkedAt: u.clock.now()}))
		}
		_, err := s.Update(ctx, r.ID, func(*recovery.Request) (recovery.Event, error) {
			return recovery.Event{Kind: recovery.EventClicked, By: who}, nil
		})
		u.must(err)
		var story []string
		for _, e := range u.events(s, r.ID) {
			story = append(story, string(e.Kind)+" "+e.ByAccount)
			if e.Kind == recovery.EventLinked && (e.By != who || e.Note == nil || e.Note.Args[0] != "object-1") {
				t.Errorf("linked by %v: %v", e.By, e.Note)
			}
		}
		if got := strings.Join(story, ", "); got != "asked , linked object-1, clicked object-1" {
			t.Errorf("events %s", got)
		}
		if r, err := s.Request(ctx, r.ID); err != nil || len(r.NewLinks) != 1 || r.NewLinks[0] != (recovery.NewLink{Actor: who, ObjectID: "object-1"}) {
			t.Errorf("new links %v, %v", r.NewLinks, err)
		}
		if n := u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'advance'`); n != 3 {
			t.Errorf("%d jobs", n)
		}
	})
}

// TestALinkIsFollowed once, however many try at the same moment, and with it goes what the approvers are told.
func TestALinkIsFollowed(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		who := recovery.Actor{TeamID: "T1", UserID: "U1A"}
		s, ctx := u.open(func(c *Config) {
			c.RenderLink = func(l recovery.Relinked) (recovery.Message, error) {
				return recovery.Message{Key: "link:" + l.Is, Channel: "C1", Body: []byte(`{"text":"U1A is ` + l.Is + `"}`)}, nil
			}
		}), t.Context()
		follow := func(was, is string) error {
			return s.FollowLink(ctx, recovery.Relinked{Actor: who, Was: was, Is: is, At: u.clock.now()})
		}
		if err := follow("object-1", "object-2"); err == nil || !strings.Contains(err.Error(), "look again") {
			t.Errorf("what followed nothing: %v", err)
		}
		u.must(s.KeepLink(ctx, recovery.Link{Actor: who, ObjectID: "object-1", Why: recovery.LinkAddress, LinkedAt: u.clock.now()}))
		var all sync.WaitGroup
		var made atomic.Int32
		for range 8 {
			all.Go(func() {
				if err := follow("object-1", "object-2"); err == nil {
					made.Add(1)
				} else if !strings.Contains(err.Error(), "look again") {
					t.Error(err)
				}
			})
		}
		all.Wait()
		links, err := s.Links(ctx, who)
		if err != nil || made.Load() != 1 || len(links) != 1 || links[0].ObjectID != "object-2" || links[0].Why != recovery.LinkAnew {
			t.Errorf("made %d times: %+v, %v", made.Load(), links, err)
		}
		notices := func() (list []string) {
			u.must(s.db.reader().rows(ctx, "look", `SELECT body FROM messages WHERE request_id IS NULL`, nil, func(rows *sql.Rows) error {
				var body string
				err := rows.Scan(&body)
				list = append(list, body)
				return err
			}))
			return list
		}
		if told := notices(); !slices.Equal(told, []string{`{"text":"U1A is object-2"}`}) {
			t.Errorf("told %q", told)
		}
		u.must(follow("object-2", "object-3"))
		_, err = u.trail().Erase(ctx, []string{"U1A"})
		u.must(err)
		if told := notices(); !slices.Equal(told, []string{"{}", "{}"}) {
			t.Errorf("what is left of somebody who was erased: %q", told)
		}
	})
}

// TestNobodyIsRelinkedUntold: without words for the approvers a link stays as it is.
func TestNobodyIsRelinkedUntold(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, who := u.open(), recovery.Actor{TeamID: "T1", UserID: "U1"}
		u.must(s.KeepLink(t.Context(), recovery.Link{Actor: who, ObjectID: "object-1", Why: recovery.LinkAddress, LinkedAt: u.clock.now()}))
		if err := s.FollowLink(t.Context(), recovery.Relinked{Actor: who, Was: "object-1", Is: "object-2", At: u.clock.now()}); err == nil {
			t.Error("a link was made that nobody is told of")
		}
	})
}
