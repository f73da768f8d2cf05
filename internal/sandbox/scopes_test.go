package sandbox

import (
	"os"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestScopesAreTheManifests(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../manifest.yml")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		OAuth struct {
			Scopes struct {
				Bot []string `yaml:"bot"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
	}
	if err := yaml.Unmarshal(b, &manifest); err != nil {
		t.Fatal(err)
	}
	want, got := manifest.OAuth.Scopes.Bot, scopes()
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 || !slices.Equal(want, got) {
		t.Errorf("the sandbox's app has the scopes %q, manifest.yml asks for %q", got, want)
	}
}
