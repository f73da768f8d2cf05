package m365fake

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// describedCmdlet is a cmdlet as Microsoft's reference has it.
type describedCmdlet struct {
	Parameters map[string]struct {
		Type   string
		Sets   map[string]bool // by parameter set: whether it is mandatory there
		Online *bool
	}
}

// cmdletReference reads Microsoft's reference of Exchange's cmdlets. It skips a test where that is not at hand.
func cmdletReference(t *testing.T) map[string]describedCmdlet {
	t.Helper()
	folder := os.Getenv("MAILBACK_CONTRACTS")
	if folder == "" {
		t.Skip("MAILBACK_CONTRACTS does not name the folder that holds exo-cmdlets.json, which is not part of this repository")
	}
	raw, err := os.ReadFile(filepath.Join(folder, "exo-cmdlets.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct{ Cmdlets map[string]describedCmdlet }
	if err := json.Unmarshal(raw, &reference); err != nil {
		t.Fatal(err)
	}
	return reference.Cmdlets
}
