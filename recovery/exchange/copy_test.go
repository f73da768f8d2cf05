package exchange_test

import (
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/exchange"
)

// clock is the tenant's time in a test.
type clock struct{ past atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.past.Load())) }

func (c *clock) advance(d time.Duration) { c.past.Add(int64(d)) }

// slowCopies is a tenant where a copy is an hour in the queue and takes ten more.
func slowCopies(c *clock) m365fake.Config {
	return m365fake.Config{Now: c.now, CopyQueue: time.Hour, CopyTime: 10 * time.Hour}
}

// order is to copy a mailbox without a user into a live one, which has been given its X500 address.
func order(t *testing.T, c *exchange.Client, from, into string) recovery.CopyOrder {
	t.Helper()
	source, target := one(t, c, from, false), one(t, c, into, true)
	if _, err := c.AddAddress(t.Context(), target.ExchangeGUID, "X500:"+source.LegacyDN); err != nil {
		t.Fatal(err)
	}
	return recovery.CopyOrder{Name: "Mailback R-1 " + from, Source: source.ExchangeGUID, Target: target.ExchangeGUID, Folder: "Restored " + from}
}

// begin starts a copy and gives its RequestGuid.
func begin(t *testing.T, c *exchange.Client, o recovery.CopyOrder) string {
	t.Helper()
	receipt, err := c.StartCopy(t.Context(), o)
	if err != nil || receipt.ClientRequestID == "" || receipt.Date.IsZero() {
		t.Fatalf("%+v, %v", receipt, err)
	}
	all, err := c.Copies(t.Context(), o.Name)
	if err != nil || len(all) != 1 || all[0].Name != o.Name {
		t.Fatalf("%+v, %v", all, err)
	}
	return all[0].RequestGUID
}

