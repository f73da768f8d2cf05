package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
)

type advanceRequest struct {
	Advance string `json:"advance"` // a Go duration, as 24h
}

// timeStatus tells the sandbox's time.
type timeStatus struct {
	Now   time.Time `json:"now"`
	Ahead string    `json:"ahead"` // of this machine's clock
}

func (s *Sandbox) time(context.Context, url.Values) (timeStatus, error) {
	return timeStatus{s.clock.now().UTC(), s.clock.ahead().String()}, nil
}

// advance moves the stand-ins' clock and, through its file, the bot's.
func (s *Sandbox) advance(ctx context.Context, r advanceRequest) (timeStatus, error) {
	d, err := time.ParseDuration(r.Advance)
	if err != nil {
		return timeStatus{}, fmt.Errorf("advance: %q is no duration such as 24h or 90m", r.Advance)
	}
	if err := s.clock.advance(d); err != nil {
		return timeStatus{}, err
	}
	return s.time(ctx, nil)
}

type botRequest struct {
	Signal  string `json:"signal"`
	Replica int    `json:"replica"` // from 1; 0 for all
}

var errNoBot = &refusal{http.StatusConflict, "this sandbox has no bot: it was started with --services-only"}

func (s *Sandbox) botStatus(ctx context.Context, _ url.Values) (BotStatus, error) {
	if len(s.bots) == 0 {
		return BotStatus{}, errNoBot
	}
	return s.bots[0].status(ctx), nil
}

// signalBot starts or ends the bot and answers once that is done: start when the bot is ready, kill and stop when it is
// gone. A bot that does not get ready is an error, and is left running.
func (s *Sandbox) signalBot(ctx context.Context, r botRequest) (BotStatus, error) {
	bots, err := s.replicas(r.Replica)
	if err != nil {
		return BotStatus{}, err
	}
	for _, b := range bots {
		err = errors.Join(err, b.signal(ctx, r.Signal))
	}
	switch {
	case errors.Is(err, errRunning), errors.Is(err, errNotRunning), errors.Is(err, errClosing):
		return BotStatus{}, &refusal{http.StatusConflict, err.Error()}
	case err != nil:
		return BotStatus{}, &refusal{http.StatusInternalServerError, err.Error()}
	}
	return bots[0].status(ctx), nil
}

// replicas gives the bot with a number, or all of them for 0.
func (s *Sandbox) replicas(n int) ([]*bot, error) {
	switch {
	case len(s.bots) == 0:
		return nil, errNoBot
	case n < 0 || n > len(s.bots):
		return nil, fmt.Errorf("there is no replica %d: they are numbered from 1 to %d", n, len(s.bots))
	case n > 0:
		return s.bots[n-1 : n], nil
	default:
		return s.bots, nil
	}
}

func (s *Sandbox) tenant(context.Context, url.Values) (m365fake.Tenant, error) {
	return s.m365.Tenant(), nil
}

// tenantChange is what somebody else does to the tenant behind Mailback's back.
type tenantChange struct {
	Do    string `json:"do"`    // one of tenantDeeds
	User  string `json:"user"`  // sign-in name or object id
	Value string `json:"value"` // what the deed needs, if anything
	Seats int    `json:"seats"` // of the deed seats
}

