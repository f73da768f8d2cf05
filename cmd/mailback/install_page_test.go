package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailback/internal/racetest"
)

// notInstalled are the blocks of docs/install.md that are not run, by their first lines, with the reasons.
func notInstalled() map[string]string {
	return map[string]string{
		"$ az login --allow-no-subscriptions":                                        "needs a tenant; deploy/ tests the script against a stand-in of az",
		"PS> ./deploy/entra.ps1 -Certificate public.pem -WhatIf":                     "needs a tenant and PowerShell",
		"PS> Connect-ExchangeOnline":                                                 "needs a tenant and PowerShell",
		"$ cat mailback.env":                                                         "has the ids and secrets of a tenant and a workspace",
		"$ (set -a; . ./mailback.env; mailback serve)":                               "the same",
		"$ (set -a; . ./mailback.env; mailback doctor --drill practice@contoso.com)": "needs a tenant",
		"$ mailback sandbox --services-only --env-file sandbox.env &":                "a drill asks a person at a terminal: TestDrill answers it",
		"# install -m 755 bin/mailback /usr/local/bin/":                              "needs root and systemd",
		"$ podman build -f deploy/Containerfile -t mailback .":                       "needs podman",
		"$ kubectl create secret generic mailback --from-file=slack-bot-token --from-file=slack-app-token --from-file=certificate.pem --from-file=database-url": "needs a cluster",
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
	blocks := leaveOut(t, pageBlocks(t, "install.md"), notInstalled())
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
	reader := shell{dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + t.TempDir(), "MAILBACK_LISTEN=127.0.0.1:0"}}
	var said strings.Builder
	for _, block := range blocks {
		said.WriteString(reader.run(t, block.text))
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
