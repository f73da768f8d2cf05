package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"mailback/recovery"
	"mailback/recovery/entra"
)

// followed is a credential that is made of files, and made anew when what stands in them has changed. What is new is used once Entra has given a
// token for it; until then, and where the files are missing, half written or wrong, the one before stays in use. Nobody watches the files: they
// are read whenever a token is asked for.
type followed struct {
	files []string // none for a credential that is not made of files, or that follows its file by itself
	make  func(contents []string) (signer, error)
	now   recovery.Clock
	log   *slog.Logger
	turn  chan struct{} // who has put something in tries what is new

	mu      sync.Mutex
	inUse   signer
	next    *signer   // what is new and may be tried; nil for nothing
	refused error     // why next was not taken when it was last tried; nil before that
	tried   time.Time // when that was
	useless string    // what was last said of files that nothing can be made of
}

// signer signs in with what stood in the files at one time.
type signer struct {
	azcore.TokenCredential

	of   [sha256.Size]byte // what stood there
	ends time.Time         // of its certificate; zero for none
}

// triesAgain is how long what Entra has refused waits, while the one before works: a new secret is not known everywhere at once.
const triesAgain = time.Minute

// follow gives the credential that serve signs in with.
func (s *settings) follow(rt http.RoundTripper, now recovery.Clock, log *slog.Logger) (*followed, error) {
	f := &followed{now: now, log: log, turn: make(chan struct{}, 1)}
	var into func(s *settings, contents []string)
	secret, password := secretFile("AZURE_CLIENT_SECRET"), secretFile("AZURE_CLIENT_CERTIFICATE_PASSWORD")
	switch {
	case s.AzureClientSecret != "" && secret != "":
		f.files = []string{secret}
		into = func(s *settings, contents []string) { s.AzureClientSecret = strings.TrimSpace(contents[0]) }
	case s.AzureCertificatePath != "" && password != "":
		f.files = []string{s.AzureCertificatePath, password}
		into = func(s *settings, contents []string) { s.AzureCertificatePassword = strings.TrimSpace(contents[1]) }
	case s.AzureCertificatePath != "":
		f.files = []string{s.AzureCertificatePath}
		into = func(*settings, []string) {}
	default:
		credential, err := s.credential(rt)
		f.inUse = signer{TokenCredential: credential}
		return f, err
	}
	f.make = func(contents []string) (signer, error) {
		then := *s
		if into(&then, contents); then.AzureClientSecret == "" && s.AzureClientSecret != "" {
			return signer{}, errors.New("AZURE_CLIENT_SECRET_FILE: the file is empty")
		}
		credential, err := then.credential(rt)
		if err != nil {
			return signer{}, err
		}
		ends, err := then.expiry()
		return signer{TokenCredential: credential, ends: ends}, err
	}
	contents, of, err := f.read()
	if err != nil {
		return nil, err
	}
	f.inUse, err = f.make(contents)
	f.inUse.of = of
	return f, err
}

// read reads the files, and gives what stands in them with its digest.
func (f *followed) read() (contents []string, of [sha256.Size]byte, err error) {
	var all strings.Builder
	for _, name := range f.files {
		b, err := os.ReadFile(name) //nolint:gosec // the operator names it
		if err != nil {
			return nil, of, err
		}
		contents = append(contents, string(b))
		fmt.Fprintf(&all, "%d %s", len(b), b)
	}
	return contents, sha256.Sum256([]byte(all.String())), nil
}

// GetToken gives a token.
func (f *followed) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	began := f.now()
	inUse, next, due := f.look(began)
	var refused error
	if due {
		token, err := f.try(ctx, o, next, began)
		if err == nil || ctx.Err() != nil {
			return token, err
		}
		refused = err
	}
	token, err := inUse.GetToken(ctx, o)
	switch {
	case err == nil, next == nil, ctx.Err() != nil:
		return token, err
	case refused != nil:
		return azcore.AccessToken{}, refused // what stands in the files now is what somebody has to mend
	default:
		return f.try(ctx, o, next, began) // it may be good by now, and there is nothing better
	}
}

// look reads the files, and gives what is in use and what is new. due says that it has not been tried, or not for a while.
func (f *followed) look(now time.Time) (inUse signer, next *signer, due bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.files) == 0 {
		return f.inUse, nil, false
	}
	contents, of, err := f.read()
	switch {
	case err == nil && of == f.inUse.of:
		f.next, f.useless = nil, ""
	case err == nil && f.next != nil && of == f.next.of:
	case err == nil && f.useless == string(of[:]):
	default:
		f.next, f.refused, f.tried = nil, nil, time.Time{}
		said := string(of[:])
		var made signer
		if err == nil {
			made, err = f.make(contents)
		} else {
			said = err.Error()
		}
		if err == nil {
			made.of = of
			f.next, f.useless = &made, ""
		} else if f.useless != said {
			f.useless = said
			f.log.Warn("the sign-in's file has changed and cannot be used, what was read before stays in use", "error", err)
		}
	}
	return f.inUse, f.next, f.next != nil && (f.refused == nil || now.Sub(f.tried) >= triesAgain)
}

// try signs in with what is new, and takes it into use if that works. Who comes while another one tries waits for that, and does not try again.
func (f *followed) try(ctx context.Context, o policy.TokenRequestOptions, next *signer, began time.Time) (azcore.AccessToken, error) {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return azcore.AccessToken{}, ctx.Err()
	}
	defer func() { <-f.turn }()
	if err := f.triedSince(next, began); err != nil {
		return azcore.AccessToken{}, err
	}
	token, err := next.GetToken(ctx, o)
	if err != nil && ctx.Err() != nil {
		return token, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.next != next: // another one has taken it, or the files have changed again
	case err != nil:
		f.refused, f.tried = err, f.now()
		f.log.WarnContext(ctx, "the sign-in's file has changed and Microsoft does not take what is new, what was read before stays in use", "error", entra.SignInFailed(err))
	default:
		f.inUse, f.next, f.refused = *next, nil, nil
		f.log.InfoContext(ctx, "the sign-in's file has changed, and what is new is in use")
	}
	return token, err
}

// triedSince is why what is new was not taken, if that was since a moment.
func (f *followed) triedSince(next *signer, began time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next == next && f.refused != nil && f.tried.After(began) {
		return f.refused
	}
	return nil
}

// expiry is when the certificate ends that the next sign-in will be made with; zero where there is none.
func (f *followed) expiry() time.Time {
	inUse, next, _ := f.look(f.now())
	f.mu.Lock()
	defer f.mu.Unlock()
	if next != nil && f.next == next && f.refused == nil {
		return next.ends
	}
	return inUse.ends
}
