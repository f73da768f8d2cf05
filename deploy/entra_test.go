package deploy

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	graphApp    = "00000003-0000-0000-c000-000000000000"
	exchangeApp = "00000002-0000-0ff1-ce00-000000000000"
)

// house is a folder in which entra.sh runs against a tenant of the stand-in.
type house struct {
	t    *testing.T
	dir  string
	path string
}

// newHouse makes a tenant with Microsoft's service principals. Their roles have other ids in each, so that a script that knew them would fail.
func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), path: t.TempDir()}
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, filepath.Join(h.path, "az"))
	}
	if err != nil {
		t.Fatal(err)
	}
	graph := &principal{ID: newID(), AppID: graphApp}
	for _, name := range append(named(table(t, "app role"), anyRow), "Directory.ReadWrite.All", "Mail.Send") {
		graph.Roles = append(graph.Roles,
			appRole{ID: newID(), Value: name, Enabled: false, Members: []string{"Application"}}, // an older one of that name
			appRole{ID: newID(), Value: name, Enabled: true, Members: []string{"User"}},
			appRole{ID: newID(), Value: name, Enabled: true, Members: []string{"Application"}})
	}
	exchange := &principal{ID: newID(), AppID: exchangeApp, Roles: []appRole{
		{ID: newID(), Value: "full_access_as_app", Enabled: true, Members: []string{"Application"}},
		{ID: newID(), Value: "Exchange.ManageAsApp", Enabled: true, Members: []string{"Application"}},
	}}
	h.save(&tenant{Principals: []*principal{graph, exchange}})
	return h
}

func (h *house) file() string { return filepath.Join(h.path, "tenant.json") }

func (h *house) save(state *tenant) {
	h.t.Helper()
	b, err := json.Marshal(state)
	if err == nil {
		err = os.WriteFile(h.file(), b, 0o600)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) tenant() *tenant {
	h.t.Helper()
	var state tenant
	b, err := os.ReadFile(h.file())
	if err == nil {
		err = json.Unmarshal(b, &state)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return &state
}

// change changes the tenant between two runs.
func (h *house) change(do func(*tenant)) {
	h.t.Helper()
	state := h.tenant()
	do(state)
	h.save(state)
}

// run runs entra.sh with these arguments.
func (h *house) run(args ...string) (stdout, stderr string, code int) {
	h.t.Helper()
	script, err := filepath.Abs("entra.sh")
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.CommandContext(h.t.Context(), "bash", append([]string{script}, args...)...)
	cmd.Dir = h.dir
	cmd.Env = []string{"PATH=" + h.path + ":" + os.Getenv("PATH"), "TMPDIR=" + h.t.TempDir(), azState + "=" + h.file()}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			h.t.Fatal(err)
		}
		code = exit.ExitCode()
	}
	return out.String(), errs.String(), code
}

// must runs entra.sh, which has to succeed.
func (h *house) must(args ...string) (stdout, stderr string) {
	h.t.Helper()
	stdout, stderr, code := h.run(args...)
	if code != 0 {
		h.t.Fatalf("entra.sh %q: %d\n%s%s", args, code, stdout, stderr)
	}
	return stdout, stderr
}

// granted are the names of the roles that the only application has, and that it says it needs; they have to be the same.
func (h *house) granted() []string {
	h.t.Helper()
	state := h.tenant()
	names := map[string]string{}
	for _, p := range state.Principals {
		for _, r := range p.Roles {
			names[p.ID+r.ID], names[p.AppID+r.ID] = r.Value, r.Value
		}
	}
	if len(state.Applications) != 1 || state.Applications[0].Audience != "AzureADMyOrg" {
		h.t.Fatalf("applications %+v", state.Applications)
	}
	app := state.Applications[0]
	var has, says []string
	for _, p := range state.Principals {
		if p.AppID == app.AppID {
			for _, g := range p.Grants {
				has = append(has, names[g.Resource+g.Role])
			}
		}
	}
	for _, r := range app.Required {
		for _, a := range r.Access {
			if a.Type != "Role" {
				h.t.Errorf("%s is asked for as a %s", names[r.AppID+a.ID], a.Type)
			}
			says = append(says, names[r.AppID+a.ID])
		}
	}
	if diff := cmp.Diff(sorted(has), sorted(says)); diff != "" {
		h.t.Errorf("-granted +said to be needed:\n%s", diff)
	}
	return sorted(has)
}

