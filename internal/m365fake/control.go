package m365fake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Tenant is what the tenant truly holds, without delays: users, deleted users and subscriptions with Graph's property
// names, mailboxes with Exchange's, soft-deleted and inactive ones too.
type Tenant struct {
	Users        []map[string]any `json:"users"`
	DeletedUsers []map[string]any `json:"deleted_users"`
	SKUs         []map[string]any `json:"skus"`
	Mailboxes    []map[string]any `json:"mailboxes"`
}

// Tenant returns the whole tenant. At 100,000 users that is a long answer.
func (s *Server) Tenant() Tenant {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	t := Tenant{Users: s.usersJSON(s.live), DeletedUsers: s.usersJSON(s.deleted)}
	for _, k := range s.skus {
		t.SKUs = append(t.SKUs, skuJSON(k))
	}
	for _, guid := range s.mailboxes.order {
		m := s.mailboxes.all[guid]
		t.Mailboxes = append(t.Mailboxes, map[string]any{
			"ExchangeGuid": m.GUID, "ExternalDirectoryObjectId": m.Owner, "PrimarySmtpAddress": m.Primary, "DisplayName": m.DisplayName,
			"RecipientTypeDetails": m.Type, "WhenSoftDeleted": timestamp(m.SoftDeleted), "IsInactiveMailbox": m.Inactive,
			"WhenMailboxCreated": timestamp(m.Created), "ItemCount": m.Items, "RecoverableItems": m.RecoverableItems,
			"RestoredFolders": append([]restoredFolder{}, m.Store.Restored...), "RestoreRequestCount": m.Store.Requests,
		})
	}
	return t
}

func (s *Server) usersJSON(set *userSet) []map[string]any {
	out := []map[string]any{}
	for _, u := range set.order {
		out = append(out, s.users.render(u, []string{
			"id", "displayName", "userPrincipalName", "mail", "proxyAddresses", "userType", "accountEnabled", "usageLocation", "createdDateTime",
			"deletedDateTime", "onPremisesSyncEnabled", "assignedLicenses", "assignedPlans", "licenseAssignmentStates",
		}))
	}
	return out
}

// GrantRole gives the app an application permission, as admin consent does; it counts from the next token on.
// A known Entra role ("Global Reader", "Privileged Authentication Administrator") or Exchange's management role
// "Mailbox Import Export" is given to its service principal.
func (s *Server) GrantRole(name string) { s.setRole(name, true) }

// RevokeRole takes an application permission or Entra role from the app, at once.
func (s *Server) RevokeRole(name string) { s.setRole(name, false) }

func (s *Server) setRole(name string, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.Contains(name, " ") { // Entra's roles have spaces in their names, application permissions have none
		s.grants.directory[name] = held
		return
	}
	s.grants.app[name] = held
}

// Roles are the application permissions and roles that the app has now, sorted.
func (s *Server) Roles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var held []string
	for _, roles := range []map[string]bool{s.grants.app, s.grants.directory} {
		for name, has := range roles {
			if has {
				held = append(held, name)
			}
		}
	}
	slices.Sort(held)
	return held
}

// SetCmdlet takes a cmdlet out of the app's Exchange roles, or puts it back, as a custom role group does.
func (s *Server) SetCmdlet(name string, allowed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants.denied[strings.ToLower(name)] = !allowed
}

// SetDelayedDelicensing is Set-OrganizationConfig -DelayedDelicensingEnabled: it counts for licenses that go from now on.
func (s *Server) SetDelayedDelicensing(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delayed = on
}

// SetSeats sets the bought seats of a subscription, named by its part number.
func (s *Server) SetSeats(part string, enabled int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.skus, func(k *sku) bool { return k.Part == part })
	if i < 0 {
		return fmt.Errorf("no subscription %q", part)
	}
	s.skus[i].Enabled = enabled
	return nil
}

// change alters the live or deleted user that who names by object id or (unprefixed) sign-in name.
func (s *Server) change(who string, alter func(*user) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	u := s.named(who)
	if u == nil {
		return fmt.Errorf("no user %q", who)
	}
	return alter(u)
}

