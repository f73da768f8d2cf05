package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"mailback/recovery"
)

// signIn remembers how the sign-in to Microsoft goes, from what the bot's own calls meet. It makes none by itself.
type signIn struct {
	now recovery.Clock

	mu    sync.Mutex
	by    map[string]signInTimes // by the scope that a token was asked for: Graph's and Exchange's
	tried bool

	// again is told of the first sign-in that works, and of the first after each failure. After an error it is told of the next one too. Optional.
	again func(context.Context) error
	told  atomic.Bool
}

// signInTimes are when a token was last to be had, and when it was last not; zero for never.
type signInTimes struct{ worked, failed time.Time }

func newSignIn(now recovery.Clock) *signIn { return &signIn{now: now, by: map[string]signInTimes{}} }

// watch gives a credential whose sign-ins are remembered.
func (s *signIn) watch(c azcore.TokenCredential) azcore.TokenCredential {
	return watchedCredential{c, s}
}

type watchedCredential struct {
	azcore.TokenCredential

	seen *signIn
}

// GetToken gives a token. One that the credential still has counts as well: with it, calls are taken.
func (w watchedCredential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := w.TokenCredential.GetToken(ctx, o)
	if err == nil || !errors.Is(ctx.Err(), context.Canceled) { // who was told to stop has learnt nothing
		w.seen.note(fmt.Sprint(o.Scopes), err == nil)
		w.seen.tell(ctx, err == nil)
	}
	return token, err
}

// tell tells of a sign-in that works where the one before did not, or where none was told of yet.
func (s *signIn) tell(ctx context.Context, worked bool) {
	switch {
	case s.again == nil:
	case !worked:
		s.told.Store(false)
	case s.told.CompareAndSwap(false, true):
		if err := s.again(ctx); err != nil {
			s.told.Store(false)
		}
	}
}

func (s *signIn) note(scope string, worked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	times, now := s.by[scope], s.now()
	if worked {
		times.worked, times.failed = now, time.Time{}
	} else {
		times.failed = now
	}
	s.by[scope], s.tried = times, true
}

// last says whether a sign-in was tried, when one last worked, and when the last one failed: zero unless it is the last one of its scope.
func (s *signIn) last() (tried bool, worked, failed time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.by {
		if t.worked.After(worked) {
			worked = t.worked
		}
		if t.failed.After(failed) {
			failed = t.failed
		}
	}
	return s.tried, worked, failed
}

// said words it for /readyz: that it works, or as an error that it does not.
func (s *signIn) said(context.Context) (string, error) {
	tried, worked, failed := s.last()
	ago := func(at time.Time) string { return fmt.Sprintf("%d s ago", int(max(0, s.now().Sub(at)).Seconds())) }
	switch {
	case !tried:
		return "not tried yet", nil
	case failed.IsZero():
		return "ok, " + ago(worked), nil
	case worked.IsZero():
		return "", errors.New("failed " + ago(failed) + ", and has never worked; the log says why")
	default:
		return "", errors.New("failed " + ago(failed) + ", and last worked " + ago(worked) + "; the log says why")
	}
}

// expiry is when the certificate ends that Mailback signs in with; zero where there is none. Of a secret nobody can read it but in Entra.
func (s *settings) expiry() (time.Time, error) {
	if s.AzureCertificatePath == "" {
		return time.Time{}, nil
	}
	certs, key, err := s.readCertificate()
	if err != nil {
		return time.Time{}, err
	}
	signer, ok := key.(crypto.Signer)
	for _, c := range certs {
		if public, same := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && same && public.Equal(signer.Public()) {
			return c.NotAfter, nil
		}
	}
	return time.Time{}, errors.New("AZURE_CLIENT_CERTIFICATE_PATH: the file has no certificate of its key")
}
