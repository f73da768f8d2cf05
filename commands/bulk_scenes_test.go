package commands

import (
	"context"
	"slices"
	"strings"
	"testing"

	"mailback/recovery"
)

// bulkIn is a request for many in a state.
func bulkIn(state recovery.State, change ...func(*recovery.Request)) recovery.Request {
	r := deletedUser()
	r.State, r.Reader.Approver, r.Readers = state, true, []string{patti, requester, nestor}
	r.Ask.Query, r.Ask.Bulk = recovery.Query{}, &recovery.BulkWish{After: "7d", Domain: "contoso.com", Department: "Sales & <x>"}
	r.Plan = &recovery.Plan{
		Case: recovery.CaseBulk, Steps: []recovery.Step{{Kind: recovery.StepBulk}}, SignIn: recovery.SignInUnchanged, Approvals: 3,
		Bulk: &recovery.BulkPlan{
			After: at(-168), Digest: "0a1b2c", Count: 300, Skipped: 12, Roles: 2, First: at(40),
			Cases: []recovery.BulkCount{{What: "user", N: 290}, {What: "shared", N: 10}},
			Skips: []recovery.BulkCount{{What: "no-seat", N: 7}, {What: "bulk-choice", N: 4}, {What: "synced-user", N: 1}},
			Seats: []recovery.BulkSeats{{SKU: "x", PartNumber: "SPE_E3", Needed: 297, Free: 290}},
		},
	}
	r.Diagnosis = &recovery.Diagnosis{Case: recovery.CaseBulk, ReadAt: at(0), Plan: r.Plan}
	for _, f := range change {
		f(&r)
	}
	return r
}

// bulkAt gives a request for many this progress.
func bulkAt(c recovery.BulkCounts, change func(*recovery.BulkProgress)) func(*recovery.Request) {
	return func(r *recovery.Request) {
		p := &r.Plan.Steps[0].Progress
		p.Began, p.Bulk = at(2), &recovery.BulkProgress{BulkCounts: c, ToldAt: at(3)}
		change(p.Bulk)
		if c.Left() == 0 {
			p.Done = at(3)
			r.Proof = &recovery.Proof{ReadAt: at(3), Bulk: &c}
		}
	}
}

func bulkScenes() []sceneCase {
	both := reviewed(recovery.Approve, patti, nestor)
	same := func(*recovery.BulkProgress) {}
	half := recovery.BulkCounts{Done: 120, Partly: 1, Failed: 1, Skipped: 14, Running: 60, Waiting: 116}
	paused := bulkIn(recovery.Restoring, both, bulkAt(half, func(p *recovery.BulkProgress) { p.Paused, p.By, p.Since = true, actor(patti), at(3) }))
	stopped := bulkIn(recovery.Restoring, both, bulkAt(half, func(p *recovery.BulkProgress) { p.Stopped, p.By, p.Since = true, actor(patti), at(3) }))
	working := bulkIn(recovery.Restoring, both, bulkAt(half, same))
	done := bulkIn(recovery.Succeeded, both, bulkAt(recovery.BulkCounts{Done: 300, Skipped: 12}, same))
	partly := bulkIn(recovery.Partial, both, bulkAt(recovery.BulkCounts{Done: 290, Partly: 2, Failed: 3, Skipped: 17}, same))
	failed := bulkIn(recovery.Failed, both, bulkAt(recovery.BulkCounts{Skipped: 312}, same))
	return []sceneCase{
		{"bulk-confirming", bulkIn(recovery.Confirming), event(recovery.EventPlanned, "", recovery.Submitted, bulkIn(recovery.Confirming)), 1},
		{"bulk-pending", bulkIn(recovery.Pending), event(recovery.EventConfirmed, requester, recovery.Confirming, bulkIn(recovery.Pending)), 2},
		{"bulk-restoring", working, event(recovery.EventProgress, "", recovery.Restoring, working), 0},
		{"bulk-paused", paused, event(recovery.EventPaused, patti, recovery.Restoring, paused), 2},
		{"bulk-stopped", stopped, event(recovery.EventStopped, patti, recovery.Restoring, stopped), 2},
		{"bulk-succeeded", done, event(recovery.EventEnded, "", recovery.Restoring, done), 5},
		{"bulk-partial", partly, event(recovery.EventEnded, "", recovery.Restoring, partly), 5},
		{"bulk-failed", failed, event(recovery.EventEnded, "", recovery.Restoring, failed), 5},
	}
}

