package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mailback/recovery"
)

// certificateSoon is how long before its end the approvers are told of the certificate; deploy/alerts.yml has the same.
const certificateSoon = 14 * 24 * time.Hour

// examiner looks once a day for what is wrong with the installation, so that people hear of it before a request meets it. What doctor finds
// beyond that stops no request.
type examiner struct {
	approvers func(context.Context) []recovery.Note
	roles     func(context.Context) ([]string, error) // that the app has on Graph
	expiry    func() time.Time                        // of the certificate in use; zero for none
	now       recovery.Clock
	log       *slog.Logger
}

// faults gives what is wrong. What cannot be read now is none, unless it is for want of a credential.
func (x examiner) faults(ctx context.Context) []recovery.Note {
	found := x.approvers(ctx)
	if ends := x.expiry(); ends.After(x.now()) && ends.Before(x.now().Add(certificateSoon)) {
		found = append(found, recovery.Note{Code: recovery.NoteCertificate, Args: []string{ends.UTC().Format(time.RFC3339)}})
	}
	have, err := x.roles(ctx)
	if err != nil {
		x.log.WarnContext(ctx, "the app's permissions are not known", "error", err)
		if e, ok := errors.AsType[*recovery.Error](err); ok && e.Kind == recovery.SignedOut {
			found = append(found, e.Mend())
		}
		return found
	}
	for _, r := range appRoles() {
		if r.status == statusFail && !r.among(have) {
			found = append(found, recovery.Note{Code: recovery.NoteMissingRole, Args: []string{r.name}})
		}
	}
	return found
}
