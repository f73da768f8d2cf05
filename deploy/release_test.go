package deploy

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// release is .goreleaser.yaml, as far as it is used (goreleaser.com/customization); a field that is not here is an error.
type release struct {
	Version int    `json:"version"`
	Project string `json:"project_name"`
	Builds  []struct {
		ID        string              `json:"id"`
		Main      string              `json:"main"`
		Binary    string              `json:"binary"`
		Env       []string            `json:"env"`
		Flags     []string            `json:"flags"`
		LDFlags   []string            `json:"ldflags"`
		Timestamp string              `json:"mod_timestamp"`
		Systems   []string            `json:"goos"`
		Archs     []string            `json:"goarch"`
		Ignore    []map[string]string `json:"ignore"`
	} `json:"builds"`
	Archives []struct {
		IDs       []string `json:"ids"`
		Formats   []string `json:"formats"`
		Name      string   `json:"name_template"`
		Files     []string `json:"files"`
		Overrides []struct {
			System  string   `json:"goos"`
			Formats []string `json:"formats"`
		} `json:"format_overrides"`
	} `json:"archives"`
	Checksum struct {
		Name      string `json:"name_template"`
		Algorithm string `json:"algorithm"`
	} `json:"checksum"`
	SBOMs []struct {
		ID        string `json:"id"`
		Artifacts string `json:"artifacts"`
	} `json:"sboms"`
	Changelog struct {
		Disable bool `json:"disable"`
	} `json:"changelog"`
	Release struct {
		Draft bool `json:"draft"`
	} `json:"release"`
}

func TestRelease(t *testing.T) {
	t.Parallel()
	var r release
	if err := strictYAML(read(t, "../.goreleaser.yaml"), &r); err != nil {
		t.Fatal(err)
	}
	if r.Version != 2 || len(r.Builds) != 1 || len(r.Archives) != 1 {
		t.Fatalf("%+v", r)
	}
	flags, ldflags := buildFlags(t)
	b := r.Builds[0]
	if want := ldflags + "main.release={{ .Tag }}"; b.Main != "./cmd/mailback" || !slices.Equal(b.Flags, []string{flags}) || !slices.Equal(b.LDFlags, []string{want}) {
		t.Errorf("%s is built with %q and %q, want those of the Makefile, %s and %s", b.Main, b.Flags, b.LDFlags, flags, want)
	}
	if !slices.Equal(b.Env, []string{"CGO_ENABLED=0"}) || b.Timestamp != "{{ .CommitTimestamp }}" {
		t.Errorf("env %q, time %q: a release is static, and the same however often it is built", b.Env, b.Timestamp)
	}
	if !slices.Contains(b.Systems, "linux") || !slices.Contains(b.Archs, "amd64") || !slices.Contains(b.Archs, "arm64") {
		t.Errorf("systems %q, processors %q", b.Systems, b.Archs)
	}
	if r.Checksum.Algorithm != "sha256" || r.Checksum.Name == "" {
		t.Errorf("checksum %+v", r.Checksum)
	}
	if len(r.SBOMs) != 1 || r.SBOMs[0].Artifacts != "archive" {
		t.Errorf("sboms %+v", r.SBOMs)
	}
	a := r.Archives[0]
	if !slices.Equal(a.IDs, []string{b.ID}) {
		t.Errorf("the archive has %q, and the build is %s", a.IDs, b.ID)
	}
	for _, pattern := range a.Files {
		if found, err := filepath.Glob(filepath.Join("..", pattern)); err != nil || len(found) == 0 {
			t.Errorf("the archive is to have %s, which is not there (%v)", pattern, err)
		}
	}
	for _, file := range []string{"LICENSE", "README.md", "manifest.yml", ".env.example", "deploy/mailback.service", "deploy/entra.sh", "deploy/entra.ps1", "deploy/exchange.ps1"} {
		if !slices.Contains(a.Files, file) {
			t.Errorf("the archive has no %s, which docs/install.md wants", file)
		}
	}
	if !strings.Contains(a.Name, "{{ .Version }}") {
		t.Errorf("name %q", a.Name)
	}
}
