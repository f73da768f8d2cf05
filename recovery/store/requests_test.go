package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailback/recovery"
)

func TestCreate(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		in := ask("U1")
		at := u.clock.now()
		r, isNew, err := s.Create(t.Context(), in, recovery.Event{Kind: recovery.EventAsked, At: at, By: in.Requester})
		if err != nil || !isNew {
			t.Fatalf("create: %v, new %v", err, isNew)
		}
		if r.ID != 1 || r.Version != 1 || !r.EnteredAt.Equal(at) {
			t.Errorf("created %+v", r)
		}
		got, err := s.Request(t.Context(), r.ID)
		if err != nil || got.Key != in.Key || got.ID != 1 || got.Version != 1 || got.ResponseURL != in.ResponseURL || !got.Ask.Equal(in.Ask) {
			t.Errorf("read back %+v, %v", got, err)
		}
		es := u.events(s, r.ID)
		if len(es) != 1 || es[0].From != "" || es[0].To != recovery.Submitted || es[0].Kind != recovery.EventAsked || es[0].By != in.Requester {
			t.Errorf("audit trail %+v", es)
		}
		if a, d := u.jobs(s, "advance"), u.jobs(s, "deliver"); a != 1 || d != 1 {
			t.Errorf("%d advance jobs, %d deliver jobs, want 1 and 1", a, d)
		}
	})
}

func TestCreateIsUniqueByKey(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		in := ask("U1")
		var wg sync.WaitGroup
		var mu sync.Mutex
		news, ids := 0, map[int64]bool{}
		for i := range 8 {
			wg.Go(func() {
				again := in
				again.UUID = fmt.Sprintf("%s-%d", in.UUID, i)
				r, isNew, err := s.Create(t.Context(), again, recovery.Event{Kind: recovery.EventAsked})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("create: %v", err)
				}
				ids[r.ID] = true
				if isNew {
					news++
				}
			})
		}
		wg.Wait()
		if news != 1 || len(ids) != 1 {
			t.Errorf("%d new, ids %v; want one", news, ids)
		}
		if n := u.jobs(s, "advance"); n != 1 {
			t.Errorf("%d jobs, want 1", n)
		}
	})
}

