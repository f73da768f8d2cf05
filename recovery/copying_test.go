package recovery

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailback/internal/racetest"
)

// madeWith begins the copy of john's old mailbox into jane's, changed once Exchange has it, and lets time pass.
func (w *world) madeWith(change func(*madeCopy), d time.Duration) (Request, *madeCopy) {
	w.Helper()
	r := w.copies()
	var made *madeCopy
	w.tenant.after = func(op string) {
		for _, c := range w.tenant.copies {
			if op == "copy" && made == nil {
				made = c
				change(c)
			}
		}
	}
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.press(r.ID, anna, ActApprove)
	w.send(r.ID, w.click(r.ID, bert, ActApprove, ""))
	w.pass(d)
	return w.request(r.ID), made
}

// suspended is a request whose copy was suspended at once.
func (w *world) suspended() (Request, *madeCopy) {
	w.Helper()
	r, made := w.madeWith(func(c *madeCopy) { c.state = CopySuspended }, 10*time.Minute)
	if w.is(r, Restoring); !r.Suspended() {
		w.Fatalf("it is not known to be suspended: %s", w.store.story(r.ID))
	}
	return r, made
}

func (r Request) copyStep() Step {
	return r.Plan.Steps[slices.IndexFunc(r.Plan.Steps, Step.copies)]
}

func TestQueueIsToldByItsBeginning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, made := w.madeWith(func(c *madeCopy) { c.state = CopyQueued }, 13*time.Hour)
	note := "copy-queued(" + stamp(made.made) + ")"
	if diff := cmp.Diff([]string{note, note, note}, w.told(r.ID)); diff != "" { // after half an hour, two, and twelve
		t.Errorf("told (-want +got):\n%s", diff)
	}
	made.state = CopySuspended // and resumed by somebody else an hour later: Exchange still names when it was made
	w.pass(time.Hour)
	made.state = CopyQueued
	w.pass(time.Hour)
	p := w.request(r.ID).copyStep().Progress
	if since, err := time.Parse(time.RFC3339, p.Problem.Args[0]); err != nil || p.Problem.Code != NoteCopyQueued || w.clock.Sub(since) > time.Hour {
		t.Errorf("%v at %v: it was not in the queue for an hour", p.Problem, w.clock)
	}
}

func TestQueueThatIsSeenLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, made := w.madeWith(func(c *madeCopy) { c.state, c.unlisted = CopyQueued, true }, 50*time.Minute)
	made.unlisted = false
	w.pass(5 * time.Minute)
	if got, want := w.told(r.ID), "copy-queued("+stamp(made.made)+")"; len(got) == 0 || got[len(got)-1] != want {
		t.Errorf("told %v, want %s at the end", got, want)
	}
}

// TestCardsStayTrueWhileNothingIsTold compares what the cards last said about the next look with the looks.
func TestCardsStayTrueWhileNothingIsTold(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		look  string // the call
		most  int    // events in six hours
		begin func(w *world) int64
	}{
		"queue": {"status", 5, func(w *world) int64 {
			r, _ := w.madeWith(func(c *madeCopy) { c.state = CopyQueued }, time.Second)
			return r.ID
		}},
		"hand-over": {"exchange", 3, func(w *world) int64 {
			w.orphaned(lost, "john", inactive)
			w.set(func(s *Settings) { s.Licenses = []string{"ENTERPRISEPACK"} })
			return w.begin("john@contoso.com")
		}},
		"provisioning": {"mailbox", 8, func(w *world) int64 {
			w.tenant.delay = 20 * time.Hour
			w.deleted(john, "john")
			return w.begin("john@contoso.com")
		}},
		"outage": {"status", 8, func(w *world) int64 {
			r, _ := w.madeWith(func(c *madeCopy) { c.state = CopyQueued }, time.Second)
			w.tenant.fails("status", 30, &Error{Kind: Unavailable, Op: "status"})
			return r.ID
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := tt.begin(w)
			w.pass(time.Minute)
			last, told, before := w.clock, w.request(id).LooksWithin(), len(w.store.trail(id))
			shown := before
			w.store.after = func(string) {
				if n := len(w.store.trail(id)); n > shown {
					shown, told = n, w.request(id).LooksWithin()
				}
			}
			w.tenant.after = func(op string) {
				if op != tt.look {
					return
				}
				if gap := w.clock.Sub(last); gap > told {
					t.Errorf("looked after %v, said to look within %v", gap, told)
				}
				last = w.clock
			}
			w.pass(6 * time.Hour)
			if w.clock.Sub(last) > told || told == 0 {
				t.Errorf("the last look was %v ago, said to be within %v", w.clock.Sub(last), told)
			}
			if n := len(w.store.trail(id)) - before; n > tt.most {
				t.Errorf("%d edits of the cards in six hours", n)
			}
		})
	}
}

func TestWhatPassedIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.orphaned(lost, "john", inactive)
	w.set(func(s *Settings) { s.Licenses = []string{"ENTERPRISEPACK"} })
	id := w.begin("john@contoso.com")
	w.pass(time.Minute)
	w.tenant.fails("exchange", 2, &Error{Kind: Unavailable, Op: "Get-Mailbox"})
	w.pass(3 * time.Hour)
	if p := w.request(id).Plan.Steps[0].Progress.Problem; p == nil || p.Code != NoteByHand {
		t.Errorf("the card says %v of a hand-over whose outage is over", p)
	}
}

func TestSuspendedCopyIsResumed(t *testing.T) {
	t.Parallel()
	for _, why := range []string{"", "Informational: not before ten"} {
		w := newWorld(t)
		r, made := w.madeWith(func(c *madeCopy) {
			c.state, c.shows = CopyAutoSuspend, func(st *CopyStatus) { st.Failure = why }
		}, 10*time.Minute)
		want := Note{NoteCopyWaits, []string{stamp(made.made)}}
		if why != "" {
			want.Args = append(want.Args, why)
		}
		if p := r.copyStep().Progress.Problem; p == nil || !p.same(want) {
			t.Errorf("problem %v, want %v", p, want)
		}
		plan := r.Plan.Fingerprint()
		w.send(r.ID, w.click(r.ID, anna, ActResume, ""))
		w.pass(5 * time.Minute)
		r = w.is(w.request(r.ID), Restoring)
		if p := r.copyStep().Progress; p.Problem != nil || p.Resume || r.Suspended() || made.state != "" || p.Copy.State != CopyInProgress {
			t.Errorf("progress %+v", p)
		}
		resumed := w.events(r.ID, EventResumed)
		if len(resumed) != 1 || resumed[0].By != by(anna) || resumed[0].Step != StepCopy || resumed[0].Fingerprint != plan || resumed[0].Click == nil {
			t.Errorf("the audit trail says %+v", resumed)
		}
		w.settle()
		r = w.is(w.request(r.ID), Succeeded)
		if diff := cmp.Diff(map[string]int{"address": 1, "copy": 1, "resume": 1}, w.tenant.did); diff != "" || r.Plan.Fingerprint() != plan {
			t.Errorf("plan %s, changes (-want +got):\n%s", r.Plan.Fingerprint(), diff)
		}
		steps := slices.DeleteFunc(w.events(r.ID, EventStep), func(e Event) bool { return e.Step != StepCopy || e.Receipt.RequestID == "" })
		if len(steps) != 2 || steps[1].Before == nil || steps[1].Before.Copy == nil || steps[1].Before.Copy.State != CopyAutoSuspend {
			t.Errorf("changes in the trail: %+v", steps)
		}
	}
}

func TestResumingIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		who    string
		change func(w *world, r Request, c *Click)
		want   NoteCode
	}{
		"the requester": {rita, func(*world, Request, *Click) {}, NoteYourOwn},
		"no approver":   {sven, func(*world, Request, *Click) {}, NoteNotApprover},
		"the target's owner": {anna, func(w *world, _ Request, _ *Click) {
			w.people.set(anna, func(p *Person) { p.Email = "jane@contoso.com" })
		}, NoteOwnBenefit},
		"no longer active":     {anna, func(w *world, _ Request, _ *Click) { w.people.set(anna, func(p *Person) { p.Deleted = true }) }, NoteDeactivated},
		"on another plan":      {anna, func(_ *world, _ Request, c *Click) { c.Plan = "another" }, NoteOldMessage},
		"on the other card":    {anna, func(_ *world, r Request, c *Click) { c.Channel, c.TS = "D"+rita, r.cardTS("2") }, NoteOldMessage},
		"a missing cmdlet":     {anna, func(w *world, _ Request, _ *Click) { w.tenant.cmdlets = []string{"Get-MailboxRestoreRequest"} }, NoteMissingCmdlet},
		"while it is stopped":  {bert, func(w *world, r Request, _ *Click) { w.undoes(r.ID) }, NoteUndoAsked},
		"after it was resumed": {bert, func(w *world, r Request, _ *Click) { w.shortly(r.ID, anna, ActResume) }, NoteState},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r, _ := w.suspended()
			c := w.click(r.ID, tt.who, ActResume, "")
			if tt.who == rita {
				c.Channel, c.TS = hq, r.cardTS("1")
			}
			tt.change(w, r, &c)
			before := w.tenant.did["resume"]
			c.At = w.clock
			w.send(r.ID, c)
			w.pass(5 * time.Minute)
			if got := w.refusals(r.ID); !slices.Equal(got, []NoteCode{tt.want}) || w.tenant.did["resume"] != before {
				t.Errorf("refused with %v, resumed %d times", got, w.tenant.did["resume"])
			}
		})
	}
}

