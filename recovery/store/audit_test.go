package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/recovery"
)

// history makes two requests with events of all sorts, and a seal over both. The second has ended.
func (u *setup) history(s *Store) (open, ended recovery.Request) {
	u.t.Helper()
	open, ended = u.create(s, "U1"), u.create(s, "U2")
	ended = u.update(s, ended.ID, func(r *recovery.Request) (recovery.Event, error) {
		r.State, r.Plan = recovery.Confirming, &recovery.Plan{Case: recovery.CaseUser, Address: "anna@contoso.com", Name: "Anna <&>"}
		return recovery.Event{Kind: recovery.EventPlanned, Note: &recovery.Note{Code: recovery.NoteDeletedOn, Args: []string{"a"}}}, nil
	})
	u.update(s, ended.ID, func(*recovery.Request) (recovery.Event, error) {
		c := recovery.Click{Action: recovery.ActConfirm, By: recovery.Actor{TeamID: "T1", UserID: "U2"}, Channel: "D2", Key: "k"}
		return recovery.Event{Kind: recovery.EventClicked, By: c.By, Click: &c}, nil
	})
	ended = u.update(s, ended.ID, func(r *recovery.Request) (recovery.Event, error) {
		r.State, r.EndReason = recovery.Cancelled, "not anna@contoso.com after all"
		return recovery.Event{
			Kind: recovery.EventCancelled, By: recovery.Actor{TeamID: "T1", UserID: "U3ERASED"},
			Receipt: recovery.Receipt{RequestID: "graph-1", ClientRequestID: "ours-1"},
		}, nil
	})
	if err := s.seal(u.t.Context()); err != nil {
		u.t.Fatal(err)
	}
	return open, ended
}

// meddle changes the database behind the triggers' back, as somebody may who has all rights in it.
func (u *setup) meddle(s *Store, queries ...string) {
	u.t.Helper()
	off := map[string][]string{
		"sqlite": {
			"PRAGMA foreign_keys = OFF", "DROP TRIGGER events_no_update", "DROP TRIGGER events_no_delete", "DROP TRIGGER event_fields_no_update",
			"DROP TRIGGER seals_no_update", "DROP TRIGGER seals_no_delete", "DROP TRIGGER seal_heads_no_update", "DROP TRIGGER seal_heads_no_delete",
		},
		"postgres": {
			"DROP FUNCTION events_refuse CASCADE", "ALTER TABLE event_fields DROP CONSTRAINT event_fields_request_id_seq_fkey",
			"ALTER TABLE events DROP CONSTRAINT events_request_id_fkey",
			"ALTER TABLE messages DROP CONSTRAINT messages_request_id_fkey",
		},
	}
	for _, query := range slices.Concat(off[s.db.name], queries) {
		if err := s.db.writer().exec(u.t.Context(), "meddle", query); err != nil {
			u.t.Fatalf("%s: %v", query, err)
		}
	}
}