func TestUpdate(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		u.clock.advance(time.Minute)
		plan := &recovery.Plan{AccountID: "a1", Address: "anna@contoso.com"}
		r = u.update(s, r.ID, func(r *recovery.Request) (recovery.Event, error) {
			r.State, r.Plan = recovery.Confirming, plan
			r.ID, r.Version, r.Key = 99, 99, "other" // not a closure's to change
			return recovery.Event{Kind: recovery.EventPlanned}, nil
		})
		got, err := s.Request(t.Context(), r.ID)
		if err != nil || got.Version != 2 || got.State != recovery.Confirming || got.ID != 1 || got.Key == "other" {
			t.Fatalf("read back %+v, %v", got, err)
		}
		if d := u.clock.now().Sub(got.EnteredAt); d < 0 || d > 30*time.Second {
			t.Errorf("entered %s ago, want just now", d)
		}
		es := u.events(s, r.ID)
		if len(es) != 2 || es[1].From != recovery.Submitted || es[1].To != recovery.Confirming ||
			es[1].Fingerprint != plan.Fingerprint() || es[1].At.IsZero() {
			t.Errorf("audit trail %+v", es)
		}
		if n := u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'advance'`); n != 2 {
			t.Errorf("%d advance jobs, want one for each version", n)
		}
	})
}

// TestUpdateInSteps: several changes are one commit with an event each and one job in the end, or nothing at all.
func TestUpdateInSteps(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, boom := u.open(), errors.New("boom")
		r := u.create(s, "U1")
		steps := []func(*recovery.Request) (recovery.Event, error){
			become(recovery.Confirming, recovery.EventPlanned), become(recovery.Pending, recovery.EventConfirmed),
		}
		_, err := s.Update(t.Context(), r.ID, append(slices.Clone(steps), func(*recovery.Request) (recovery.Event, error) {
			return recovery.Event{}, boom
		})...)
		if got, _ := s.Request(t.Context(), r.ID); !errors.Is(err, boom) || got.State != recovery.Submitted || len(u.events(s, r.ID)) != 1 {
			t.Errorf("after a step that failed: %v, %+v", err, got)
		}
		r, err = s.Update(t.Context(), r.ID, steps...)
		if err != nil || r.State != recovery.Pending || r.Version != 3 {
			t.Fatalf("%+v, %v", r, err)
		}
		es := u.events(s, r.ID)
		if len(es) != 3 || es[1].To != recovery.Confirming || es[2].From != recovery.Confirming || es[2].To != recovery.Pending {
			t.Errorf("audit trail %+v", es)
		}
		if _, err := u.trail().Verify(t.Context(), nil); err != nil {
			t.Errorf("the chain: %v", err)
		}
		if n := u.jobs(s, "advance"); n != 2 {
			t.Errorf("%d advance jobs, want those of the first version and of the last", n)
		}
	})
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		change func(*recovery.Request) (recovery.Event, error)
		want   error
	}{
		"closure": {func(r *recovery.Request) (recovery.Event, error) {
			r.State = recovery.Confirming
			return recovery.Event{Kind: recovery.EventPlanned}, boom
		}, boom},
		"renderer": {func(*recovery.Request) (recovery.Event, error) {
			return recovery.Event{Kind: recovery.EventUnsent}, nil
		}, nil},
		"edge":             {become(recovery.Succeeded, recovery.EventEnded), recovery.ErrEdge},
		"silent new state": {become(recovery.Confirming, ""), nil},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, u *setup) {
				s := u.open()
				before := u.create(s, "U1")
				_, err := s.Update(t.Context(), before.ID, c.change)
				if err == nil || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("error %v, want %v", err, c.want)
				}
				after, err := s.Request(t.Context(), before.ID)
				if err != nil || after.State != before.State || after.Version != before.Version {
					t.Errorf("request is %+v, %v", after, err)
				}
				if n := len(u.events(s, before.ID)); n != 1 {
					t.Errorf("%d events, want 1", n)
				}
				if a, d := u.jobs(s, "advance"), u.jobs(s, "deliver"); a != 1 || d != 1 {
					t.Errorf("%d advance jobs, %d deliver jobs, want 1 and 1", a, d)
				}
			})
		})
	}
}

func TestUpdateOfNothing(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		_, err := s.Update(t.Context(), 7, become(recovery.Confirming, recovery.EventPlanned))
		if !errors.Is(err, recovery.ErrNotFound) {
			t.Errorf("update: %v", err)
		}
		if _, err := s.Request(t.Context(), 7); !errors.Is(err, recovery.ErrNotFound) {
			t.Errorf("request: %v", err)
		}
	})
}

func TestUpdateWithoutEvent(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		until := u.clock.now().Add(time.Minute)
		u.update(s, r.ID, func(r *recovery.Request) (recovery.Event, error) {
			r.Lease = recovery.Lease{Owner: "me", Until: until}
			return recovery.Event{}, nil
		})
		got, err := s.Request(t.Context(), r.ID)
		if err != nil || got.Lease.Owner != "me" || !got.Lease.Until.Equal(until) || got.Version != 1 {
			t.Errorf("read back %+v, %v", got, err)
		}
		if n := len(u.events(s, r.ID)); n != 1 {
			t.Errorf("%d events, want 1", n)
		}
		if n := u.jobs(s, "advance"); n != 1 {
			t.Errorf("%d jobs, want 1", n)
		}
	})
}

func TestUpdatesSideBySide(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		const people, each = 8, 5
		var wg sync.WaitGroup
		for p := range people {
			wg.Go(func() {
				for range each {
					_, err := s.Update(t.Context(), r.ID, func(r *recovery.Request) (recovery.Event, error) {
						r.Tries++
						return recovery.Event{Kind: recovery.EventWaiting, By: recovery.Actor{UserID: fmt.Sprint("U", p)}}, nil
					})
					if err != nil {
						t.Errorf("update: %v", err)
					}
				}
			})
		}
		wg.Wait()
		got, err := s.Request(t.Context(), r.ID)
		if err != nil || got.Tries != people*each || got.Version != people*each+1 {
			t.Errorf("tries %d, version %d, %v", got.Tries, got.Version, err)
		}
		if n := len(u.events(s, r.ID)); n != people*each+1 {
			t.Errorf("%d events", n)
		}
	})
}

func TestClickOnAnEndedRequestHasAJob(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		u.update(s, r.ID, become(recovery.Cancelled, recovery.EventCancelled))
		if n := u.jobs(s, "advance"); n != 1 {
			t.Errorf("%d jobs after the end, want only the first", n)
		}
		u.update(s, r.ID, func(r *recovery.Request) (recovery.Event, error) {
			r.Inbox = append(r.Inbox, recovery.Click{Action: recovery.ActRetry, Key: "k"})
			return recovery.Event{Kind: recovery.EventClicked}, nil
		})
		if n := u.jobs(s, "advance"); n != 2 {
			t.Errorf("%d jobs after the click, want 2", n)
		}
	})
}

func TestReviewsAreKept(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		u.update(s, r.ID, become(recovery.Confirming, recovery.EventPlanned))
		u.update(s, r.ID, become(recovery.Pending, recovery.EventConfirmed))
		review := recovery.Review{By: recovery.Actor{TeamID: "T1", UserID: "U2"}, Verdict: recovery.Approve, At: u.clock.now(), Fingerprint: "f"}
		u.update(s, r.ID, func(r *recovery.Request) (recovery.Event, error) {
			r.Reviews = append(r.Reviews, review)
			return recovery.Event{Kind: recovery.EventApproved}, nil
		})
		standing := `SELECT COUNT(*) FROM reviews WHERE request_id = 1 AND user_id = 'U2' AND verdict = 'approve' AND stands`
		if n := u.count(s, standing); n != 1 {
			t.Errorf("%d standing reviews, want 1", n)
		}
		u.update(s, r.ID, func(r *recovery.Request) (recovery.Event, error) {
			r.State, r.Reviews = recovery.Confirming, nil
			return recovery.Event{Kind: recovery.EventVoided}, nil
		})
		if n, all := u.count(s, standing), u.count(s, `SELECT COUNT(*) FROM reviews`); n != 0 || all != 1 {
			t.Errorf("%d of %d reviews stand, want 0 of 1", n, all)
		}
	})
}

func TestRequests(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		for _, who := range []string{"U1", "U2", "U1", "U1"} {
			u.create(s, who)
		}
		u.update(s, 3, become(recovery.Cancelled, recovery.EventCancelled))
		u.update(s, 4, become(recovery.Confirming, recovery.EventPlanned))
		for name, c := range map[string]struct {
			filter recovery.Filter
			want   []int64
		}{
			"all":               {recovery.Filter{}, []int64{4, 3, 2, 1}},
			"limit":             {recovery.Filter{Limit: 2}, []int64{4, 3}},
			"requester":         {recovery.Filter{Requester: "U1"}, []int64{4, 3, 1}},
			"open":              {recovery.Filter{Open: true}, []int64{4, 2, 1}},
			"all three":         {recovery.Filter{Requester: "U1", Open: true, Limit: 1}, []int64{4}},
			"none":              {recovery.Filter{Requester: "U9"}, nil},
			"quotes are quoted": {recovery.Filter{Requester: "' OR ''='"}, nil},
		} {
			rs, err := s.Requests(t.Context(), c.filter)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			var ids []int64
			for _, r := range rs {
				ids = append(ids, r.ID)
			}
			if !slices.Equal(ids, c.want) {
				t.Errorf("%s: %v, want %v", name, ids, c.want)
			}
		}
	})
}

func TestAuditTrailCannotBeChanged(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		for _, query := range []string{
			`UPDATE events SET body = '{}' WHERE request_id = $1`,
			`DELETE FROM events WHERE request_id = $1`,
		} {
			err := s.db.writer().exec(t.Context(), "tamper", query, r.ID)
			if err == nil || !strings.Contains(err.Error(), "audit trail") {
				t.Errorf("%s: %v", query, err)
			}
		}
		tricks := map[string]string{
			"sqlite": `INSERT OR REPLACE INTO events (request_id, seq, at, kind, body, prev_hash, hash)
				VALUES (1, 1, 0, 'asked', '{}', '', '')`,
			"postgres": `TRUNCATE events CASCADE`,
		}
		if err := s.db.writer().exec(t.Context(), "tamper", tricks[s.db.name]); err == nil || !strings.Contains(err.Error(), "audit trail") {
			t.Errorf("%s: %v", tricks[s.db.name], err)
		}
		if n := len(u.events(s, r.ID)); n != 1 {
			t.Errorf("%d events are left, want 1", n)
		}
	})
}

func TestDatabaseGone(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("ping: %v", err)
		}
		if err := errors.Join(s.db.write.Close(), s.db.read.Close()); err != nil {
			t.Fatal(err)
		}
		_, _, createErr := s.Create(t.Context(), ask("U1"), recovery.Event{Kind: recovery.EventAsked})
		_, updateErr := s.Update(t.Context(), r.ID, become(recovery.Confirming, recovery.EventPlanned))
		_, readErr := s.Request(t.Context(), r.ID)
		for name, err := range map[string]error{"create": createErr, "update": updateErr, "read": readErr, "ping": s.Ping(t.Context())} {
			if recovery.KindOf(err) != recovery.Unavailable {
				t.Errorf("%s: %v is %q, want unavailable", name, err, recovery.KindOf(err))
			}
		}
	})
}

func TestDatabaseLocked(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		other := u.lockOut(s)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := s.Update(ctx, r.ID, become(recovery.Confirming, recovery.EventPlanned))
		if recovery.KindOf(err) != recovery.Unavailable {
			t.Errorf("locked: %v is %q, want unavailable", err, recovery.KindOf(err))
		}
		if took := time.Since(began); took > 1500*time.Millisecond {
			t.Errorf("took %s to give up, its deadline was 300 ms", took)
		}
		time.AfterFunc(700*time.Millisecond, other)
		u.update(s, r.ID, become(recovery.Confirming, recovery.EventPlanned)) // waits until the other is done
	})
}

// TestRequestsByMailboxAndPurge, by columns that go with the request's row.
func TestRequestsByMailboxAndPurge(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, now := u.open(), u.clock.now()
		plan := func(account string, left time.Duration) func(*recovery.Request) (recovery.Event, error) {
			return func(r *recovery.Request) (recovery.Event, error) {
				r.Plan = &recovery.Plan{AccountID: account, Deadline: now.Add(left)}
				return recovery.Event{Kind: recovery.EventPlanned}, nil
			}
		}
		for _, who := range []string{"U1", "U2", "U3", "U4"} {
			u.create(s, who)
		}
		u.update(s, 1, plan("a", 20*24*time.Hour))
		u.update(s, 2, plan("b", 2*24*time.Hour))
		u.update(s, 4, plan("a", 9*24*time.Hour))
		ids := func(f recovery.Filter) (list []int64) {
			rs, err := s.Requests(t.Context(), f)
			u.must(err)
			for _, r := range rs {
				list = append(list, r.ID)
			}
			return list
		}
		if got := ids(recovery.Filter{Open: true, ByPurge: true}); !slices.Equal(got, []int64{2, 4, 1, 3}) {
			t.Errorf("by purge %v", got)
		}
		if got := ids(recovery.Filter{Open: true, Mailbox: "a"}); !slices.Equal(got, []int64{4, 1}) {
			t.Errorf("of one mailbox %v", got)
		}
		u.update(s, 4, become(recovery.Cancelled, recovery.EventCancelled))
		if got := ids(recovery.Filter{Open: true, Mailbox: "a"}); !slices.Equal(got, []int64{1}) {
			t.Errorf("of one mailbox, open %v", got)
		}
		const first = `SELECT COUNT(*) FROM river_job WHERE kind = 'advance' AND priority = 1`
		if n := u.count(s, first); n != 1 {
			t.Errorf("%d jobs go first, want the one of the mailbox that is purged soon", n)
		}
	})
}