func TestOnlyTheApprovedCopyIsResumed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		shows func(*CopyStatus)
		state State
	}{
		"another source":  {func(st *CopyStatus) { st.Source = "guid-" + john }, Partial},
		"another target":  {func(st *CopyStatus) { st.Target = lost }, Partial},
		"no source named": {func(st *CopyStatus) { st.Source = "" }, Restoring},
		"no target named": {func(st *CopyStatus) { st.Target = "" }, Restoring},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r, made := w.suspended()
			w.send(r.ID, w.click(r.ID, anna, ActResume, ""))
			made.shows = tt.shows
			w.pass(10 * time.Minute)
			r = w.is(w.request(r.ID), tt.state)
			if n := count(w.tenant.calls, "resume"); n != 0 {
				t.Errorf("resumed %d times", n)
			}
			if tt.state == Partial {
				w.hindered(r, NoteCopyForeign)
				return
			}
			made.shows = nil
			w.pass(time.Hour)
			w.is(w.request(r.ID), Succeeded)
		})
	}
}

func TestResumingOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(w *world, made *madeCopy)
		sent  int
		did   int
	}{
		"its answer is lost": {func(w *world, _ *madeCopy) { w.tenant.loses("resume", 1) }, 1, 1},
		"it does not arrive": {func(w *world, _ *madeCopy) { w.tenant.fails("resume", 1, &Error{Kind: Unavailable, Op: "resume"}) }, 2, 1},
		"Microsoft asks for a rest": {func(w *world, _ *madeCopy) {
			w.tenant.fails("resume", 1, &Error{Kind: Throttled, RetryAfter: time.Minute})
		}, 2, 1},
		"somebody else was first": {func(_ *world, made *madeCopy) { made.state = "" }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r, made := w.suspended()
			tt.spoil(w, made)
			w.press(r.ID, anna, ActResume)
			w.is(w.request(r.ID), Succeeded)
			if n := count(w.tenant.calls, "resume"); n != tt.sent || w.tenant.did["resume"] != tt.did {
				t.Errorf("sent %d times, resumed %d times", n, w.tenant.did["resume"])
			}
		})
	}
}