// changes counts the calls that changed something.
func (h *house) changes() int {
	n := 0
	for _, c := range h.tenant().Calls {
		if c.Changes {
			n++
		}
	}
	return n
}

// unchanged runs entra.sh a second time: it says the same and changes nothing.
func (h *house) unchanged(said string, args ...string) {
	h.t.Helper()
	before := h.changes()
	if again, _ := h.must(args...); again != said {
		h.t.Errorf("a second run said\n%s, the first\n%s", again, said)
	}
	if n := h.changes() - before; n != 0 {
		h.t.Errorf("a second run made %d changes: %v", n, h.tenant().Calls)
	}
}

// certificate writes a certificate with its private key, and gives the private key as it stands there.
func (h *house) certificate(name string) string {
	h.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mailback"}, NotBefore: time.Now(), NotAfter: time.Now().AddDate(2, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		h.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		h.t.Fatal(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	both := append(slices.Clone(secret), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	if err := os.WriteFile(filepath.Join(h.dir, name), both, 0o600); err != nil {
		h.t.Fatal(err)
	}
	return string(secret)
}

func TestEntraGrantsThePermissionsOfThePage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	said, _ := h.must()
	needed := sorted(append(named(table(t, "app role"), neededRow), "Exchange.ManageAsApp"))
	if diff := cmp.Diff(needed, h.granted()); diff != "" {
		t.Errorf("(-the page +entra.sh):\n%s", diff)
	}
	app := h.tenant().Applications[0]
	want := "AZURE_TENANT_ID=99999999-8888-7777-6666-555555555555\nAZURE_CLIENT_ID=" + app.AppID + "\n"
	if said != want {
		t.Errorf("it printed\n%s, want\n%s", said, want)
	}
	if len(app.Keys)+len(app.Passwords)+len(app.Federated) != 0 {
		t.Errorf("a credential that nobody asked for: %+v", app)
	}
	h.unchanged(said)
}

func TestEntraGrantsWhatIsOptionalOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	optional := named(table(t, "app role"), optionalRow)
	needed := named(table(t, "app role"), neededRow)
	h := newHouse(t)
	args := []string{"--no-exchange"}
	said, _ := h.must(args...)
	if diff := cmp.Diff(needed, h.granted()); diff != "" {
		t.Errorf("without Exchange (-want +got):\n%s", diff)
	}
	for i, role := range optional {
		args = append(args, "--with", role)
		h.must(args...)
		if diff := cmp.Diff(sorted(append(slices.Clone(needed), optional[:i+1]...)), h.granted()); diff != "" {
			t.Errorf("with %s (-want +got):\n%s", role, diff)
		}
	}
	h.unchanged(said, args...)
	if _, stderr, code := h.run("--with", "Mail.Send"); code == 0 || !strings.Contains(stderr, "Mail.Send is no optional permission") {
		t.Errorf("--with Mail.Send: %d %s", code, stderr)
	}
}

func TestEntraTellsOfPermissionsTooMany(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.must("--with", "Mail.ReadWrite")
	before := h.changes()
	_, stderr := h.must()
	if !strings.Contains(stderr, "It also has Mail.ReadWrite, which was not asked for") || strings.Count(stderr, "It also has") != 1 {
		t.Errorf("it said\n%s", stderr)
	}
	if h.changes() == before {
		t.Error("the application still says that it needs Mail.ReadWrite")
	}
}

func TestEntraUploadsTheCertificateAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	private := h.certificate("both.pem")
	said, stderr := h.must("--certificate", "both.pem")
	app := h.tenant().Applications[0]
	if len(app.Keys) != 1 || len(app.Passwords) != 0 {
		t.Fatalf("%+v", app)
	}
	block, rest := pem.Decode([]byte(app.Keys[0].Key))
	if block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) != 0 {
		t.Fatalf("it uploaded\n%s", app.Keys[0].Key)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if want := cert.NotAfter.UTC().Format("Jan _2 15:04:05 2006 GMT"); app.Keys[0].End != want {
		t.Errorf("it is to end at %q, and the certificate ends at %q", app.Keys[0].End, want)
	}
	if b, err := os.ReadFile(h.file()); err != nil || bytes.Contains(b, []byte(strings.Split(private, "\n")[1])) {
		t.Errorf("the private key left the machine (%v)", err)
	}
	if strings.Contains(said+stderr, "PRIVATE") {
		t.Error("the private key was printed")
	}
	h.unchanged(said, "--certificate", "both.pem")

	h.certificate("next.pem")
	h.must("--certificate", "next.pem")
	if keys := h.tenant().Applications[0].Keys; len(keys) != 2 || keys[0] != app.Keys[0] {
		t.Errorf("the next certificate has to stand beside the first: %+v", keys)
	}
}