func status(t *testing.T, c *exchange.Client, id string) recovery.CopyStatus {
	t.Helper()
	st, err := c.CopyStatus(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestCopy(t *testing.T) {
	t.Parallel()
	var now clock
	c, _, _ := newTenant(t, slowCopies(&now))
	o := order(t, c, "brianj@contoso.com", "meganb@contoso.com")
	id := begin(t, c, o)
	queued := status(t, c, id)
	if queued.State != recovery.CopyQueued || queued.Source != o.Source || queued.Target != o.Target || queued.Percent != 0 || queued.Items != 0 ||
		queued.QueuedAt.IsZero() || !queued.StartedAt.IsZero() || queued.ReadAt.IsZero() || queued.Failure != "" {
		t.Errorf("%+v", queued)
	}
	now.advance(6 * time.Hour)
	half := status(t, c, id)
	if half.State != recovery.CopyInProgress || half.Percent < 45 || half.Percent > 55 || half.Items == 0 || half.Bytes == 0 || half.StartedAt.IsZero() {
		t.Errorf("%+v", half)
	}
	now.advance(6 * time.Hour)
	done := status(t, c, id)
	if done.State != recovery.CopyCompleted || done.Percent != 100 || done.Items <= half.Items || done.Bytes <= half.Bytes || done.Consistency != "Perfect" {
		t.Errorf("%+v", done)
	}
	_, err := c.StartCopy(t.Context(), o)
	wantKind(t, err, recovery.Conflict, "Name")
	if _, err := c.RemoveCopy(t.Context(), id); err != nil {
		t.Error(err)
	}
	_, err = c.CopyStatus(t.Context(), id)
	wantKind(t, err, recovery.NotFound, "")
	_, err = c.RemoveCopy(t.Context(), id)
	wantKind(t, err, recovery.NotFound, "")
}

// TestCopiesAreToldApart runs in a tenant where an identity that does not exist gives everything.
func TestCopiesAreToldApart(t *testing.T) {
	t.Parallel()
	c, _, _ := newTenant(t, m365fake.Config{LooseIdentity: true})
	first, second := order(t, c, "brianj@contoso.com", "meganb@contoso.com"), order(t, c, "cameronw@contoso.com", "annal@contoso.com")
	one, two := begin(t, c, first), begin(t, c, second)
	if a, b := status(t, c, one), status(t, c, strings.ToUpper(two)); a.Source != first.Source || b.Source != second.Source {
		t.Errorf("%+v, %+v", a, b)
	}
	for name, want := range map[string]int{"Mailback R-1": 0, "mailback r-1 BRIANJ@contoso.com": 1, "nothing of the kind": 0} {
		if all, err := c.Copies(t.Context(), name); err != nil || len(all) != want {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
	const unknown = "11111111-2222-4333-8444-555555555555"
	_, err := c.CopyStatus(t.Context(), unknown)
	wantKind(t, err, recovery.NotFound, "")
	_, err = c.ResumeCopy(t.Context(), unknown)
	wantKind(t, err, recovery.NotFound, "")
	_, err = c.RemoveCopy(t.Context(), unknown)
	wantKind(t, err, recovery.NotFound, "")
	status(t, c, one)
	status(t, c, two)
}

func TestCopyOfAnArchive(t *testing.T) {
	t.Parallel()
	c, _, _ := newTenant(t, m365fake.Config{CopyQueue: -1, CopyTime: -1})
	o := order(t, c, "sylviaa@contoso.com", "annal@contoso.com")
	o.FromArchive, o.ToArchive = true, true
	st := status(t, c, begin(t, c, o))
	if source, target := one(t, c, "sylviaa@contoso.com", false), one(t, c, "annal@contoso.com", true); st.Source != source.ArchiveGUID || st.Target != target.ArchiveGUID || st.Items != 420 {
		t.Errorf("%+v", st)
	}
	plain := order(t, c, "brianj@contoso.com", "meganb@contoso.com")
	plain.ToArchive = true
	_, err := c.StartCopy(t.Context(), plain)
	wantKind(t, err, recovery.Invalid, "ArchiveGuid")
}

func TestCopiesThatGoWrong(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]recovery.CopyStatus{
		"fritzb@contoso.com": {State: recovery.CopyFailed, Failure: "CorruptDataPermanentException: Error: Failed to open", Percent: 40},
		"suzys@contoso.com":  {State: recovery.CopyAutoSuspend, Percent: 60},
		"wendyw@contoso.com": {State: recovery.CopyWithWarnings, Percent: 100, Skipped: 7, Consistency: "Investigate", Failure: "Warning: 7 items"},
		"paulp@contoso.com":  {State: recovery.CopyWithWarnings, Percent: 100, Skipped: 90, Consistency: "Poor"},
	} {
		var now clock
		c, _, _ := newTenant(t, slowCopies(&now))
		id := begin(t, c, order(t, c, address, "meganb@contoso.com"))
		now.advance(time.Hour)
		status(t, c, id)
		now.advance(11 * time.Hour)
		got := status(t, c, id)
		if got.State != want.State || got.Percent != want.Percent || got.Skipped != want.Skipped || !strings.HasPrefix(got.Failure, want.Failure) ||
			want.Consistency != "" && got.Consistency != want.Consistency {
			t.Errorf("%s: %+v", address, got)
		}
		_, err := c.ResumeCopy(t.Context(), id)
		if resumable := want.State != recovery.CopyWithWarnings; resumable == (err != nil) || !resumable && recovery.KindOf(err) != recovery.Invalid {
			t.Errorf("%s: resumed: %v", address, err)
		}
		if err == nil && status(t, c, id).State != recovery.CopyQueued {
			t.Errorf("%s: %+v after it was resumed", address, status(t, c, id))
		}
	}
}

func TestRefusedCopies(t *testing.T) {
	t.Parallel()
	c, fake, _ := newTenant(t, m365fake.Config{LooseIdentity: true})
	source, target := one(t, c, "brianj@contoso.com", false), one(t, c, "meganb@contoso.com", true)
	good := recovery.CopyOrder{Name: "R-1", Source: source.ExchangeGUID, Target: target.ExchangeGUID, Folder: "Restored"}
	const unknown = "11111111-2222-4333-8444-555555555555"
	for name, x := range map[string]struct {
		change func(*recovery.CopyOrder)
		kind   recovery.Kind
		detail string
	}{
		"the target lacks the address": {func(*recovery.CopyOrder) {}, recovery.Invalid, "LegacyExchangeDN"},
		"no source":                    {func(o *recovery.CopyOrder) { o.Source = unknown }, recovery.NotFound, "SourceMailbox"},
		"a live source":                {func(o *recovery.CopyOrder) { o.Source = one(t, c, "alexw@contoso.com", true).ExchangeGUID }, recovery.NotFound, "SourceMailbox"},
		"no target":                    {func(o *recovery.CopyOrder) { o.Target = unknown }, recovery.NotFound, "TargetMailbox"},
		"a deleted target":             {func(o *recovery.CopyOrder) { o.Target = one(t, c, "cameronw@contoso.com", false).ExchangeGUID }, recovery.NotFound, "TargetMailbox"},
		"into itself":                  {func(o *recovery.CopyOrder) { o.Target = strings.ToUpper(o.Source) }, recovery.Invalid, ""},
		"into its folders":             {func(o *recovery.CopyOrder) { o.Folder = "" }, recovery.Invalid, ""},
		"into an odd folder":           {func(o *recovery.CopyOrder) { o.Folder = " x" }, recovery.Invalid, ""},
		"from no archive":              {func(o *recovery.CopyOrder) { o.FromArchive = true }, recovery.Invalid, "ArchiveGuid"},
		"of an auto-expanding archive": {func(o *recovery.CopyOrder) { o.Source = one(t, c, "biggs@contoso.com", false).ExchangeGUID }, recovery.Invalid, ""},
	} {
		o := good
		x.change(&o)
		_, err := c.StartCopy(t.Context(), o)
		t.Log(name)
		wantKind(t, err, x.kind, x.detail)
	}
	if all, err := c.Copies(t.Context(), "R-1"); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	fake.SetCmdlet("New-MailboxRestoreRequest", false)
	_, err := c.StartCopy(t.Context(), good)
	wantKind(t, err, recovery.Forbidden, "New-MailboxRestoreRequest")
}

// TestACopyWhoseAnswerIsLost is found again by its name.
func TestACopyWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	s, lost := lossy(t, "New-MailboxRestoreRequest")
	o := order(t, s, "brianj@contoso.com", "meganb@contoso.com")
	_, err := s.StartCopy(t.Context(), o)
	wantKind(t, err, recovery.Unavailable, "")
	if n := lost.Load(); n != 1 {
		t.Errorf("sent %d times", n)
	}
	if all, err := s.Copies(t.Context(), o.Name); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestStatusAsItMayBeShown(t *testing.T) {
	t.Parallel()
	const id = "11111111-2222-4333-8444-555555555555"
	other := `{"RequestGuid":"99999999-2222-4333-8444-555555555555","Status":"Queued"}`
	for answer, want := range map[string]struct {
		kind recovery.Kind
		st   recovery.CopyStatus
	}{
		rows("", `{"RequestGuid":"`+strings.ToUpper(id)+`","Status":"inprogress"}`): {"", recovery.CopyStatus{State: recovery.CopyInProgress}},
		rows("", `{"RequestGuid":"`+id+`","Status":"Synced","PercentComplete":"95","ItemsTransferred":3.0,"BytesTransferred":"2 KB (2,048 bytes)","StatusDetail":{"x":1},"StartTimestamp":"then","FailureType":7,"FailureMessage":"No room.","Message":"No room.","LastFailure":null,"PercentDone":1}`): {
			"", recovery.CopyStatus{State: recovery.CopySynced, Percent: 95, Items: 3, Bytes: 2048, Failure: "No room."},
		},
		rows("", `{"RequestGuid":"`+id+`","Status":"Failed","PercentComplete":300,"FailureType":"A","Message":"B\nC","SourceExchangeGuid":"00000000-0000-0000-0000-000000000000"}`): {
			"", recovery.CopyStatus{State: recovery.CopyFailed, Percent: 100, Failure: "A: B C"},
		},
		rows("", `{"RequestGuid":"`+id+`","Status":"Done"}`):          {kind: recovery.Incomplete},
		rows("", `{"RequestGuid":"`+id+`"}`):                          {kind: recovery.Incomplete},
		rows("", `{"RequestGuid":"`+id+`","Status":"Queued"}`, other): {kind: recovery.Incomplete},
		rows("", other):  {kind: recovery.NotFound},
		rows(""):         {kind: recovery.NotFound},
		rows("", `{}`):   {kind: recovery.NotFound},
		rows("", `7`):    {kind: recovery.Incomplete},
		`{"value":null}`: {kind: recovery.Incomplete},
		`not JSON`:       {kind: recovery.Unavailable},
		"400 " + refused("|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|gone", `{}`): {kind: recovery.NotFound},
	} {
		s := script(t, map[string]string{"Get-MailboxRestoreRequestStatistics": answer})
		got, err := s.client.CopyStatus(t.Context(), id)
		got.ReadAt = time.Time{}
		if recovery.KindOf(err) != want.kind || !reflect.DeepEqual(got, want.st) {
			t.Errorf("%s: %+v, %v", answer, got, err)
		}
	}
}

func TestCopyFaults(t *testing.T) {
	t.Parallel()
	c, _, desk := newTenant(t, m365fake.Config{})
	o := order(t, c, "brianj@contoso.com", "meganb@contoso.com")
	for _, x := range []struct {
		fault fault.Fault
		kind  recovery.Kind
	}{
		{fault.Fault{Service: "exchange", Match: "InvokeCommand", Kind: fault.Throttle, Value: 9}, recovery.Throttled},
		{fault.Fault{Service: "exchange", Match: "InvokeCommand", Kind: fault.Status, Value: 500}, recovery.Unavailable},
		{fault.Fault{Service: "exchange", Match: "InvokeCommand", Kind: fault.Drop}, recovery.Unavailable},
	} {
		if err := desk.Add(x.fault); err != nil {
			t.Fatal(err)
		}
		if _, err := c.StartCopy(t.Context(), o); recovery.KindOf(err) != x.kind {
			t.Errorf("%+v: %v", x.fault, err)
		}
		desk.Clear()
	}
	if all, err := c.Copies(t.Context(), o.Name); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}
