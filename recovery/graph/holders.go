package graph

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"mailback/recovery"
)

// rolesOfDeleted reads the directory roles that a deleted account gets back: its assignments stay in place
// (learn.microsoft.com/entra/architecture/recover-from-deletions). Its groups cannot be read. Where the app may not read
// roles they are unknown, which is no error.
func (c *Client) rolesOfDeleted(ctx context.Context, id string) (recovery.Access, error) {
	ri := c.plain("/roleManagement/directory/roleAssignments", "principalId eq "+quote(id), "roleDefinition")
	assigned, _, err := list[models.UnifiedRoleAssignmentable](ctx, c, opRoles, ri, models.CreateUnifiedRoleAssignmentCollectionResponseFromDiscriminatorValue)
	if err != nil {
		return orUnknown(recovery.Access{}, err)
	}
	a := recovery.Access{RolesKnown: true}
	for _, r := range assigned {
		name := text(r.GetRoleDefinitionId())
		if d := r.GetRoleDefinition(); d != nil && text(d.GetDisplayName()) != "" {
			name = text(d.GetDisplayName())
		}
		a.Roles = append(a.Roles, name)
	}
	slices.Sort(a.Roles)
	a.Roles = slices.Compact(a.Roles)
	return a, nil
}

// holding gathers who holds which address; its calls run side by side.
type holding struct {
	client    *Client
	group     *calls
	addresses []string

	mu      sync.Mutex
	found   []recovery.Holder
	unknown []string
}

// holders finds every live object that has one of a deleted account's addresses now: users, groups and contacts. An
// object that has an address both as sign-in name and as proxy address is given once for each. Kinds of object that
// the app may not read come as the permission that is missing.
func (c *Client) holders(ctx context.Context, a recovery.Account) ([]recovery.Holder, []string, error) {
	g, ctx := beside(ctx)
	h := &holding{client: c, group: g, addresses: addressesOf(a)}
	var names, proxies []string
	for _, address := range h.addresses {
		names = append(names, "userPrincipalName eq "+quote(address))
		proxies = append(proxies, hasProxy(address))
	}
	h.ask(opUsers, anyOf(append(names, proxies...)), func(filter string) error { return h.users(ctx, filter) })
	h.ask(opGroups, anyOf(proxies), func(filter string) error {
		return objects[models.Groupable](ctx, h, recovery.HolderGroup, opGroups, "/groups", filter, models.CreateGroupCollectionResponseFromDiscriminatorValue)
	})
	h.ask(opContacts, anyOf(proxies), func(filter string) error {
		return objects[models.OrgContactable](ctx, h, recovery.HolderContact, opContacts, "/contacts", filter, models.CreateOrgContactCollectionResponseFromDiscriminatorValue)
	})
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(h.found, func(a, b recovery.Holder) int {
		return strings.Compare(a.Address+"\x00"+a.ID, b.Address+"\x00"+b.ID)
	})
	slices.Sort(h.unknown)
	return slices.Compact(h.found), slices.Compact(h.unknown), nil
}

// addressesOf gives the account's SMTP addresses and its sign-in name, each once, in lower case.
func addressesOf(a recovery.Account) []string {
	all := []string{strings.ToLower(a.UserPrincipalName), strings.ToLower(a.Mail)}
	for _, p := range a.ProxyAddresses {
		all = append(all, smtp(p))
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" })
}

// smtp is the address in a proxy address, in lower case; "" for other kinds (X500, SIP, …).
func smtp(proxy string) string {
	address, found := strings.CutPrefix(strings.ToLower(proxy), "smtp:")
	if !found {
		return ""
	}
	return address
}

// ask runs one call for each filter, and notes the permission where the app may not read that kind of object.
func (h *holding) ask(op operation, filters []string, do func(filter string) error) {
	for _, filter := range filters {
		h.group.Go(func() error {
			err := do(filter)
			if recovery.KindOf(err) != recovery.Forbidden || op == opUsers {
				return err
			}
			h.mu.Lock()
			defer h.mu.Unlock()
			h.unknown = append(h.unknown, op.permission())
			return nil
		})
	}
}

func (h *holding) users(ctx context.Context, filter string) error {
	found, _, err := h.client.liveUsers(ctx, filter, []string{"id", "displayName", "userPrincipalName", "proxyAddresses"}, true)
	for _, u := range found {
		h.add(recovery.Holder{Kind: recovery.HolderUser, ID: u.ID, Name: u.DisplayName}, u.UserPrincipalName, u.ProxyAddresses)
	}
	return err
}

// object is what groups and contacts have in common.
type object interface {
	GetId() *string
	GetDisplayName() *string
	GetProxyAddresses() []string
}

func objects[T object](ctx context.Context, h *holding, kind recovery.HolderKind, op operation, path, filter string, factory serialization.ParsableFactory) error {
	ri := h.client.plain(path, filter, "", "id", "displayName", "proxyAddresses")
	ri.Headers.AddAll(eventually())
	ri.QueryParameters["%24count"] = "true"
	found, _, err := list[T](ctx, h.client, op, ri, factory)
	for _, o := range found {
		h.add(recovery.Holder{Kind: kind, ID: text(o.GetId()), Name: text(o.GetDisplayName())}, "", o.GetProxyAddresses())
	}
	return err
}

// add notes which of the addresses the object has; what it has beside them is nobody's business.
func (h *holding) add(who recovery.Holder, signIn string, proxies []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, address := range h.addresses {
		who.Address = address
		if recovery.SameAddress(signIn, address) {
			who.SignIn = true
			h.found = append(h.found, who)
		}
		who.SignIn = false
		if slices.ContainsFunc(proxies, func(p string) bool { return smtp(p) == address }) {
			h.found = append(h.found, who)
		}
	}
}
