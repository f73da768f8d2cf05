package deploy

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// included are permissions that the code names as the least of a call, and that another one of the table brings along
// (microsoftgraph/microsoft-graph-devx-content permissions.json).
func included() map[string]string {
	return map[string]string{
		"LicenseAssignment.Read.All": "LicenseAssignment.ReadWrite.All", "Mail.ReadBasic.All": "Mail.ReadWrite", "Mail.Read": "Mail.ReadWrite",
	}
}

var roleName = regexp.MustCompile(`^[A-Z][A-Za-z]+(\.[A-Z][A-Za-z]+){1,3}$`)

func TestThePageHasThePermissionsOfTheCode(t *testing.T) {
	t.Parallel()
	want := []string{}
	for _, role := range literals(t, "../recovery/graph", func(s string) bool {
		return roleName.MatchString(s) && (strings.Contains(s, ".Read") || strings.HasSuffix(s, ".All"))
	}) {
		if by, ok := included()[role]; ok {
			role = by
		}
		want = append(want, role)
	}
	if diff := cmp.Diff(sorted(want), named(table(t, "app role"), anyRow)); diff != "" {
		t.Errorf("app roles (-the code's +the page's):\n%s", diff)
	}
}

func TestThePageHasTheCmdletsOfTheCode(t *testing.T) {
	t.Parallel()
	cmdlet := regexp.MustCompile(`^(Get|Set|New|Remove|Resume|Suspend|Restore|Undo|Add|Enable|Disable)-[A-Z][A-Za-z]+$`)
	want := literals(t, "../recovery/exchange", cmdlet.MatchString)
	if diff := cmp.Diff(want, named(table(t, "cmdlets"), anyRow)); diff != "" {
		t.Errorf("cmdlets (-the code's +the page's):\n%s", diff)
	}
}

func TestThePageHasTheScopesOfTheManifest(t *testing.T) {
	t.Parallel()
	var manifest struct {
		OAuth struct {
			Scopes struct {
				Bot []string `json:"bot"`
			} `json:"scopes"`
		} `json:"oauth_config"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "../manifest.yml")), &manifest); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sorted(manifest.OAuth.Scopes.Bot), named(table(t, "scope"), anyRow)); diff != "" {
		t.Errorf("scopes (-the manifest's +the page's):\n%s", diff)
	}
}

// list gives the strings of a PowerShell array, $name = @( '…' … ).
func list(t *testing.T, script, name string) []string {
	t.Helper()
	_, rest, ok := strings.Cut(script, "\n$"+name+" = @(\n")
	if !ok {
		t.Fatalf("the script has no list $%s", name)
	}
	body, _, _ := strings.Cut(rest, "\n)")
	var names []string
	for line := range strings.Lines(body) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "'")
		name, closed := strings.CutSuffix(name, "'")
		if !ok || !closed {
			t.Fatalf("%q is no string of $%s", line, name)
		}
		names = append(names, name)
	}
	return sorted(names)
}

// TestPowerShellGrantsThePermissionsOfThePage: there is no PowerShell to run the scripts with, so what they name is compared.
func TestPowerShellGrantsThePermissionsOfThePage(t *testing.T) {
	t.Parallel()
	script := read(t, "entra.ps1")
	if diff := cmp.Diff(named(table(t, "app role"), neededRow), list(t, script, "neededRoles")); diff != "" {
		t.Errorf("needed roles (-the page's +entra.ps1's):\n%s", diff)
	}
	if got := list(t, script, "exchangeRoles"); !slices.Equal(got, []string{"Exchange.ManageAsApp"}) {
		t.Errorf("roles in Exchange: %q", got)
	}
	set := regexp.MustCompile(`\[ValidateSet\('([^)]*)'\)\]\s+\[string\[\]\]\$With\b`).FindStringSubmatch(script)
	if set == nil {
		t.Fatal("-With takes anything")
	}
	if diff := cmp.Diff(named(table(t, "app role"), optionalRow), sorted(strings.Split(set[1], "', '"))); diff != "" {
		t.Errorf("optional roles (-the page's +entra.ps1's):\n%s", diff)
	}
}

func TestPowerShellTrimsRolesToTheCmdletsOfThePage(t *testing.T) {
	t.Parallel()
	script := read(t, "exchange.ps1")
	if diff := cmp.Diff(named(table(t, "cmdlets"), anyRow), list(t, script, "cmdlets")); diff != "" {
		t.Errorf("cmdlets (-the page's +exchange.ps1's):\n%s", diff)
	}
}

// TestPowerShellChangesAfterShouldProcess: each cmdlet that changes something stands behind ShouldProcess, in its line or in a block that it
// opens, so that -WhatIf changes nothing.
func TestPowerShellChangesAfterShouldProcess(t *testing.T) {
	t.Parallel()
	change := regexp.MustCompile(`(?:^|[\s({])((?:New-Mg|Update-Mg|Add-Mg|New-Management|New-RoleGroup|New-ServicePrincipal|Add-RoleGroupMember)[A-Za-z]*) +-`)
	for _, name := range []string{"entra.ps1", "exchange.ps1"} {
		_, script, _ := strings.Cut(read(t, name), "$ErrorActionPreference")
		var open []bool // of each block around the line, whether it is entered only if ShouldProcess said so
		passed := false // a line before, at this depth, returned or broke off unless ShouldProcess said so
		changes := 0
		for line := range strings.Lines(script) {
			asks := strings.Contains(line, "ShouldProcess(")
			passed = passed && len(open) > 0 || asks && (strings.Contains(line, "return }") || strings.Contains(line, "break }"))
			if m := change.FindStringSubmatch(line); m != nil && !strings.Contains(line, "Get-Command "+m[1]) {
				changes++
				if !asks && !passed && !slices.Contains(open, true) {
					t.Errorf("%s: %s is run with -WhatIf too", name, m[1])
				}
			}
			for _, r := range line {
				switch {
				case r == '{':
					open = append(open, asks)
				case r == '}' && len(open) > 0:
					open = open[:len(open)-1]
				}
			}
		}
		if changes < 5 || len(open) != 0 {
			t.Errorf("%s: %d changes found, %d blocks are open at the end", name, changes, len(open))
		}
	}
}

// TestNoRoleIsTypedIn: ids of roles are looked up by name; the only ids in a script are those of Microsoft's own applications and, in the
// examples, those that nobody has.
func TestNoRoleIsTypedIn(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)
	known := []string{
		"00000003-0000-0000-c000-000000000000", "00000002-0000-0ff1-ce00-000000000000",
		"11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000",
	}
	for _, name := range []string{"entra.sh", "entra.ps1", "exchange.ps1"} {
		for _, found := range id.FindAllString(read(t, name), -1) {
			if !slices.Contains(known, found) {
				t.Errorf("%s: what is %s?", name, found)
			}
		}
	}
}