// The file that a message brings is for one person, in direct messages.
func TestListsGoToNobodyElse(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"bulk-confirming": {requester}, "bulk-pending": {nestor, patti}, "bulk-succeeded": {requester, nestor, patti}, "bulk-restoring": nil,
	} {
		var got []string
		for _, m := range sceneOf(t, name) {
			if strings.Contains(string(m.Body), `"file"`) {
				got = append(got, m.Channel)
				if !strings.Contains(string(m.Body), ":142:"+m.Channel) {
					t.Errorf("%s: the file for %s is %s", name, m.Channel, m.Body)
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: files for %v, want %v", name, got, want)
		}
	}
}

// lists is a service that has one list.
type lists struct {
	rows   []recovery.BulkRow
	spoken string
}

func (l lists) Language(context.Context, recovery.Actor) string { return l.spoken }

func (l lists) BulkList(_ context.Context, id int64, reader string) ([]recovery.BulkRow, *recovery.Note, error) {
	if id != 7 || reader != patti {
		return nil, &recovery.Note{Code: recovery.NoteNotApprover}, nil
	}
	return l.rows, nil, nil
}

func TestListAsAFile(t *testing.T) {
	t.Parallel()
	f := NewFiles(lists{rows: []recovery.BulkRow{
		{N: 1, Address: "=cmd@contoso.com", Name: "+Ann, \"B\"", AccountID: "id-1", Case: recovery.CaseUser, Deadline: at(9), Fingerprint: "f", Child: 12, Result: recovery.BulkPartly, Note: &recovery.Note{Code: recovery.NoteEmptyMailbox, Args: []string{"2026-11-23T12:00:00Z"}}},
		{N: 2, Address: "b@contoso.com", Case: recovery.CaseSynced, Skip: &recovery.Note{Code: recovery.NoteBulkChoice, Args: []string{"choice.upn"}}},
	}}, "T0CONTOSO1", "en")
	content, refusal, err := f.File(t.Context(), "results:7:"+patti)
	if err != nil || refusal != "" {
		t.Fatal(refusal, err)
	}
	for _, want := range []string{
		"\uFEFFn,address,", "1,'=cmd@contoso.com,\"'+Ann, \"\"B\"\"\",id-1,user deleted,2026-11-23T18:00:00Z,restore,,,partly,", "23 November 2026, 12:00 UTC", ",R-12\n",
		"2,b@contoso.com,,,on-premises account,,leave out,\"Somebody has to choose something",
	} {
		if !strings.Contains(string(content), want) {
			t.Errorf("%q is not in\n%s", want, content)
		}
	}
	latvian := NewFiles(lists{rows: []recovery.BulkRow{{N: 1, Address: "b@contoso.com", Case: recovery.CaseUser, Result: recovery.BulkDone}}, spoken: "lv-LV"}, "T0CONTOSO1", "en")
	if content, _, err := latvian.File(t.Context(), "results:7:"+patti); err != nil || !strings.Contains(string(content), "nr.,adrese,") || !strings.Contains(string(content), ",pabeigts,") {
		t.Errorf("in Latvian: %s, %v", content, err)
	}
	for _, key := range []string{"results:7:" + nestor, "list:8:" + patti, "other:7:" + patti, "list", ""} {
		if content, refusal, err := f.File(t.Context(), key); len(content) > 0 || refusal == "" || err != nil {
			t.Errorf("%s: %s, %q, %v", key, content, refusal, err)
		}
	}
}