func TestMeddlingShows(t *testing.T) {
	// The history: R-1 has event 1; R-2 has events 1 to 4; seal 1 covers both.
	forged := func(id, seq int, body string) string {
		prev := "SELECT hash FROM events WHERE request_id = %[1]d AND seq = %[2]d - 1"
		return fmt.Sprintf(`INSERT INTO events (request_id, seq, at, kind, body, prev_hash, hash, format)
			VALUES (%[1]d, %[2]d, 0, 'approved', '%[3]s', COALESCE((`+prev+`), ''), 'abc', 2)`, id, seq, body)
	}
	for name, c := range map[string]struct {
		deeds []string
		where string
	}{
		"changed body":  {[]string{`UPDATE events SET body = REPLACE(body, 'clicked', 'denied') WHERE request_id = 2 AND seq = 3`}, "R-2, event 3"},
		"changed kind":  {[]string{`UPDATE events SET kind = 'denied' WHERE request_id = 2 AND seq = 3`}, "R-2, event 3"},
		"changed time":  {[]string{`UPDATE events SET at = at + 1 WHERE request_id = 2 AND seq = 1`}, "R-2, event 1"},
		"other format":  {[]string{`UPDATE events SET format = 1 WHERE request_id = 2 AND seq = 1`}, "R-2, event 1"},
		"first removed": {[]string{`DELETE FROM event_fields WHERE request_id = 2 AND seq = 1`, `DELETE FROM events WHERE request_id = 2 AND seq = 1`}, "R-2, event 1"},
		"removed":       {[]string{`DELETE FROM event_fields WHERE request_id = 2 AND seq = 3`, `DELETE FROM events WHERE request_id = 2 AND seq = 3`}, "R-2, event 3"},
		"last removed":  {[]string{`DELETE FROM event_fields WHERE request_id = 2 AND seq = 4`, `DELETE FROM events WHERE request_id = 2 AND seq = 4`}, "R-2, event 4"},
		"last removed, head moved": {[]string{
			`DELETE FROM event_fields WHERE request_id = 2 AND seq = 4`, `DELETE FROM events WHERE request_id = 2 AND seq = 4`,
			`UPDATE requests SET head_seq = 3, head_hash = (SELECT hash FROM events WHERE request_id = 2 AND seq = 3) WHERE id = 2`,
		}, "R-2, event 4"},
		"all of a request removed": {[]string{
			`DELETE FROM event_fields WHERE request_id = 2`, `DELETE FROM events WHERE request_id = 2`, `DELETE FROM reviews WHERE request_id = 2`,
			`DELETE FROM messages WHERE request_id = 2`, `DELETE FROM requests WHERE id = 2`,
		}, "R-2, event 0"},
		"swapped": {[]string{
			`UPDATE events SET seq = 99 WHERE request_id = 2 AND seq = 2`, `UPDATE events SET seq = 2 WHERE request_id = 2 AND seq = 3`,
			`UPDATE events SET seq = 3 WHERE request_id = 2 AND seq = 99`,
		}, "R-2, event 2"},
		"moved to another request": {[]string{`UPDATE events SET request_id = 1, seq = 2 WHERE request_id = 2 AND seq = 4`}, "R-1, event 2"},
		"added behind":             {[]string{forged(2, 5, `{}`)}, "R-2, event 5"},
		"added to another":         {[]string{forged(1, 2, `{}`)}, "R-1, event 2"},
		"added without a request":  {[]string{forged(7, 1, `{}`)}, "R-7, event 1"},
		"changed field":            {[]string{`UPDATE event_fields SET value = REPLACE(value, 'U2', 'U9') WHERE request_id = 2 AND seq = 3 AND name = 'by'`}, "R-2, event 3"},
		"changed salt":             {[]string{`UPDATE event_fields SET salt = 'x' WHERE request_id = 2 AND seq = 3 AND name = 'by'`}, "R-2, event 3"},
		"removed field":            {[]string{`DELETE FROM event_fields WHERE request_id = 2 AND seq = 3 AND name = 'by'`}, "R-2, event 3"},
		"added field":              {[]string{`INSERT INTO event_fields (request_id, seq, name, salt, value) VALUES (2, 3, 'proof', '', '{}')`}, "R-2, event 3"},
		"changed seal":             {[]string{`UPDATE seals SET body = REPLACE(body, '"requests":2', '"requests":1')`}, "seal 1"},
		"removed seal":             {[]string{`DELETE FROM seals`}, "seal 1"},
		"seal without a request":   {[]string{`DELETE FROM seal_heads WHERE request_id = 1`}, "seal 1"},
		"changed seal's head":      {[]string{`UPDATE seal_heads SET hash = 'x' WHERE request_id = 2`}, "R-2, event 4"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, u *setup) {
				s := u.open()
				u.history(s)
				newest := u.seal()
				trail := u.trail()
				u.meddle(s, c.deeds...)
				_, err := trail.Verify(t.Context(), []Anchor{{Seal: 1, Hash: newest.Hash}})
				bad, ok := errors.AsType[*TamperError](err)
				if !ok {
					t.Fatalf("nothing shows: %v", err)
				}
				if bad.Where != c.where {
					t.Errorf("%v: shows at %s, want %s", bad, bad.Where, c.where)
				}
			})
		})
	}
}