// tenantDeeds are the changes, by name.
func (s *Sandbox) tenantDeeds() map[string]func(c tenantChange) error {
	return map[string]func(c tenantChange) error{
		"delete":   func(c tenantChange) error { return s.m365.Delete(c.User) },
		"restore":  func(c tenantChange) error { return s.m365.Restore(c.User) },
		"purge":    func(c tenantChange) error { return s.m365.Purge(c.User) },
		"block":    func(c tenantChange) error { return s.m365.SetEnabled(c.User, false) },
		"allow":    func(c tenantChange) error { return s.m365.SetEnabled(c.User, true) },
		"rename":   func(c tenantChange) error { return s.m365.Rename(c.User, c.Value) },
		"address":  func(c tenantChange) error { return s.m365.AddProxyAddress(c.User, c.Value) },
		"licenses": func(c tenantChange) error { return s.m365.SetLicenses(c.User, words(c.Value)...) },
		"join":     func(c tenantChange) error { return s.m365.SetMembership(c.User, c.Value, true) },
		"leave":    func(c tenantChange) error { return s.m365.SetMembership(c.User, c.Value, false) },
		"seats":    func(c tenantChange) error { return s.m365.SetSeats(c.Value, c.Seats) },
		"create": func(c tenantChange) error {
			_, err := s.m365.AddUser(c.User, c.Value)
			return err
		},
		"recover": func(c tenantChange) error { // by its ExchangeGuid, under the name in Value
			_, err := s.m365.RecoverInactive(c.User, c.Value)
			return err
		},
		"reconnect": func(c tenantChange) error {
			_, err := s.m365.UndoSoftDeleted(c.User, c.Value)
			return err
		},
		"copy-time": func(c tenantChange) error {
			d, err := time.ParseDuration(c.Value)
			if err != nil {
				return fmt.Errorf("copy-time: %q is no duration such as 10m", c.Value)
			}
			s.m365.SetCopyTime(d)
			return nil
		},
		"suspend-copy":   func(c tenantChange) error { return s.m365.SuspendCopy(c.User, c.Value) },
		"remove-copy":    func(c tenantChange) error { return s.m365.RemoveCopy(c.User) },
		"take-copy-name": func(c tenantChange) error { return s.m365.TakeCopyName(c.User) },
		"delicensing": func(c tenantChange) error {
			if c.Value != "delayed" && c.Value != "immediate" {
				return fmt.Errorf("value: %q is neither delayed nor immediate", c.Value)
			}
			s.m365.SetDelayedDelicensing(c.Value == "delayed")
			return nil
		},
		"allow-cmdlet":  named("cmdlet", func(name string) { s.m365.SetCmdlet(name, true) }),
		"forbid-cmdlet": named("cmdlet", func(name string) { s.m365.SetCmdlet(name, false) }),
		"grant":         named("permission or role", s.m365.GrantRole),
		"revoke": func(c tenantChange) error {
			if held := s.m365.Roles(); !slices.Contains(held, c.Value) {
				return fmt.Errorf("value: the app has no %q to take; it has %s", c.Value, strings.Join(held, ", "))
			}
			s.m365.RevokeRole(c.Value)
			return nil
		},
	}
}

// named is a deed that needs no more than a name of such a thing.
func named(what string, deed func(name string)) func(tenantChange) error {
	return func(c tenantChange) error {
		if c.Value == "" {
			return fmt.Errorf("value: say which %s", what)
		}
		deed(c.Value)
		return nil
	}
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

func (s *Sandbox) changeTenant(_ context.Context, c tenantChange) (none, error) {
	deeds := s.tenantDeeds()
	deed, ok := deeds[c.Do]
	if !ok {
		return none{}, fmt.Errorf("do: %q is none of %s", c.Do, strings.Join(slices.Sorted(maps.Keys(deeds)), ", "))
	}
	return none{}, deed(c)
}

func (s *Sandbox) calls(context.Context, url.Values) ([]fault.Call, error) {
	return s.desk.Calls(), nil
}

// addFault lays a fault on the desk, from which the stand-ins take it. A disconnect that waits for no envelope is done at
// once, and so is the closing of a port.
func (s *Sandbox) addFault(_ context.Context, f fault.Fault) (none, error) {
	switch f.Kind {
	case fault.Refused:
		return none{}, s.refuse(f)
	case fault.Disconnect:
		return none{}, s.disconnect(f)
	}
	return none{}, s.desk.Add(f)
}

func (s *Sandbox) disconnect(f fault.Fault) error {
	switch {
	case f.Service != "slack":
		return errors.New("only slack has sockets to disconnect")
	case f.Match == "":
		return s.disconnectNow()
	case !slices.Contains(envelopeTypes(), f.Match):
		return fmt.Errorf("match: a disconnect comes at once, with no match, or behind an envelope: %s", strings.Join(envelopeTypes(), ", "))
	}
	return s.desk.Add(f)
}

// refuse closes a service's port, its open connections too, until the faults are cleared. Slack's sockets end with theirs.
func (s *Sandbox) refuse(f fault.Fault) error {
	port, ok := s.byName[f.Service]
	switch {
	case !ok:
		return fmt.Errorf("unknown service %q: it is one of %s", f.Service, strings.Join(slices.Sorted(maps.Keys(s.byName)), ", "))
	case f.Match != "" || f.Times != 0:
		return errors.New("connections are refused to a whole service, until the faults are cleared: match and times are left out")
	}
	err := port.close()
	if f.Service == "slack" {
		err = errors.Join(err, s.slack.Disconnect("drop", ""))
	}
	return err
}

func (s *Sandbox) clearFaults(ctx context.Context, _ url.Values) (none, error) {
	s.desk.Clear()
	var errs []error
	for _, port := range s.byName {
		errs = append(errs, port.reopen(ctx))
	}
	return none{}, errors.Join(errs...)
}