// TestOneWordResumesOnce: a copy that Exchange does not resume, or suspends again, waits for another word.
func TestOneWordResumesOnce(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(w *world, made *madeCopy){
		"refused": func(w *world, _ *madeCopy) { w.tenant.fails("resume", 1, &Error{Kind: Invalid, Op: "resume"}) },
		"suspended again": func(w *world, made *madeCopy) {
			w.tenant.after = func(op string) {
				if op == "resume" {
					made.state = CopyAutoSuspend
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r, made := w.suspended()
			spoil(w, made)
			w.send(r.ID, w.click(r.ID, anna, ActResume, ""))
			w.pass(time.Hour)
			r = w.is(w.request(r.ID), Restoring)
			if n := count(w.tenant.calls, "resume"); n != 1 || !r.Suspended() {
				t.Errorf("resumed %d times, suspended %v", n, r.Suspended())
			}
			w.tenant.after = func(string) {}
			w.is(w.press(r.ID, bert, ActResume), Succeeded)
		})
	}
}

func TestRetryResumesASuspendedCopy(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	w := newWorld(t)
	r, made := w.suspended()
	w.pass(4 * 24 * time.Hour)
	w.pass(4 * 24 * time.Hour)
	w.hindered(w.is(w.request(r.ID), Partial), NoteCopyWaits, stamp(made.made))
	w.tenant.fails("resume", 1, &Error{Kind: Forbidden, Op: "resume", Detail: "Resume-MailboxRestoreRequest"})
	w.hindered(w.is(w.press(r.ID, anna, ActRetry), Partial), NoteMissingCmdlet, "Resume-MailboxRestoreRequest")
	w.is(w.press(r.ID, anna, ActRetry), Succeeded)
	if diff := cmp.Diff(map[string]int{"address": 1, "copy": 1, "resume": 1}, w.tenant.did); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestQueueThatNeverEnds(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	w := newWorld(t)
	r, made := w.madeWith(func(c *madeCopy) { c.state = CopyQueued }, 4*24*time.Hour)
	w.pass(4 * 24 * time.Hour)
	w.hindered(w.is(w.request(r.ID), Partial), NoteCopyQueued, stamp(made.made))
	made.state, made.at = "", w.clock
	w.is(w.press(r.ID, anna, ActRetry), Succeeded)
	if w.tenant.did["copy"] != 1 || w.tenant.did["resume"] != 0 {
		t.Errorf("changes %v", w.tenant.did)
	}
}

// TestStatisticsThatSayNothing are those of an Exchange that answers with nothing, or with others' rows, for an identity that exists.
func TestStatisticsThatSayNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, made := w.madeWith(func(*madeCopy) {}, 3*time.Minute)
	made.unlisted = true
	w.pass(time.Hour)
	w.is(w.request(r.ID), Restoring) // it is still listed, so that it was not removed
	made.unlisted = false
	w.pass(time.Hour)
	w.is(w.request(r.ID), Succeeded)
	if w.tenant.did["copy"] != 1 {
		t.Errorf("changes %v", w.tenant.did)
	}
}

func TestCopyThatDoesNotSayOfWhat(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ends CopyState
		want NoteCode
	}{"completed": {"", NoteCopyUnproven}, "with warnings": {CopyWithWarnings, NoteCopyUnproven}, "failed": {CopyFailed, NoteCopyFailed}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r, made := w.madeWith(func(c *madeCopy) {
				c.state, c.shows = tt.ends, func(st *CopyStatus) { st.Source = "" }
			}, 30*time.Minute)
			r = w.is(r, Partial)
			if r.Obstacle.Code != tt.want {
				t.Errorf("obstacle %v, want %s", r.Obstacle, tt.want)
			}
			if made.shows = nil; tt.want == NoteCopyUnproven { // a retry looks at the same copy
				w.is(w.press(r.ID, anna, ActRetry), map[CopyState]State{"": Succeeded, CopyWithWarnings: Partial}[tt.ends])
			}
			if n := w.tenant.did["copy"]; n != 1 {
				t.Errorf("%d copies", n)
			}
		})
	}
}

// TestCopyIsCheckedAtEachLook: what the statistics say of source and target is compared with the plan until the end.
func TestCopyIsCheckedAtEachLook(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{2 * time.Minute, 8 * time.Minute, 30 * time.Minute} {
		w := newWorld(t)
		r, _ := w.madeWith(func(c *madeCopy) {
			c.shows = func(st *CopyStatus) {
				if w.clock.Sub(c.made) >= late || st.ended() {
					st.Target = strings.ToUpper("guid-" + john)
				}
			}
		}, time.Hour)
		w.hindered(w.is(r, Partial), NoteCopyForeign)
	}
}

// TestNameOfAnother: somebody else has a restore request under our name. It is never adopted, and when it is gone a retry makes ours.
func TestNameOfAnother(t *testing.T) {
	t.Parallel()
	for _, state := range []CopyState{"", CopySuspended, CopyFailed} {
		w := newWorld(t)
		r := w.copies()
		name := r.copyName(r.copyStep())
		w.tenant.copies[name] = &madeCopy{
			order: CopyOrder{Name: name, Source: "guid-" + jane, Target: "guid-" + jane}, id: "another", made: w.clock, at: w.clock, state: state,
		}
		w.hindered(w.is(w.agreed(r.ID), Partial), NoteCopyForeign)
		if p := w.request(r.ID).copyStep().Progress; p.CopyID != "" || len(w.request(r.ID).Undo()) != 0 {
			t.Errorf("adopted: %+v", p)
		}
		w.hindered(w.is(w.press(r.ID, anna, ActRetry), Partial), NoteCopyForeign)
		delete(w.tenant.copies, name)
		w.is(w.press(r.ID, anna, ActRetry), Succeeded)
		if diff := cmp.Diff(map[string]int{"address": 1, "copy": 1}, w.tenant.did); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	}
}
