package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/internal/racetest"
	"mailback/internal/slackfake"
	"mailback/recovery/store/pgtest"
)

// signingIn is a credential that follows its files, and the Entra that it signs in to. Tokens are so short that each one asked for is a sign-in.
type signingIn struct {
	*followed

	t     *testing.T
	dir   string
	entra *m365fake.Server
	log   logTail

	mu    sync.Mutex
	ahead time.Duration
	used  []string // the client secret of each sign-in
}

// newSigningIn makes one of files, which are given by the settings that name them.
func newSigningIn(t *testing.T, files map[string]string) *signingIn {
	t.Helper()
	i := &signingIn{t: t, dir: t.TempDir()}
	var err error
	if i.entra, err = m365fake.New(m365fake.Config{TokenLifetime: time.Minute}); err != nil {
		t.Fatal(err)
	}
	app := i.entra.App()
	s := settings{AzureTenantID: app.TenantID, AzureClientID: app.ClientID, AzureAuthorityHost: "https://login.microsoftonline.com/", Cloud: "public"}
	for name, content := range files {
		i.write(name, content)
		t.Setenv(name, filepath.Join(i.dir, name))
	}
	if faults := fileSecrets(); len(faults) > 0 {
		t.Fatal(faults)
	}
	t.Cleanup(func() { _ = os.Unsetenv("AZURE_CLIENT_SECRET") })
	t.Cleanup(func() { _ = os.Unsetenv("AZURE_CLIENT_CERTIFICATE_PASSWORD") })
	s.AzureClientSecret, s.AzureCertificatePath = os.Getenv("AZURE_CLIENT_SECRET"), os.Getenv("AZURE_CLIENT_CERTIFICATE_PATH")
	s.AzureCertificatePassword = os.Getenv("AZURE_CLIENT_CERTIFICATE_PASSWORD")
	now := func() time.Time {
		i.mu.Lock()
		defer i.mu.Unlock()
		return time.Now().Add(i.ahead)
	}
	if i.followed, err = s.follow(handlers{"login.microsoftonline.com": http.HandlerFunc(i.login)}, now, slog.New(slog.NewTextHandler(&i.log, nil))); err != nil {
		t.Fatal(err)
	}
	return i
}

// login is Entra, where somebody writes down what is signed in with.
func (i *signingIn) login(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err == nil && r.PostForm.Get("client_secret") != "" {
		i.mu.Lock()
		i.used = append(i.used, r.PostForm.Get("client_secret"))
		i.mu.Unlock()
	}
	i.entra.LoginHandler().ServeHTTP(w, r)
}

