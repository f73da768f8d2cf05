package exchange

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mailback/recovery"
)

// reads checks how JSON texts are read; those that want nil cannot be.
func reads[T comparable](t *testing.T, all map[string]*T) {
	t.Helper()
	for raw, want := range all {
		var got T
		err := json.Unmarshal([]byte(raw), &got)
		if (err == nil) != (want != nil) || err == nil && got != *want {
			t.Errorf("%s: %v, %v", raw, got, err)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	reads(t, map[string]*size{
		`"99 GB (106,300,440,576 bytes)"`: new(size(106_300_440_576)), `"1,5 GB (1.610.612.736 bytes)"`: new(size(1_610_612_736)), `"0 B (0 bytes)"`: new(size(0)),
		`2048`:    new(size(2048)),
		`"99 GB"`: nil, `"99 GB (x bytes)"`: nil, `"(12 blocks)"`: nil, `"(-5 bytes)"`: nil, `{}`: nil, `"Unlimited"`: nil, `null`: nil, `""`: nil,
	})
	reads(t, map[string]*quota{
		`"99 GB (106,300,440,576 bytes)"`: new(quota(106_300_440_576)), `2048`: new(quota(2048)), `"Unlimited"`: new(quota(recovery.Unlimited)),
		`null`: new(quota(0)), `""`: new(quota(0)), `"99 GB"`: nil, `{}`: nil,
	})
	reads(t, map[string]*span{
		`"14.00:00:00"`: new(span(14 * 24 * time.Hour)), `"30.12:30:15.5"`: new(span(30*24*time.Hour + 12*time.Hour + 30*time.Minute + 15*time.Second)),
		`"00:05:00"`: new(span(5 * time.Minute)), `"00:05:00.25"`: new(span(5 * time.Minute)), `""`: new(span(0)), `null`: new(span(0)), `"14 days"`: nil, `"-1.00:00:00"`: nil, `14`: nil,
	})
	reads(t, map[string]*count{`7`: new(count(7)), `"7"`: new(count(7)), `7.0`: new(count(7)), `null`: new(count(0)), `-1`: nil, `"x"`: nil, `1e300`: nil})
	reads(t, map[string]*flag{`true`: new(flag(true)), `"True"`: new(flag(true)), `"False"`: new(flag(false)), `null`: new(flag(false)), `"yes"`: nil})
	reads(t, map[string]*lenient[count]{`7`: {7}, `"x"`: {}, `{}`: {}, `null`: {}})
}

// TestNoBodyWithoutAnIdentity tries what no method does: it is refused all the same.
func TestNoBodyWithoutAnIdentity(t *testing.T) {
	t.Parallel()
	for _, about := range []map[string]identity{nil, {}, {"Identity": {}}} {
		body, err := command{name: "Get-Mailbox", about: about, with: map[string]any{"ResultSize": 1}}.body()
		if recovery.KindOf(err) != recovery.Invalid || body != nil {
			t.Errorf("%s, %v", body, err)
		}
	}
	body, err := command{name: "X", about: map[string]identity{"Identity": {"a"}}}.body()
	if err != nil || !strings.Contains(string(body), `"Parameters":{"Identity":"a"}`) {
		t.Errorf("%s, %v", body, err)
	}
}

func TestGrantsAreGathered(t *testing.T) {
	t.Parallel()
	got := granted([]right{
		{User: `NT AUTHORITY\SELF`, Rights: texts{"FullAccess"}},
		{User: "S-1-5-10", Rights: texts{"FullAccess"}},
		{User: "b@contoso.com", Rights: texts{"FullAccess"}, Inherited: true},
		{User: "c@contoso.com", Rights: texts{"FullAccess"}, Deny: true},
		{Trustee: "d@contoso.com", Rights: texts{"SendAs"}, Control: "Deny"},
		{Rights: texts{"SendAs"}},
		{User: "S-1-5-21-1-2-3-4", Rights: texts{"FullAccess"}},
		{User: "a@contoso.com", Rights: texts{"FullAccess", "ReadPermission"}},
		{Trustee: "A@contoso.com", Rights: texts{"SendAs", "FullAccess"}, Control: "Allow"},
	})
	if text, err := json.Marshal(got); err != nil || string(text) != `[{"who":"a@contoso.com","rights":["FullAccess","ReadPermission","SendAs"]},{"who":"S-1-5-21-1-2-3-4","rights":["FullAccess"]}]` {
		t.Errorf("%s, %v", text, err)
	}
}