// seal gives the newest seal.
func (u *setup) seal() recovery.Seal {
	u.t.Helper()
	v, err := u.trail().Verify(u.t.Context(), nil)
	if err != nil {
		u.t.Fatal(err)
	}
	return v.Newest
}

// A chain that was made anew from an event on is whole in itself: what Slack has of it shows that it is another.
func TestAnchorsShowAChainMadeAnew(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		open, _ := u.history(s)
		es := u.events(s, open.ID)
		anchors := []Anchor{{Request: open.ID, Seq: 1, Hash: es[0].Hash[:16]}, {Seal: 1, Hash: u.seal().Hash}}
		trail := u.trail()
		v, err := trail.Verify(t.Context(), anchors)
		if err != nil {
			t.Fatal(err)
		}
		if v.Requests != 2 || v.Events != 5 || v.Seals != 1 || v.Newest.Requests != 2 {
			t.Errorf("verified %+v", v)
		}
		for _, wrong := range []Anchor{
			{Request: open.ID, Seq: 1, Hash: strings.Repeat("0", 16)},
			{Request: open.ID, Seq: 9, Hash: es[0].Hash},
			{Seal: 1, Hash: strings.Repeat("0", 16)},
			{Seal: 2, Hash: u.seal().Hash},
		} {
			var bad *TamperError
			if _, err := trail.Verify(t.Context(), []Anchor{wrong}); !errors.As(err, &bad) {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
	})
}

func TestTrailHasAllOfAnEvent(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		_, ended := u.history(s)
		es := u.events(s, ended.ID)
		if len(es) != 4 {
			t.Fatalf("%d events", len(es))
		}
		if a := es[0].Ask; a == nil || a.Query.Value != "anna@contoso.com" {
			t.Errorf("asked: %+v", a)
		}
		if p := es[1].Plan; p == nil || p.Name != "Anna <&>" || es[1].Note.Args[0] != "a" || es[1].Fingerprint != p.Fingerprint() {
			t.Errorf("planned: %+v", es[1])
		}
		if c := es[2].Click; c == nil || c.Channel != "D2" || es[2].By.UserID != "U2" || es[2].Plan != nil {
			t.Errorf("clicked: %+v", es[2])
		}
		if es[3].Receipt.RequestID != "graph-1" || es[3].To != recovery.Cancelled {
			t.Errorf("cancelled: %+v", es[3])
		}
	})
}