func TestEntraTrustsAnIssuer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	args := []string{"--federated", "https://oidc.example.com/cluster/", "system:serviceaccount:mailback:mailback"}
	said, _ := h.must(args...)
	want := []federated{{Issuer: args[1], Subject: args[2], Audiences: []string{"api://AzureADTokenExchange"}}}
	got := h.tenant().Applications[0].Federated
	if len(got) != 1 || !strings.HasPrefix(got[0].Name, "mailback-") {
		t.Fatalf("%+v", got)
	}
	want[0].Name = got[0].Name
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h.unchanged(said, args...)
	h.must("--federated", args[1], "system:serviceaccount:other:mailback")
	if got := h.tenant().Applications[0].Federated; len(got) != 2 || got[0].Name == got[1].Name {
		t.Errorf("a second subject: %+v", got)
	}
}

func TestEntraKeepsTheSecretToItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	said, stderr := h.must("--secret", "client-secret")
	file := filepath.Join(h.dir, "client-secret")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimSpace(string(b))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v, want -rw-------", info, err)
	}
	if !strings.HasPrefix(secret, "s3cret~") || strings.Contains(said+stderr, secret) {
		t.Errorf("the file has %q; printed were\n%s%s", secret, said, stderr)
	}
	h.unchanged(said, "--secret", "client-secret")
	if again, err := os.ReadFile(file); err != nil || string(again) != string(b) {
		t.Errorf("a second run left %q, %v", again, err)
	}
	if said, _ := h.must("--secret", "-"); !strings.Contains(said, "\nAZURE_CLIENT_ID=") || !strings.HasPrefix(said, "AZURE_CLIENT_SECRET=s3cret~") {
		t.Errorf("asked to print it, it printed\n%s", said)
	}
	if n := len(h.tenant().Applications[0].Passwords); n != 2 {
		t.Errorf("%d secrets, want the one in the file and the printed one", n)
	}
}

// TestEntraWaitsForWhatItMade: Entra does not know everywhere at once what was just made.
func TestEntraWaitsForWhatItMade(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.change(func(state *tenant) { state.Unknown = 1 })
	h.must()
	if n := len(h.granted()); n < 5 {
		t.Errorf("%d roles granted", n)
	}
}

func TestEntraRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args   []string
		change func(*tenant)
		want   string
	}{
		"two of that name": {nil, func(s *tenant) {
			s.Applications = []*application{{ID: "1", AppID: "2", DisplayName: "Mailback"}, {ID: "3", AppID: "4", DisplayName: "Mailback"}}
		}, "there are 2 applications named Mailback"},
		"none of that id":   {[]string{"--client-id", "11111111-2222-3333-4444-555555555555"}, nil, "there is no application with the id"},
		"signed out":        {nil, func(s *tenant) { s.SignedOut = true }, "az login"},
		"no Exchange":       {nil, func(s *tenant) { s.Principals = s.Principals[:1] }, "--no-exchange leaves it out"},
		"a role is missing": {nil, func(s *tenant) { s.Principals[0].Roles = s.Principals[0].Roles[3:] }, "has no application permission"},
		"two credentials":   {[]string{"--secret", "x", "--certificate", "y"}, nil, "give one credential, not 2"},
		"a quote":           {[]string{"--name", "x' or 1 eq 1"}, nil, "--name: letters"},
		"a quoted subject":  {[]string{"--federated", "https://a.example/", `x","y":"`}, nil, "no quotation mark"},
		"plain http":        {[]string{"--federated", "http://a.example/", "x"}, nil, "https"},
		"no certificate":    {[]string{"--certificate", "/dev/null"}, nil, "there is no PEM certificate"},
		"unknown":           {[]string{"--force", "now"}, nil, "what does --force mean"},
		"no value":          {[]string{"--name"}, nil, "--name needs a value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			if c.change != nil {
				h.change(c.change)
			}
			stdout, stderr, code := h.run(c.args...)
			if code == 0 || stdout != "" || !strings.Contains(stderr, c.want) {
				t.Errorf("%d %q %q, want %q", code, stdout, stderr, c.want)
			}
		})
	}
}