// named finds a live user, else the one deleted last.
func (s *Server) named(who string) *user {
	if u := s.current(who); u != nil {
		return u
	}
	if ids := s.live.byUPN[strings.ToLower(who)]; len(ids) > 0 {
		return s.live.byID[ids[0]]
	}
	var found *user
	for _, id := range s.deleted.endingWith(who) {
		u := s.deleted.byID[id]
		if strings.EqualFold(u.UPN, who) && (found == nil || u.Deleted.After(found.Deleted)) {
			found = u
		}
	}
	return found
}

// AddProxyAddress gives a user one more address, whoever holds it already.
func (s *Server) AddProxyAddress(who, address string) error {
	return s.change(who, func(u *user) error {
		s.put(u, u.with(func(c *user) { c.Proxies = append(slices.Clone(c.Proxies), "smtp:"+address) }))
		return nil
	})
}

// AddUser makes a licensed live user, to take a name or an address. It returns the object id.
func (s *Server) AddUser(upn, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	if !s.verified(upn) {
		return "", fmt.Errorf("%q is on no domain of the tenant", upn)
	}
	if len(s.live.byUPN[strings.ToLower(upn)]) > 0 {
		return "", fmt.Errorf("%q is taken", upn)
	}
	now := s.clock().UTC().Truncate(time.Second)
	u := &user{
		ID: uuid.NewString(), UPN: upn, Mail: upn, DisplayName: name, Proxies: []string{"SMTP:" + upn},
		Type: "Member", Enabled: true, UsageLocation: s.usageLocation, Created: now,
		Licenses: []licenseState{{SKU: SPE_E3, State: "Active", Error: "None", Updated: now}},
	}
	u.Plans = s.plansFrom(u, now)
	s.put(nil, u)
	return u.ID, nil
}

// Restore brings a deleted user back by another hand.
func (s *Server) Restore(who string) error {
	return s.change(who, func(u *user) error {
		if u.Deleted.IsZero() {
			return fmt.Errorf("%q is not deleted", who)
		}
		_, err := s.restore(u, restoreRequest{})
		return err
	})
}

// Delete deletes a live user by another hand.
func (s *Server) Delete(who string) error {
	return s.change(who, func(u *user) error {
		if !u.Deleted.IsZero() {
			return fmt.Errorf("%q is deleted already", who)
		}
		s.remove(u)
		return nil
	})
}

// Purge removes a deleted user for good.
func (s *Server) Purge(who string) error {
	return s.change(who, func(u *user) error {
		if u.Deleted.IsZero() {
			return fmt.Errorf("%q is not deleted", who)
		}
		s.purge(u)
		return nil
	})
}

// SetEnabled blocks or allows sign-in.
func (s *Server) SetEnabled(who string, enabled bool) error {
	return s.change(who, func(u *user) error {
		s.put(u, u.with(func(c *user) { c.Enabled = enabled }))
		return nil
	})
}

// Rename moves a live user to another sign-in name, which frees the old one.
func (s *Server) Rename(who, upn string) error {
	return s.change(who, func(u *user) error {
		after := u.with(func(*user) {})
		if err := s.rename(after, upn); err != nil {
			return err
		}
		s.put(u, after)
		return nil
	})
}

// SetLicenses replaces a user's direct licenses, named by part number, by another hand; seats are not checked.
func (s *Server) SetLicenses(who string, parts ...string) error {
	return s.change(who, func(u *user) error {
		licenses := slices.DeleteFunc(slices.Clone(u.Licenses), func(l licenseState) bool { return l.Group == "" })
		for _, part := range parts {
			i := slices.IndexFunc(s.skus, func(k *sku) bool { return k.Part == part })
			if i < 0 {
				return fmt.Errorf("no subscription %q", part)
			}
			licenses = append(licenses, licenseState{SKU: s.skus[i].ID, State: "Active", Error: "None", Updated: s.clock().UTC()})
		}
		s.relicense(u, licenses)
		return nil
	})
}

// SetMembership puts a user into a group or takes it out; the group is named by its display name or id.
func (s *Server) SetMembership(who, groupName string, member bool) error {
	return s.change(who, func(u *user) error {
		for _, g := range s.allGroups {
			if strings.EqualFold(g.DisplayName, groupName) || g.ID == groupName {
				if member {
					g.Members[u.ID] = true
				} else {
					delete(g.Members, u.ID)
				}
				return nil
			}
		}
		return fmt.Errorf("no group %q", groupName)
	})
}