// What the chain keeps has no name in it, and is the JSON that RFC 8785 wants.
func TestChainNamesNobody(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.history(s)
		err := s.db.reader().each(t.Context(), func(e entry) error {
			for _, name := range []string{"U1", "U2", "U3ERASED", "D2", "anna", "Anna"} {
				if bytes.Contains(e.body, []byte(name)) {
					t.Errorf("R-%d, event %d has %s: %s", e.request, e.seq, name, e.body)
				}
			}
			var all map[string]any
			if err := json.Unmarshal(e.body, &all); err != nil {
				return err
			}
			again, err := canonical(all) // Go sorts the keys of a map
			if !bytes.Equal(again, e.body) {
				t.Errorf("not canonical:\n%s\n%s", e.body, again)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestErasedPersonIsGoneAndTheChainHolds(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		open, ended := u.history(s)
		before := u.seal()
		trail := u.trail()
		for user, account := range map[string]string{"U3ERASED": "0e1f-anna", "U4B": "0e1f-bert"} {
			u.must(s.KeepLink(t.Context(), recovery.Link{Actor: recovery.Actor{TeamID: "T1", UserID: user}, ObjectID: account, LinkedAt: u.clock.now()}))
		}
		_, err := trail.Erase(t.Context(), []string{"anna@contoso.com"})
		if err == nil || !strings.Contains(err.Error(), open.Ref()) || strings.Contains(err.Error(), ended.Ref()) {
			t.Fatalf("with an open request: %v", err)
		}
		u.update(s, open.ID, become(recovery.Cancelled, recovery.EventCancelled))
		done, err := trail.Erase(t.Context(), []string{"ANNA@contoso.com", "U3ERASED"})
		if err != nil || done.Requests != 2 {
			t.Fatalf("erase: %+v, %v", done, err)
		}
		u.nowhere(s, "anna@contoso", "U3ERASED", "0e1f-anna")
		if n := u.count(s, `SELECT COUNT(*) FROM links`); n != 1 {
			t.Errorf("%d links are left, want the other person's", n)
		}
		es := u.events(s, ended.ID)
		if es[2].By.UserID != "U2" {
			t.Errorf("others were erased, too: %+v", es[2])
		}
		v, err := trail.Verify(t.Context(), []Anchor{{Seal: 1, Hash: before.Hash}})
		if err != nil || v.Erased == 0 {
			t.Errorf("after the erasure: %+v, %v", v, err)
		}
		if _, err := trail.Erase(t.Context(), []string{"U9NOBODY"}); err != nil {
			t.Errorf("nobody: %v", err)
		}
		for _, bad := range [][]string{nil, {""}, {"U"}} {
			if _, err := trail.Erase(t.Context(), bad); err == nil {
				t.Errorf("%q was taken", bad)
			}
		}
		u.meddle(s, fmt.Sprintf(`DELETE FROM event_fields WHERE request_id = %d AND seq = 3 AND name = 'by'`, ended.ID))
		if _, err := trail.Verify(t.Context(), nil); err == nil {
			t.Error("a field that no erasure took can go after one")
		}
	})
}

// nowhere looks for texts in all columns of all tables.
func (u *setup) nowhere(s *Store, texts ...string) {
	u.t.Helper()
	for _, table := range []string{"requests", "reviews", "events", "event_fields", "messages", "items", "river_job"} {
		for _, text := range texts {
			query := "SELECT COUNT(*) FROM " + table + " x WHERE " + map[string]string{"sqlite": u.rowText(s, table), "postgres": "x::text"}[s.db.name] +
				" LIKE '%" + text + "%'"
			if n := u.count(s, query); n > 0 {
				u.t.Errorf("%s is in %d rows of %s", text, n, table)
			}
		}
	}
}

// rowText is all columns of a table as one text, for SQLite.
func (u *setup) rowText(s *Store, table string) string {
	if s.db.name != "sqlite" {
		return ""
	}
	var columns string
	const query = `SELECT GROUP_CONCAT('COALESCE(' || name || ', '''')', ' || ''|'' || ') FROM pragma_table_info($1)`
	if err := s.db.reader().row(u.t.Context(), "columns", query, []any{table}, &columns); err != nil {
		u.t.Fatal(err)
	}
	return "(" + columns + ")"
}

func TestPersonIsAWholeWord(t *testing.T) {
	p := person{"anna@contoso.com", "U12"}
	for text, want := range map[string]bool{
		`{"a":"anna@contoso.com"}`: true, `mail ANNA@Contoso.com, please`: true, `"user_id":"U12"`: true, `SMTP:anna@contoso.com`: true,
		`joanna@contoso.com`: false, `anna@contoso.com.au`: false, `U123`: false, `AU12`: false, `ānna@contoso.com`: false,
	} {
		if got := p.in(text); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestOldRequestsLoseTheirNames(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open(func(c *Config) { c.Retention = 30 * 24 * time.Hour })
		open, ended := u.history(s)
		u.start(s, Workers{Advance: asleep, Deliver: forRequest(asleep)})
		u.clock.advance(20 * 24 * time.Hour)
		u.await("a second day", func() bool { return u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'upkeep'`) > 1 })
		if n := u.count(s, `SELECT COUNT(*) FROM requests WHERE erased_at > 0`); n != 0 {
			t.Errorf("%d requests lost their names too early", n)
		}
		u.clock.advance(20 * 24 * time.Hour)
		u.await("the erasure", func() bool { return u.count(s, `SELECT COUNT(*) FROM requests WHERE erased_at > 0`) > 0 })
		r, err := s.Request(t.Context(), ended.ID)
		if err != nil || r.State != recovery.Cancelled || r.Ask.Query.Value != "" || r.Requester.UserID != "" || r.ErasedAt.IsZero() {
			t.Errorf("%s: %+v, %v", ended.Ref(), r, err)
		}
		if r, err := s.Request(t.Context(), open.ID); err != nil || r.Ask.Query.Value == "" {
			t.Errorf("%s, which is open, lost its names: %v", open.Ref(), err)
		}
		u.nowhere(s, "U3ERASED")
		if _, err := u.trail().Verify(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

// Events of older versions have what names people within them. They go as a whole, behind a checkpoint.
func TestOldEventsGoBehindACheckpoint(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1A")
		body := fmt.Sprintf(`{"request":%d,"seq":1,"at":"2026-11-01T00:00:00Z","kind":"asked","by":{"user_id":"U1A"},"from":"","to":"submitted"}`, r.ID)
		u.meddle(s, `DELETE FROM event_fields`, `DELETE FROM events`, fmt.Sprintf(`INSERT INTO events (request_id, seq, at, kind, body, prev_hash, hash)
			VALUES (%d, 1, 1793491200000, 'asked', '%s', '', '%s')`, r.ID, body, chain("", []byte(body))),
			fmt.Sprintf(`UPDATE requests SET head_seq = 1, head_hash = '%s'`, chain("", []byte(body))))
		if e := u.events(s, r.ID); len(e) != 1 || e[0].By.UserID != "U1A" {
			t.Fatalf("the old event: %+v", e)
		}
		u.update(s, r.ID, become(recovery.Cancelled, recovery.EventCancelled))
		if err := s.seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := u.trail().Erase(t.Context(), []string{"U1A"}); err != nil {
			t.Fatal(err)
		}
		e := u.events(s, r.ID)
		if len(e) == 0 || e[0].Kind != recovery.EventCheckpoint {
			t.Errorf("after the erasure: %+v", e)
		}
		u.nowhere(s, "U1A")
	})
}

// A seal is made each day on which there is something new, and posted.
func TestSealsArePosted(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open(func(c *Config) {
			c.RenderSeal = func(x recovery.Seal) (recovery.Message, error) {
				return recovery.Message{Key: fmt.Sprint("seal:", x.N), Channel: "C1", Body: []byte(`{"text":"` + x.Hash + `"}`)}, nil
			}
		})
		u.create(s, "U1")
		u.start(s, Workers{Advance: asleep, Deliver: forRequest(asleep)})
		u.clock.advance(24 * time.Hour)
		u.await("the first seal", func() bool {
			return u.count(s, `SELECT COUNT(*) FROM messages WHERE key = 'seal:1' AND channel = 'C1'`) == 1
		})
		u.clock.advance(24 * time.Hour)
		u.await("a day without news", func() bool {
			return u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'upkeep' AND state = 'completed'`) >= 2
		})
		if n := u.count(s, `SELECT COUNT(*) FROM seals`); n != 1 {
			t.Errorf("%d seals, want 1", n)
		}
		u.create(s, "U2")
		u.clock.advance(24 * time.Hour)
		u.await("the second seal", func() bool { return u.count(s, `SELECT COUNT(*) FROM messages WHERE key = 'seal:2'`) == 1 })
		if v := u.seal(); v.N != 2 || v.Requests != 1 {
			t.Errorf("the second seal is %+v", v)
		}
	})
}

// asleep is a job that waits for a long time.
func asleep(context.Context, int64, int64) (time.Duration, error) { return 1000 * time.Hour, nil }

// await looks until something is so.
func (u *setup) await(what string, so func() bool) {
	u.t.Helper()
	deadline := time.After(30 * time.Second)
	for look := time.NewTicker(20 * time.Millisecond); !so(); {
		select {
		case <-look.C:
		case <-deadline:
			u.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// A trail can be read while the store is at work, and nothing else can be taken for one.
func TestTrailOfNoMailback(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		if u.url[:6] == "sqlite" {
			if _, err := OpenTrail(t.Context(), u.url, u.clock.now); err == nil {
				t.Error("a file that is not there was opened")
			}
			return
		}
		if _, err := OpenTrail(t.Context(), u.url, u.clock.now); err == nil || !strings.Contains(err.Error(), "no audit trail") {
			t.Errorf("an empty database: %v", err)
		}
	})
}
