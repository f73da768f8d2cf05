package exchange_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// parameter is one of a cmdlet's, as the reference describes it.
type parameter struct {
	Type   string
	Online *bool
	Values []string
}

// described is a cmdlet as the reference describes it; each syntax is a parameter set.
type described struct {
	Parameters map[string]parameter
	Syntax     []struct{ All, Mandatory []string }
}

// reference reads exo-cmdlets.json, which says what Microsoft's pages about the cmdlets say; nil where it is not there.
var reference = sync.OnceValues(func() (map[string]described, error) {
	folder := os.Getenv("MAILBACK_CONTRACTS")
	if folder == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(filepath.Join(folder, "exo-cmdlets.json"))
	if err != nil {
		return nil, err
	}
	var doc struct{ Cmdlets map[string]described }
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	all := unlisted()
	maps.Copy(all, doc.Cmdlets)
	return all, nil
})

// unlisted are the cmdlets that the file lacks, after their pages of the same reference (MicrosoftDocs/office-docs-powershell,
// exchange/exchange-ps/ExchangePowerShell/Get-RecipientPermission.md and Get-PendingDelicenseUser.md). Where the file has them, it counts.
func unlisted() map[string]described {
	return map[string]described{
		"Get-RecipientPermission": {
			Parameters: map[string]parameter{
				"Identity": {Type: "RecipientIdParameter"}, "AccessRights": {Type: "MultiValuedProperty"}, "ResultSize": {Type: "Unlimited"},
				"Trustee": {Type: "SecurityPrincipalIdParameter"}, "ReadFromDomainController": {Type: "SwitchParameter"},
			},
			Syntax: []struct{ All, Mandatory []string }{{All: []string{"Identity", "AccessRights", "ReadFromDomainController", "ResultSize", "Trustee"}}},
		},
		"Get-PendingDelicenseUser": {
			Parameters: map[string]parameter{"Identity": {Type: "RecipientIdParameter"}, "ResultSize": {Type: "Unlimited"}, "ShowDueObjectsOnly": {Type: "SwitchParameter"}},
			Syntax:     []struct{ All, Mandatory []string }{{All: []string{"Identity"}}, {All: []string{"ResultSize", "ShowDueObjectsOnly"}}},
		},
	}
}

// checked is a transport that holds every call of every test to the reference.
type checked struct{ t *testing.T }

func (c checked) RoundTrip(r *http.Request) (*http.Response, error) {
	all, err := reference()
	if err != nil {
		c.t.Errorf("the reference: %v", err)
	}
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		if fault := breach(all, body); all != nil && fault != "" {
			c.t.Errorf("%s: %s", fault, body)
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// breach says what is wrong with the call of a cmdlet, "" for nothing.
func breach(all map[string]described, body []byte) string {
	var in struct {
		CmdletInput struct {
			CmdletName string
			Parameters map[string]any
		}
	}
	if err := json.Unmarshal(body, &in); err != nil || in.CmdletInput.Parameters == nil {
		return "no CmdletInput with parameters"
	}
	cmdlet, ok := all[in.CmdletInput.CmdletName]
	if !ok {
		return "there is no such cmdlet"
	}
	var used []string
	for name, v := range in.CmdletInput.Parameters {
		p, ok := cmdlet.Parameters[name]
		switch {
		case !ok:
			return "there is no -" + name
		case p.Online != nil && !*p.Online:
			return "-" + name + " is not for Exchange Online"
		case !plausible(p, v):
			return fmt.Sprintf("-%s is a %s", name, p.Type)
		}
		used = append(used, name)
	}
	if in.CmdletInput.CmdletName == "New-MailboxRestoreRequest" {
		// The pages show -SourceMailbox with -TargetMailbox, which none of the documented parameter sets allows alone.
		if !slices.Contains(used, "SourceMailbox") || !slices.Contains(used, "TargetMailbox") {
			return "a source and a target are needed"
		}
		return ""
	}
	for _, set := range cmdlet.Syntax {
		if within(used, set.All) && within(set.Mandatory, used) {
			return ""
		}
	}
	return "the parameters fit no parameter set"
}

func within(some, all []string) bool {
	return !slices.ContainsFunc(some, func(x string) bool { return !slices.Contains(all, x) })
}

// plausible says whether a JSON value can be of a parameter's type.
func plausible(p parameter, v any) bool {
	s, isText := v.(string)
	switch p.Type {
	case "SwitchParameter", "Boolean":
		_, ok := v.(bool)
		return ok
	case "Int32":
		_, ok := v.(float64)
		return ok
	case "Unlimited":
		_, ok := v.(float64)
		return ok || s == "Unlimited"
	case "Guid":
		return uuid.Validate(s) == nil
	case "DateTime":
		at, err := time.Parse(time.RFC3339, s)
		return err == nil && at.Location() == time.UTC
	case "ProxyAddressCollection":
		table, ok := v.(map[string]any)
		return ok && table["@odata.type"] == "#Exchange.GenericHashTable"
	}
	return isText && strings.TrimSpace(s) != "" && (len(p.Values) == 0 || slices.Contains(p.Values, s))
}

// TestTheContractIsHeld says whether the calls of the other tests are held to the reference, and that a wrong one would show.
func TestTheContractIsHeld(t *testing.T) {
	t.Parallel()
	all, err := reference()
	if err != nil {
		t.Fatal(err)
	}
	if all == nil {
		t.Skip("MAILBACK_CONTRACTS does not name the folder that holds exo-cmdlets.json, which is not part of this repository")
	}
	call := func(name, parameters string) []byte {
		return []byte(`{"CmdletInput":{"CmdletName":"` + name + `","Parameters":` + parameters + `}}`)
	}
	for body, want := range map[string]string{
		string(call("Get-Mailbox", `null`)):                                              "no CmdletInput",
		string(call("Get-Nothing", `{}`)):                                                "no such cmdlet",
		string(call("Get-Mailbox", `{"Identiy":"x"}`)):                                   "no -Identiy",
		string(call("Get-Mailbox", `{"Identity":" "}`)):                                  "-Identity is a",
		string(call("Get-Mailbox", `{"Identity":"x","SoftDeletedMailbox":"true"}`)):      "-SoftDeletedMailbox is a SwitchParameter",
		string(call("Get-MailboxStatistics", `{}`)):                                      "no parameter set",
		string(call("Get-MailboxStatistics", `{"Identity":"x","NoADLookup":true}`)):      "not for Exchange Online",
		string(call("Get-MailboxRestoreRequest", `{"Identity":"x","Name":"y"}`)):         "no parameter set",
		string(call("Get-RecoverableItems", `{"Identity":"x","FilterEndTime":"today"}`)): "-FilterEndTime is a DateTime",
		string(call("New-MailboxRestoreRequest", `{"SourceMailbox":"x"}`)):               "a target",
		string(call("Set-Mailbox", `{"Identity":"x","EmailAddresses":{"Add":"y"}}`)):     "-EmailAddresses is a",
	} {
		if got := breach(all, []byte(body)); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}
