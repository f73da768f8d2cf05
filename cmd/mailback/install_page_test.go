package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailback/internal/racetest"
)

// shellBlocks are the page's fenced blocks that are marked sh.
func shellBlocks(page string) []string {
	var blocks []string
	for {
		_, rest, ok := strings.Cut(page, "\n```sh\n")
		if !ok {
			return blocks
		}
		block, after, _ := strings.Cut(rest, "\n```\n")
		blocks, page = append(blocks, block), after
	}
}

// TestInstallPage runs the commands of docs/install.md that need no account, one block after the other in one folder, as its readers do; TestMain
// has put a mailback into the PATH.
func TestInstallPage(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	if testing.Short() {
		t.Skip("it plays in the sandbox")
	}
	page, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := shellBlocks(string(page))
	if len(blocks) < 4 {
		t.Fatalf("the page has %d blocks marked sh", len(blocks))
	}
	dir := t.TempDir() // with what a release has
	deploy, err := filepath.Abs("../../deploy")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(deploy, filepath.Join(dir, "deploy")); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for _, block := range blocks {
		if strings.Contains(block, "mailback doctor") && !strings.Contains(usage, "\n  doctor ") {
			t.Logf("this build has no doctor: left out\n%s", block)
			continue
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", block)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + t.TempDir(), "MAILBACK_LISTEN=127.0.0.1:0"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s\nsaid\n%s", err, block, out)
		}
		said.Write(out)
	}
	for _, want := range []string{"mailback development (", "restored", "usage: deploy/entra.sh"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no block said %q:\n%s", want, said.String())
		}
	}
	info, err := os.Stat(filepath.Join(dir, "certificate.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the certificate with its key: %v, %v, want -rw-------", info, err)
	}
}
