package m365fake

import (
	"testing"
	"time"
)

func TestAnotherHandOnCopies(t *testing.T) {
	t.Parallel()
	st := tame(t)
	st.SetCopyTime(10 * time.Minute)
	guid := st.copyOf("brianj", "meganb")
	st.clock.advance(6 * time.Minute)
	if err := st.SuspendCopy("meganb@contoso.com", "not now"); err != nil {
		t.Fatal(err)
	}
	st.clock.advance(time.Hour)
	s := st.statistics(guid)
	if p := s["PercentComplete"].(float64); s["Status"] != "Suspended" || s["Message"] != "Informational: not now" || p < 45 || p > 55 {
		t.Errorf("suspended by another hand: %v", s)
	}
	st.wantStatus(st.anchored("Resume-MailboxRestoreRequest", params{"Identity": guid}), 200)
	if s := st.statistics(guid); s["Status"] != "Queued" || s["Message"] != "" {
		t.Errorf("resumed: %v, %v", s["Status"], s["Message"])
	}
	if err := st.RemoveCopy("meganb@contoso.com"); err != nil {
		t.Fatal(err)
	}
	if r := st.run("Get-MailboxRestoreRequest", params{}, ""); len(r.rows()) != 0 {
		t.Errorf("removed by another hand: %s", r.raw)
	}
	if m := st.mailboxNow(liveID("meganb")); m["RestoreRequestCount"] != 1 {
		t.Errorf("the removed one does not count: %v", m["RestoreRequestCount"])
	}
	for _, err := range []error{st.SuspendCopy("meganb@contoso.com", ""), st.RemoveCopy("alexw@contoso.com"), st.RemoveCopy("nobody@contoso.com"), st.TakeCopyName("meganb@contoso.com")} {
		if err == nil {
			t.Error("done though there is nothing to do it to")
		}
	}
}

func TestNameTakenByAnotherHand(t *testing.T) {
	t.Parallel()
	st := tame(t)
	if err := st.TakeCopyName("cameronw@contoso.com"); err != nil {
		t.Fatal(err)
	}
	order := params{"SourceMailbox": orphanID("brianj"), "TargetMailbox": "meganb", "Name": "Mailback R-1", "AllowLegacyDNMismatch": true}
	st.refused("New-MailboxRestoreRequest", order, "The name must be unique per mailbox.")
	rows := st.run("Get-MailboxRestoreRequest", params{"Name": "Mailback R-1"}, "").rows()
	if len(rows) != 1 || rows[0]["Status"] != "Suspended" {
		t.Fatalf("the other's request: %v", rows)
	}
	if s := st.statistics(rows[0]["RequestGuid"].(string)); s["SourceExchangeGuid"] != orphanID("cameronw") || s["TargetExchangeGuid"] != liveID("meganb") {
		t.Errorf("it is of %v and %v", s["SourceExchangeGuid"], s["TargetExchangeGuid"])
	}
	order["Name"] = "Mailback R-2"
	st.wantStatus(st.anchored("New-MailboxRestoreRequest", order), 200) // once
}