func (i *signingIn) write(name, content string) {
	i.t.Helper()
	if err := os.WriteFile(filepath.Join(i.dir, name), []byte(content), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

// works signs in, and says with what; with a secret it says which ones were tried, one after the other.
func (i *signingIn) works(want ...string) {
	i.t.Helper()
	i.mu.Lock()
	i.used = nil
	i.mu.Unlock()
	token, err := i.GetToken(i.t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
	if err != nil || token.Token == "" {
		i.t.Errorf("no token: %v", err)
	}
	if !slices.Equal(i.used, want) {
		i.t.Errorf("signed in with %q, want %q", i.used, want)
	}
}

// fails signs in, and holds that the error says so.
func (i *signingIn) fails(want string) {
	i.t.Helper()
	token, err := i.GetToken(i.t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
	if err == nil || !strings.Contains(err.Error(), want) || token.Token != "" {
		i.t.Errorf("error %v, want %s", err, want)
	}
}

// logged counts the lines of the log that match.
func (i *signingIn) logged(pattern string, want int) {
	i.t.Helper()
	text := i.log.String()
	if n := len(regexp.MustCompile(pattern).FindAllString(text, -1)); n != want {
		i.t.Errorf("%d lines match %s, want %d:\n%s", n, pattern, want, text)
	}
}

const (
	saysUnusable = `level=WARN msg="the sign-in's file has changed and cannot be used`
	saysRefused  = `level=WARN msg="the sign-in's file has changed and Microsoft does not take what is new`
	saysTaken    = `level=INFO msg="the sign-in's file has changed, and what is new is in use`
)

func TestTheSignInFollowsItsSecret(t *testing.T) {
	const file = "AZURE_CLIENT_SECRET_FILE"
	i := newSigningIn(t, map[string]string{file: "one\n"})
	i.entra.SetSecrets("one")
	i.works("one")
	i.write(file, " \n")
	i.works("one")
	i.works("one")
	i.logged(saysUnusable+`.*AZURE_CLIENT_SECRET_FILE: the file is empty`, 1)
	if err := os.Remove(filepath.Join(i.dir, file)); err != nil {
		t.Fatal(err)
	}
	i.works("one")
	i.works("one")
	i.logged(saysUnusable+`.*no such file`, 1)
	i.write(file, "tw") // half written
	i.works("tw", "one")
	i.works("one")
	i.logged(saysRefused+`.*AADSTS7000215`, 1)
	i.entra.SetSecrets("one", "two")
	i.write(file, "two\n")
	i.works("two")
	i.logged(saysTaken, 1)
	i.entra.SetSecrets("two")
	i.works("two")

	i.write(file, "three") // before Entra knows it
	i.works("three", "two")
	i.works("two")
	i.mu.Lock()
	i.ahead += triesAgain
	i.mu.Unlock()
	i.works("three", "two")
	i.works("two")
	i.entra.SetSecrets("three")
	i.works("two", "three") // at once, though it was refused a moment ago
	i.works("three")
	i.logged(saysTaken, 2)

	i.entra.SetSecrets()
	i.fails("AADSTS7000215")
	i.write(file, "four")
	i.fails("AADSTS7000215")
	i.entra.SetSecrets("four")
	i.works("three", "four")
	if text := i.log.String(); regexp.MustCompile(`\b(one|two|three|four)\b`).MatchString(strings.ReplaceAll(text, "the one before", "")) {
		t.Errorf("a secret is logged:\n%s", text)
	}
}

// TestManySignInsAtOnceTryWhatIsNewOnce: a wrong secret is not tried by each of the calls that are under way.
func TestManySignInsAtOnceTryWhatIsNewOnce(t *testing.T) {
	const file = "AZURE_CLIENT_SECRET_FILE"
	i := newSigningIn(t, map[string]string{file: "one"})
	i.entra.SetSecrets("one")
	i.works("one")
	i.write(file, "wrong")
	i.used = nil
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := i.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wrong := slices.DeleteFunc(slices.Clone(i.used), func(secret string) bool { return secret != "wrong" })
	if len(wrong) != 1 || len(i.used) != 21 {
		t.Errorf("signed in with %q", i.used)
	}
}

func TestTheSignInFollowsItsCertificate(t *testing.T) {
	const file = "AZURE_CLIENT_CERTIFICATE_PATH"
	first, second := time.Now().Add(100*time.Hour).UTC().Truncate(time.Second), time.Now().Add(900*time.Hour).UTC().Truncate(time.Second)
	certificate, key := newCertificate(t, first)
	i := newSigningIn(t, map[string]string{file: string(certificate) + string(key)})
	ends := func(want time.Time) {
		t.Helper()
		if at := i.expiry(); !at.Equal(want) {
			t.Errorf("it is said to end at %v, want %v", at, want)
		}
	}
	i.entra.SetCertificates(parsed(t, certificate))
	i.works()
	ends(first)
	renewed, renewedKey := newCertificate(t, second)
	i.write(file, string(renewed)) // its key is not written yet
	i.works()
	ends(first)
	i.logged(saysUnusable, 1)
	i.write(file, string(renewed)+string(key)) // of another one
	i.works()
	ends(first)
	i.logged(saysUnusable, 2)
	i.write(file, string(renewed)+string(renewedKey))
	ends(second) // before the next sign-in
	i.works()
	ends(first) // Entra does not know it yet
	i.logged(saysRefused+`.*AADSTS700027`, 1)
	i.entra.SetCertificates(parsed(t, renewed))
	i.works()
	ends(second)
	i.logged(saysTaken, 1)
	i.entra.SetCertificates(parsed(t, certificate))
	i.fails("AADSTS700027")
}

// TestTheSignInFollowsItsCertificatesPassword: certificate and password are two files, and cannot be written at once.
func TestTheSignInFollowsItsCertificatesPassword(t *testing.T) {
	const file, passwordFile = "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE"
	certificate, key := newCertificate(t, time.Now().Add(100*time.Hour))
	i := newSigningIn(t, map[string]string{file: sealedWith(t, "first", certificate, key), passwordFile: "first\n"})
	i.entra.SetCertificates(parsed(t, certificate))
	i.works()
	renewed, renewedKey := newCertificate(t, time.Now().Add(900*time.Hour))
	i.entra.SetCertificates(parsed(t, certificate), parsed(t, renewed))
	i.write(file, sealedWith(t, "second", renewed, renewedKey))
	i.works()
	i.logged(saysUnusable, 1)
	i.write(passwordFile, "second\n")
	i.works()
	i.logged(saysTaken, 1)
	i.entra.SetCertificates(parsed(t, renewed))
	i.works()
}

func parsed(t *testing.T, certificate []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(certificate)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sealedWith is a certificate with its key as PKCS #12, of the older kind that Microsoft's library reads.
func sealedWith(t *testing.T, password string, certificate, key []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "certificate.pem")
	if err := os.WriteFile(file, slices.Concat(certificate, key), 0o600); err != nil {
		t.Fatal(err)
	}
	sealed, err := exec.CommandContext(t.Context(), "openssl", "pkcs12", "-export", "-in", file, "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES",
		"-macalg", "sha1", "-passout", "pass:"+password).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(sealed)
}

// TestServeFollowsItsSecret: a Mailback that runs restores on while its secret is replaced, the old one is taken off, and the file is broken in between.
func TestServeFollowsItsSecret(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	if testing.Short() {
		t.Skip("it starts a bot")
	}
	file := filepath.Join(t.TempDir(), "azure-client-secret")
	write := func(secret string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	s := setStage(t, sqliteDatabase(t), 1, map[string]string{"AZURE_CLIENT_SECRET": "", "AZURE_CLIENT_SECRET_FILE": file})
	defer s.close(t)
	for n, c := range []struct {
		inFile string
		known  string
		log    string
	}{
		{"one", "one", `\A`},
		{"", "one", saysUnusable},
		{"two", "two", saysTaken},
	} {
		s.Microsoft().SetSecrets(c.known)
		write(c.inFile)
		if err := s.play(t.Context(), plots()[n]); err != nil {
			t.Fatal(err)
		}
		if s.log.find(regexp.MustCompile(c.log)) == "" && n > 0 {
			t.Errorf("with %q in the file, the log has no %s", c.inFile, c.log)
		}
	}
}

// TestServeFollowsItsDatabasesPassword: a Mailback that runs goes on when its password is changed and all its connections are ended.
func TestServeFollowsItsDatabasesPassword(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	if testing.Short() {
		t.Skip("it starts a bot")
	}
	url, change := pgtest.Locked(t, "one")
	file := filepath.Join(t.TempDir(), "database-url")
	write := func(url string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(url+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(url)
	s := setStage(t, database{}, 1, map[string]string{"MAILBACK_DATABASE_URL_FILE": file})
	defer s.close(t)
	if err := s.play(t.Context(), plots()[0]); err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(url, ":one@", ":two@", 1)
	change("two")
	write(newer)
	const hangUp = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
	if err := postgresProgram("psql", "--quiet", "--command="+hangUp, newer); err != nil {
		t.Fatal(err)
	}
	if err := s.play(t.Context(), plots()[1]); err != nil {
		t.Fatal(err)
	}
	if s.log.find(regexp.MustCompile(`the database's password has changed, and the new one is in use`)) == "" {
		t.Error("the log does not say that the password has changed")
	}
}

// TestServeFollowsItsSlackTokens: a Mailback that runs goes on when both of its tokens are replaced and its sockets have to be opened anew.
func TestServeFollowsItsSlackTokens(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	if testing.Short() {
		t.Skip("it starts a bot")
	}
	dir := t.TempDir()
	write := func(bot, app string) {
		t.Helper()
		for name, token := range map[string]string{"bot": bot, "app": app} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(token+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(slackfake.BotToken, slackfake.AppToken)
	s := setStage(t, sqliteDatabase(t), 1, map[string]string{
		"SLACK_BOT_TOKEN": "", "SLACK_BOT_TOKEN_FILE": filepath.Join(dir, "bot"), "SLACK_APP_TOKEN": "", "SLACK_APP_TOKEN_FILE": filepath.Join(dir, "app"),
	})
	defer s.close(t)
	renew := func() {
		t.Helper()
		if err := s.client.Fault(t.Context(), fault.Fault{Service: "slack", Kind: "disconnect", Times: 1}); err != nil {
			t.Fatal(err)
		}
	}
	for n, c := range []struct{ bot, app, log string }{
		{slackfake.BotToken[:10], "", `level=WARN msg="slack: a token is not the one in use and cannot be used, the one before stays"`},
		{"xoxb-1111111111-sandbox", "xapp-1-A0MAILBACK-1111111111-sandbox", `level=INFO msg="slack: a token has changed, and the new one is in use" setting=SLACK_BOT_TOKEN`},
	} {
		if n > 0 {
			s.Slack().SetTokens(c.bot, c.app)
		}
		write(c.bot, c.app)
		renew()
		if err := s.play(t.Context(), plots()[n]); err != nil {
			t.Fatal(err)
		}
		if s.log.find(regexp.MustCompile(c.log)) == "" {
			t.Errorf("the log has no %s", c.log)
		}
	}
	if s.log.find(regexp.MustCompile(`the new one is in use" setting=SLACK_APP_TOKEN`)) == "" || s.log.find(regexp.MustCompile(`xoxb-|xapp-`)) != "" {
		t.Error("the log does not say that the app-level token has changed, or has a token")
	}
}
