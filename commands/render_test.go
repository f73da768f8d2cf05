package commands

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailback/bot"
	"mailback/recovery"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The people and the times of the scenes.
const (
	approvals = "C0APPROVALS"
	requester = "U0MEGANB01"
	patti     = "U0PATTIF01"
	nestor    = "U0NESTORW1"
)

func actor(id string) recovery.Actor {
	if id == "" {
		return recovery.Actor{}
	}
	return recovery.Actor{TeamID: "T0CONTOSO1", UserID: id}
}

func at(hours int) time.Time {
	return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC).Add(time.Duration(hours) * time.Hour)
}

func render(t *testing.T, r recovery.Request, e recovery.Event) []recovery.Message {
	t.Helper()
	return renderBy(t, sceneConfig(t, "", "en"), r, e)
}

func renderBy(t *testing.T, cfg RendererConfig, r recovery.Request, e recovery.Event) []recovery.Message {
	t.Helper()
	messages, err := NewRenderer(cfg)(r, e)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// deletedUser is a request for a deleted user as it waits for its confirmation.
func deletedUser() recovery.Request {
	enabled, deleted := true, at(0).Add(-19*24*time.Hour)
	account := recovery.Account{
		ID: "87d349ed-44d7-43e1-9a83-5f2406dee5bd", DisplayName: "Adele Vance", UserPrincipalName: adele, Mail: adele,
		Enabled: &enabled, DeletedAt: deleted,
	}
	plan := &recovery.Plan{
		Case: recovery.CaseUser, AccountID: account.ID, Address: adele, Name: "Adele Vance", SignInName: adele,
		Steps: []recovery.Step{
			{Kind: recovery.StepRestoreUser},
			{Kind: recovery.StepAssign, SKU: "05e9a617-0261-4cee-bb44-138d3ef5d965", PartNumber: "SPE_E3"},
			{Kind: recovery.StepMailbox},
		},
		SignIn: recovery.SignInReturns, Access: recovery.Access{RolesKnown: true, Roles: []string{"Helpdesk Administrator"}, GroupsKnown: true, Groups: 7},
		Seats: &recovery.Seats{SKU: "05e9a617-0261-4cee-bb44-138d3ef5d965", PartNumber: "SPE_E3", Free: 4},
		Warnings: []recovery.Note{
			{Code: recovery.NoteSignInReturns},
			{Code: recovery.NoteHadRoles, Args: []string{"Helpdesk Administrator"}},
			{Code: recovery.NoteLicenseWithIt, Args: []string{"SPE_E3"}},
		},
		Approvals: 2, Deadline: deleted.Add(recovery.Retention),
	}
	return recovery.Request{
		ID: 142, Version: 3, State: recovery.Confirming, EnteredAt: at(0), CreatedAt: at(0),
		Ask:       recovery.Ask{Query: recovery.Query{Kind: recovery.ByAddress, Value: adele}, Reason: "She is back <!channel> from leave"},
		Requester: actor(requester), Reader: recovery.Reader{Language: "en"}, Plan: plan,
		Diagnosis: &recovery.Diagnosis{
			Case: recovery.CaseUser, Account: account, Type: "UserMailbox", TypeProven: true, ReadAt: at(0), Deadline: plan.Deadline, Plan: plan,
			Evidence: []recovery.Note{{Code: recovery.NoteDeletedOn, Args: []string{deleted.Format(time.RFC3339)}}, {Code: recovery.NoteExchangeType, Args: []string{"UserMailbox"}}},
			Offers:   []recovery.Offer{{Action: recovery.ChooseSignIn, Chosen: "allow", Options: []recovery.Option{{Value: "allow"}, {Value: "block"}}}},
		},
	}
}

// in moves a request to a state.
func in(state recovery.State, change ...func(*recovery.Request)) recovery.Request {
	r := deletedUser()
	r.State, r.EnteredAt = state, at(2)
	for _, f := range change {
		f(&r)
	}
	return r
}

func reviewed(v recovery.Verdict, people ...string) func(*recovery.Request) {
	return func(r *recovery.Request) {
		for i, p := range people {
			r.Reviews = append(r.Reviews, recovery.Review{By: actor(p), Verdict: v, At: at(1 + i), Fingerprint: r.Plan.Fingerprint()})
		}
	}
}

func restored(r *recovery.Request) {
	left := 3
	for i := range r.Plan.Steps {
		r.Plan.Steps[i].Progress = recovery.Progress{Began: at(2), Acted: at(2), Done: at(3)}
	}
	r.Plan.Steps[1].Progress.Found = true
	r.Proof = &recovery.Proof{
		ReadAt: at(3), SignInName: adele, SignInEnabled: r.Diagnosis.Account.Enabled, AnsweredAt: at(3), MailboxCreated: at(-9000),
		Mailbox: recovery.Probe{State: recovery.MailboxAnswers, Purpose: "user"}, License: "SPE_E3", SeatsLeft: &left,
		Dropped: []string{"vance@contoso.com"},
	}
}

func event(kind recovery.EventKind, by string, from recovery.State, r recovery.Request) recovery.Event {
	e := recovery.Event{Request: r.ID, Seq: 9, At: at(4), Kind: kind, By: actor(by), From: from, To: r.State}
	if kind == recovery.EventVoided && len(r.Changed) > 0 {
		e.Note = &r.Changed[0]
	}
	return e
}

type sceneCase struct {
	name  string
	r     recovery.Request
	e     recovery.Event
	lines int // messages beside the cards
}

func scenes() []sceneCase {
	conflicts := in(recovery.Confirming, func(r *recovery.Request) {
		held := []recovery.Holder{{Address: adele, SignIn: true, Kind: recovery.HolderUser, ID: "x", Name: "Adele Vance (new)"}}
		r.Diagnosis.Offers = []recovery.Offer{
			{Action: recovery.ChooseSignInName, Required: true, About: held, Options: []recovery.Option{{Value: "adelev2@contoso.com", Label: "adelev2@contoso.com"}}},
			{Action: recovery.ChooseDrop, Required: true, About: held, Chosen: "drop", Options: []recovery.Option{{Value: "drop", Label: "sales@contoso.com"}}},
			{Action: recovery.ChooseLicense, Required: true, Options: []recovery.Option{{Value: "sku1", Label: "SPE_E3", Free: 4}, {Value: "sku2", Label: "HOUSE", Free: 1}}},
		}
	})
	conflictsSeen := conflicts
	conflictsSeen.Reader.Approver = true
	ambiguous := in(recovery.Submitted, func(r *recovery.Request) {
		r.Plan = nil
		r.Obstacle = &recovery.Note{Code: recovery.NoteAmbiguous, Args: []string{"2"}}
		r.Diagnosis = &recovery.Diagnosis{
			Case: recovery.CaseAmbiguous, ReadAt: at(0), Obstacle: r.Obstacle,
			Candidates: []recovery.Candidate{{ID: "id-1", Name: "Adele Vance", Address: adele}, {ID: "id-2", Name: "Adele Vance", Address: adele, DeletedAt: at(-48)}},
			Offers:     []recovery.Offer{{Action: recovery.ChooseAccount, Required: true, Options: []recovery.Option{{Value: "id-1", Label: adele}, {Value: "id-2", Label: adele}}}},
		}
	})
	noSeat := in(recovery.Submitted, func(r *recovery.Request) {
		r.Plan, r.Obstacle = nil, &recovery.Note{Code: recovery.NoteNoSeat, Args: []string{"SPE_E3"}}
		r.Diagnosis.Plan, r.Diagnosis.Obstacle, r.Diagnosis.Offers = nil, r.Obstacle, nil
	})
	impossible := in(recovery.Impossible, func(r *recovery.Request) {
		r.Plan, r.Obstacle = nil, &recovery.Note{Code: recovery.NoteGone}
		r.Diagnosis = &recovery.Diagnosis{Case: recovery.CaseGone, ReadAt: at(0), Obstacle: r.Obstacle}
	})
	chosen := in(recovery.Pending, func(r *recovery.Request) {
		r.Ask.Ticket = "HD-<!here>"
		r.Choices = recovery.Choices{SignInName: "adele.v@contoso.com", DropConflicts: true, License: "05e9a617-0261-4cee-bb44-138d3ef5d965", BlockSignIn: true}
		r.Plan.Steps[0].SignInName, r.Plan.Steps[0].DropConflicts, r.Plan.Steps[0].Drops = "adele.v@contoso.com", true, []string{"sales@contoso.com"}
		r.Plan.SignIn = recovery.SignInBlocked
		r.Plan.Warnings = append(r.Plan.Warnings, recovery.Note{Code: recovery.NoteAddressDropped, Args: []string{"sales@contoso.com"}})
	})
	voided := in(recovery.Confirming, func(r *recovery.Request) {
		r.Changed = []recovery.Note{{Code: recovery.NotePlanDiffers, Args: []string{"license"}}}
	})
	working := in(recovery.Restoring, reviewed(recovery.Approve, patti, nestor), func(r *recovery.Request) {
		r.Plan.Steps[0].Progress = recovery.Progress{Began: at(2), Acted: at(2), Done: at(2)}
		r.Plan.Steps[1].Progress = recovery.Progress{Began: at(2), Problem: &recovery.Note{Code: recovery.NoteWaitThrottled, Args: []string{at(4).Format(time.RFC3339)}}}
		r.Next = at(4)
	})
	partial := in(recovery.Partial, reviewed(recovery.Approve, patti, nestor), restored, func(r *recovery.Request) {
		r.Proof.Missing = []recovery.Note{{Code: recovery.NoteEmptyMailbox, Args: []string{at(3).Format(time.RFC3339)}}}
		r.Obstacle = &r.Proof.Missing[0]
	})
	fewer := in(recovery.Partial, reviewed(recovery.Approve, patti, nestor), restored, func(r *recovery.Request) {
		r.Proof.Missing = []recovery.Note{{Code: recovery.NoteFewerItems, Args: []string{"1681", "12"}}}
		r.Obstacle = &r.Proof.Missing[0]
	})
	failed := in(recovery.Failed, reviewed(recovery.Approve, patti, nestor), func(r *recovery.Request) {
		r.Obstacle = &recovery.Note{Code: recovery.NotePrivileged}
		r.Plan.Steps[0].Progress = recovery.Progress{Began: at(2), Acted: at(2), Problem: r.Obstacle}
	})
	denied := in(recovery.Denied, func(r *recovery.Request) { r.EndedBy, r.EndReason = actor(patti), "Left for good & <b>" }, reviewed(recovery.Deny, patti))
	cancelled := in(recovery.Cancelled, func(r *recovery.Request) { r.EndedBy = actor(patti) })
	waiting := event(recovery.EventWaiting, "", recovery.Restoring, working)
	waiting.Note = &recovery.Note{Code: recovery.NoteStillWaiting, Args: []string{at(2).Format(time.RFC3339), "30"}}
	stepDone := event(recovery.EventStep, "", recovery.Restoring, working)
	stepDone.Step = recovery.StepRestoreUser
	lost := event(recovery.EventVoided, "", recovery.Approved, in(recovery.Pending))
	lost.Note = &recovery.Note{Code: recovery.NoteApproverLost, Args: []string{nestor}}
	return append(slices.Concat(undoScenes(), itemScenes(), exchangeScenes(), stateScenes(), bulkScenes(), waitingScenes()), []sceneCase{
		{"confirming", deletedUser(), event(recovery.EventPlanned, "", recovery.Submitted, deletedUser()), 0},
		{"conflicts", conflicts, event(recovery.EventPlanned, "", recovery.Submitted, conflicts), 0},
		{"conflicts-approver", conflictsSeen, event(recovery.EventPlanned, "", recovery.Submitted, conflictsSeen), 0},
		{"ambiguous", ambiguous, event(recovery.EventPlanned, "", recovery.Submitted, ambiguous), 0},
		{"no-seat", noSeat, event(recovery.EventPlanned, "", recovery.Submitted, noSeat), 0},
		{"impossible", impossible, event(recovery.EventEnded, "", recovery.Submitted, impossible), 0},
		{"pending", in(recovery.Pending), event(recovery.EventConfirmed, requester, recovery.Confirming, in(recovery.Pending)), 0},
		{"pending-chosen", chosen, event(recovery.EventConfirmed, requester, recovery.Confirming, chosen), 0},
		{"one-of-two", in(recovery.Pending, reviewed(recovery.Approve, patti)), event(recovery.EventApproved, patti, recovery.Pending, in(recovery.Pending)), 1},
		{"approved", in(recovery.Approved, reviewed(recovery.Approve, patti, nestor)), event(recovery.EventApproved, nestor, recovery.Pending, in(recovery.Approved)), 2},
		{"approver-lost", in(recovery.Pending), lost, 2},
		{"voided", voided, event(recovery.EventVoided, "", recovery.Approved, voided), 2},
		{"restoring", working, stepDone, 1},
		{"waiting", working, waiting, 2},
		{"succeeded", in(recovery.Succeeded, reviewed(recovery.Approve, patti, nestor), restored), event(recovery.EventEnded, "", recovery.Restoring, in(recovery.Succeeded)), 2},
		{"partial", partial, event(recovery.EventEnded, "", recovery.Restoring, partial), 2},
		{"partial-fewer", fewer, event(recovery.EventEnded, "", recovery.Restoring, fewer), 2},
		{"failed", failed, event(recovery.EventEnded, "", recovery.Restoring, failed), 2},
		{"denied", denied, event(recovery.EventDenied, patti, recovery.Pending, denied), 2},
		{"cancelled", cancelled, event(recovery.EventCancelled, patti, recovery.Pending, cancelled), 2},
		{"expired", in(recovery.Expired), event(recovery.EventExpired, "", recovery.Pending, in(recovery.Expired)), 2},
	}...)
}

// shown is a message as a golden file has it.
type shown struct {
	Key       string          `json:"key"`
	Channel   string          `json:"channel"`
	Thread    string          `json:"thread,omitempty"`
	Ephemeral string          `json:"ephemeral,omitempty"`
	Body      json.RawMessage `json:"body"`
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, tt := range scenes() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var list []shown
			lines := 0
			for _, m := range renderBy(t, sceneConfig(t, tt.name, "en"), tt.r, tt.e) {
				if err := bot.CheckBody(m.Body); err != nil {
					t.Errorf("%s: Slack would refuse it: %v", m.Key, err)
				}
				if m.Key != recovery.CardApproval && m.Key != recovery.CardRequester {
					lines++
				}
				list = append(list, shown{m.Key, m.Channel, m.Thread, m.Ephemeral, m.Body})
			}
			if lines != tt.lines {
				t.Errorf("%d lines beside the cards, want %d", lines, tt.lines)
			}
			compareGolden(t, tt.name, list)
		})
	}
}

func compareGolden(t *testing.T, name string, got any) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(got); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(b.String())
	comparePath(t, filepath.Join("testdata", name+".golden.json"), text)
}

// comparePath holds a text against a golden file.
func comparePath(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s differs (go test -update writes it anew; read it before you commit it):\n%s", path, diff)
	}
}
