package deploy

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// instruction is one of the container file, such as USER with its arguments and flags.
type instruction struct {
	name  string
	args  []string
	flags []string
}

// stages are the container file's, each from its FROM on, read by BuildKit's parser.
func stages(t *testing.T) [][]instruction {
	t.Helper()
	got, err := parser.Parse(strings.NewReader(read(t, "Containerfile")))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range got.Warnings {
		t.Errorf("%s", w.Short)
	}
	var all [][]instruction
	for _, node := range got.AST.Children {
		i := instruction{name: strings.ToUpper(node.Value), flags: node.Flags}
		for n := node.Next; n != nil; n = n.Next {
			i.args = append(i.args, n.Value)
		}
		if i.name == "FROM" {
			all = append(all, nil)
		}
		if len(all) == 0 {
			t.Fatalf("%s before the first FROM", i.name)
		}
		all[len(all)-1] = append(all[len(all)-1], i)
	}
	return all
}

// of gives the instructions of a name.
func of(stage []instruction, name string) []instruction {
	return slices.DeleteFunc(slices.Clone(stage), func(i instruction) bool { return i.name != name })
}

// buildFlags are what is passed to go build, the same in the Makefile, the container file and a release: without the release's name.
func buildFlags(t *testing.T) (flags, ldflags string) {
	t.Helper()
	m := regexp.MustCompile(`(?m)^\tCGO_ENABLED=0 go build (\S+) -ldflags "(.*)main\.release=\$\(RELEASE\)" -o \S+ \./cmd/mailback$`).FindStringSubmatch(read(t, "../Makefile"))
	if m == nil {
		t.Fatal("the Makefile's go build is another")
	}
	return m[1], m[2]
}

func TestContainer(t *testing.T) {
	t.Parallel()
	all := stages(t)
	if len(all) != 2 {
		t.Fatalf("%d stages", len(all))
	}
	build, final := all[0], all[1]
	if got := final[0].args; !slices.Equal(got, []string{"scratch"}) {
		t.Errorf("the image is made from %q", got)
	}
	goVersion := regexp.MustCompile(`(?m)^go (1\.\d+)`).FindStringSubmatch(read(t, "../go.mod"))[1]
	if got := build[0].args; len(got) != 3 || got[0] != "docker.io/library/golang:"+goVersion {
		t.Errorf("it is built with %q, and go.mod says %s", got, goVersion)
	}
	flags, ldflags := buildFlags(t)
	want := "CGO_ENABLED=0 go build " + flags + ` -ldflags "` + ldflags + `main.release=${RELEASE}" -o /out/mailback ./cmd/mailback`
	if !slices.ContainsFunc(of(build, "RUN"), func(i instruction) bool { return strings.HasPrefix(strings.Join(i.args, " "), want) }) {
		t.Errorf("no RUN begins with\n%s", want)
	}
	users := of(final, "USER")
	if len(users) != 1 || len(users[0].args) != 1 || !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(users[0].args[0]) {
		t.Fatalf("USER %+v: a number that is not root's, which Kubernetes can check", users)
	}
	for name, want := range map[string][]string{"ENTRYPOINT": {"/usr/bin/mailback", "serve"}, "VOLUME": {"/data"}, "WORKDIR": {"/data"}} {
		if got := of(final, name); len(got) != 1 || !slices.Equal(got[0].args, want) {
			t.Errorf("%s %+v, want %q", name, got, want)
		}
	}
	if n := len(of(final, "RUN")) + len(of(final, "ADD")) + len(of(final, "ENV")) + len(of(final, "CMD")); n != 0 {
		t.Errorf("%d instructions that do not belong into the image: %+v", n, final)
	}
	copied := map[string]bool{}
	for _, i := range of(final, "COPY") {
		if !slices.Contains(i.flags, "--from=build") {
			t.Errorf("COPY %q is not from the build", i.args)
		}
		to := i.args[len(i.args)-1]
		copied[to] = true
		if owner := "--chown=" + users[0].args[0]; to == "/data" && !slices.Contains(i.flags, owner) {
			t.Errorf("/data does not belong to the user: %q, want %s", i.flags, owner)
		}
	}
	for _, file := range []string{"/usr/bin/mailback", "/etc/ssl/certs/ca-certificates.crt", "/data"} { // where Go looks (crypto/x509 root_linux.go)
		if !copied[file] {
			t.Errorf("the image has no %s", file)
		}
	}
}

// TestNoSecretsInTheBuild: what people keep beside the checkout does not go into the build's context.
func TestNoSecretsInTheBuild(t *testing.T) {
	t.Parallel()
	ignored := strings.Split(read(t, "../.dockerignore"), "\n")
	for _, want := range []string{".env", "*.env", "*.pem", "*.db"} {
		if !slices.Contains(ignored, want) {
			t.Errorf(".dockerignore does not have %s", want)
		}
	}
}
