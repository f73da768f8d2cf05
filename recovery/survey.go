package recovery

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// survey is what Exchange is asked once the mailboxes are known: how much they hold and what the app may do with them. What
// could not be read is missing.
type survey struct {
	targets   []Mailbox           // the mailbox to copy into, where one was named
	chosen    string              // ExchangeGuid of the one mailbox that is meant, where it was named so
	contents  map[string]Contents // by ExchangeGuid
	archives  map[string]Contents // by ExchangeGuid of the mailbox
	cmdlets   []string            // those that the app may run
	unread    error               // why a mailbox could not be counted; nil where all were
	delicense time.Time           // when the tenant's delay ends for a user whose licence is gone
}

// mostMeasured bounds the mailboxes of one address that are measured.
const mostMeasured = 6

// measures gives the questions to Exchange of how much is in the mailboxes that were found and what may be done with them. Each may be
// asked beside the others; the answers go into r, which nobody reads meanwhile.
func (s *Service) measures(ctx context.Context, r *reading, orphans []Mailbox) []func() {
	if !r.exchange {
		return nil
	}
	var (
		mu   sync.Mutex
		asks []func()
	)
	r.contents, r.archives = map[string]Contents{}, map[string]Contents{}
	count := func(m Mailbox, archive bool, into map[string]Contents) {
		c, err := s.Mailboxes.Contents(ctx, m, archive)
		mu.Lock()
		defer mu.Unlock()
		if s.unknown(ctx, "count the mailbox", err) {
			r.unread = errors.Join(r.unread, err)
			return
		}
		into[m.ExchangeGUID] = c
	}
	for _, m := range r.measured(orphans) {
		asks = append(asks, func() { count(m, false, r.contents) })
		if m.ArchiveGUID != "" {
			asks = append(asks, func() { count(m, true, r.archives) })
		}
	}
	if len(orphans) > 0 {
		asks = append(asks, func() {
			list, err := s.Mailboxes.Cmdlets(ctx)
			if !s.unknown(ctx, "list the cmdlets", err) {
				r.cmdlets = list
			}
		})
	}
	if m, waits := r.unlicensed(); waits {
		asks = append(asks, func() {
			at, err := s.Mailboxes.Delicensing(ctx, m)
			if !s.unknown(ctx, "read the pending delicensing", err) {
				r.delicense = at
			}
		})
	}
	return asks
}

// measured gives the mailboxes that are worth counting, each once and not too many; first those that a copy cannot do without.
func (r reading) measured(orphans []Mailbox) []Mailbox {
	inUse := slices.DeleteFunc(slices.Clone(r.targets), func(m Mailbox) bool { return !m.Live() })
	var list []Mailbox
	for _, m := range slices.Concat(inUse, orphans, r.mailboxes) {
		if len(list) < mostMeasured && !slices.ContainsFunc(list, func(o Mailbox) bool { return o.ExchangeGUID == m.ExchangeGUID }) {
			list = append(list, m)
		}
	}
	return list
}

// unknown says whether something could not be read that is shown where it is known; operators are told why.
func (s *Service) unknown(ctx context.Context, what string, err error) bool {
	if err != nil {
		s.Logger.InfoContext(ctx, "not known", slog.String("what", what), slog.Any("error", err), slog.String("request", RequestRef(ctx)))
	}
	return err != nil
}

// unlicensed gives the mailbox in use of the one account found, where that is live and has no licence with a mailbox.
func (r reading) unlicensed() (Mailbox, bool) {
	if len(r.Found) != 1 || r.Found[0].Account.Deleted() || hasMailboxPlan(r.Found[0].Account, r.SKUs) {
		return Mailbox{}, false
	}
	m, known := r.mailbox(r.Found[0].Account.ID)
	return m, known && m.Live()
}

// can says whether the app may run a cmdlet; it says so too where the list could not be read.
func (r reading) can(cmdlet string) bool {
	return len(r.cmdlets) == 0 || slices.ContainsFunc(r.cmdlets, func(c string) bool { return strings.EqualFold(c, cmdlet) })
}

// lacking gives the first of the cmdlets that the app may not run.
func (r reading) lacking(cmdlets ...string) *Note {
	for _, c := range cmdlets {
		if !r.can(c) {
			return &Note{NoteMissingCmdlet, []string{c}}
		}
	}
	return nil
}
