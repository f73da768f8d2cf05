package graph

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"mailback/recovery"
)

// Whether Graph can search the proxy addresses of deleted users is documented nowhere. Where it refuses, the aliases of all
// deleted users are kept here, and each search first reads the deletions since the last one: one call, whatever the number of
// deleted users. Only the first search after the start reads all of them, while others wait for it. What is kept says whom
// to look at, never what is so: each account that it names is read by its id before it counts.

const (
	// unsettled is how long a deletion may take to show in a list, so that it is looked for again. Microsoft promises no
	// time; minutes are the most that its directory is seen to take (devblogs.microsoft.com/identity, "Designing for
	// eventual consistency for Microsoft Entra").
	unsettled = 15 * time.Minute
	// longGone is when a deleted user is purged for certain, and forgotten here.
	longGone = 2 * recovery.Retention
)

// aliases are the SMTP addresses of deleted users that Graph cannot search: those that are neither sign-in name nor mail.
type aliases struct {
	first chan struct{} // is full while somebody reads all deleted users for the first time

	mu      sync.Mutex
	needed  bool      // Graph has refused to search them
	until   time.Time // every deletion before this is known; zero until all were read once
	cleaned time.Time // when the long gone were dropped
	of      map[string][]bygone
}

// bygone is a user that was deleted with an alias.
type bygone struct {
	id string
	at time.Time // deletedDateTime
}

func newAliases() *aliases {
	return &aliases{first: make(chan struct{}, 1), of: map[string][]bygone{}}
}

// deletedWithAlias finds deleted users that have the address as a proxy address, by Graph's filter, or where Graph refuses
// that by what is known of their aliases; those that have it as sign-in name or mail may be missing then.
func (c *Client) deletedWithAlias(ctx context.Context, address string) ([]recovery.Account, error) {
	if !c.aliases.areNeeded() {
		found, err := c.deletedUsers(ctx, hasProxy(address), true, accountFields())
		if !unsupported(err) {
			return found, err
		}
		c.aliases.need()
	}
	listed, err := c.learnAliases(ctx)
	if err != nil {
		return nil, err
	}
	ids := c.aliases.with(address)
	found := make([][]recovery.Account, len(ids))
	g, ctx := atOnce(ctx, mostAtOnce)
	for i, id := range ids {
		g.Go(func() (err error) {
			found[i], err = c.deletedByID(ctx, id)
			justListed := slices.ContainsFunc(listed, func(a recovery.Account) bool { return a.ID == id })
			if err == nil && len(found[i]) == 0 && justListed {
				err = inMotion(opDeletedUser, errors.New("a deleted user is gone since it was listed"))
			}
			return err // none of the others: they were restored or purged
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// learnAliases reads the users deleted since the last time, or all of them the first time, and gives those it read.
func (c *Client) learnAliases(ctx context.Context) ([]recovery.Account, error) {
	since, done, err := c.aliases.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	listed, receipt, err := c.deletedSince(ctx, since)
	if err != nil {
		return nil, err
	}
	c.aliases.learn(listed, receipt.Date)
	return listed, nil
}

func (a *aliases) areNeeded() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.needed
}

func (a *aliases) need() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.needed = true
}

func (a *aliases) knownUntil() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.until
}

// begin gives the time since when deletions are to be read; zero for all, which one search does while the others wait. done
// must be called afterwards.
func (a *aliases) begin(ctx context.Context) (since time.Time, done func(), err error) {
	if since = a.knownUntil(); !since.IsZero() {
		return since, func() {}, nil
	}
	select {
	case a.first <- struct{}{}:
	case <-ctx.Done():
		return since, nil, &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(opDeletedUsers), Detail: "all deleted users are being read", Err: ctx.Err()}
	}
	free := func() { <-a.first }
	if since = a.knownUntil(); !since.IsZero() { // read while we waited
		free()
		free = func() {}
	}
	return since, free, nil
}

// learn adds the aliases of deleted users that were listed at a time, on Microsoft's clock.
func (a *aliases) learn(listed []recovery.Account, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, account := range listed {
		for _, proxy := range account.ProxyAddresses {
			address := smtp(proxy)
			if address == "" || recovery.SameAddress(address, account.Mail) || recovery.SameAddress(address, account.UserPrincipalName) {
				continue
			}
			// A user that was restored and deleted again has another time now.
			others := slices.DeleteFunc(a.of[address], func(b bygone) bool { return b.id == account.ID })
			a.of[address] = append(others, bygone{account.ID, account.DeletedAt})
		}
	}
	if until := at.Add(-unsettled); until.After(a.until) {
		a.until = until
	}
	a.clean(at)
}

// clean drops the long gone, once a day.
func (a *aliases) clean(now time.Time) {
	if now.Sub(a.cleaned) < 24*time.Hour {
		return
	}
	a.cleaned = now
	maps.DeleteFunc(a.of, func(address string, those []bygone) bool {
		a.of[address] = slices.DeleteFunc(those, func(b bygone) bool { return now.Sub(b.at) > longGone })
		return len(a.of[address]) == 0
	})
}

// with gives the ids of the users that were deleted with the alias.
func (a *aliases) with(address string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var ids []string
	for _, b := range a.of[strings.ToLower(address)] {
		ids = append(ids, b.id)
	}
	return ids
}
