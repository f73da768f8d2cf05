package m365fake

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// searchDeleted refuses: a list of deleted items must name their type (microsoftgraph/microsoft-graph-docs-contrib issues 4424, 4495).
func (s *Server) searchDeleted(*call) (answer, error) {
	return answer{}, unsupportedQuery("Searches against this resource are not supported. Only specific instances can be queried.")
}

func (s *Server) listDeleted(c *call) (answer, error) {
	e := s.deletedUserEntity()
	q, err := e.parse(c.Request)
	if err != nil {
		return answer{}, err
	}
	return e.page(c, "users", s.list(true, q.filter, e.matcher(q)), q), nil
}

func (s *Server) countDeleted(c *call) (answer, error) {
	return s.countOf(c, s.deletedUserEntity(), true)
}

func (s *Server) getDeleted(c *call) (answer, error) {
	q, err := s.users.parse(c.Request)
	if err != nil {
		return answer{}, err
	}
	if uuid.Validate(c.args[0]) != nil {
		return answer{}, badRequest("Invalid object identifier '" + c.args[0] + "'.")
	}
	u := s.visible(c.args[0], s.lag)
	if u == nil || u.Deleted.IsZero() {
		return answer{}, notFound(c.args[0])
	}
	return ok(s.oneObject(c, u, q.selects)), nil
}

// oneObject is a user where a directoryObject is due: it says its type.
func (s *Server) oneObject(c *call, u *user, selects []string) map[string]any {
	body := s.users.render(u, selects)
	body["@odata.context"] = c.context("directoryObjects", selects, true)
	body["@odata.type"] = "#microsoft.graph.user"
	return body
}

// purgeDeleted deletes for good (learn.microsoft.com/graph/api/directory-deleteditems-delete).
func (s *Server) purgeDeleted(c *call) (answer, error) {
	u := s.deleted.byID[strings.ToLower(c.args[0])]
	if u == nil {
		return answer{}, notFound(c.args[0])
	}
	s.purge(u)
	return answer{status: http.StatusNoContent}, nil
}

// restoreRequest is the optional body of restore (learn.microsoft.com/graph/api/directory-deleteditems-restore).
type restoreRequest struct {
	AutoReconcileProxyConflict *bool  `json:"autoReconcileProxyConflict"`
	NewUserPrincipalName       string `json:"newUserPrincipalName"`
}

func (s *Server) restoreDeleted(c *call) (answer, error) {
	var asked restoreRequest
	if len(strings.TrimSpace(string(c.body))) > 0 {
		if err := c.read("restore", &asked, "autoReconcileProxyConflict", "newUserPrincipalName"); err != nil {
			return answer{}, err
		}
	}
	u := s.deleted.byID[strings.ToLower(c.args[0])]
	if u == nil {
		return answer{}, notFound(c.args[0])
	}
	if len(s.rolesOf(u.ID)) > 0 && !s.grants.privileged() {
		return answer{}, denied()
	}
	restored, err := s.restore(u, asked)
	if err != nil {
		return answer{}, err
	}
	return ok(s.oneObject(c, restored, nil)), nil
}

// restore brings a deleted user back with all it had. What another object holds meanwhile is a conflict; on request the
// conflicting proxy addresses are dropped from the restored user, and the holder keeps them
// (microsoftgraph/entra-powershell Restore-EntraDeletedDirectoryObject).
func (t *tenant) restore(u *user, asked restoreRequest) (*user, error) {
	upn := u.UPN
	if asked.NewUserPrincipalName != "" {
		upn = asked.NewUserPrincipalName
		if !t.verified(upn) {
			return nil, unverifiedDomain()
		}
	}
	if len(t.live.byUPN[strings.ToLower(upn)]) > 0 {
		return nil, conflict("userPrincipalName")
	}
	kept := slices.DeleteFunc(slices.Clone(u.Proxies), func(p string) bool {
		_, address, _ := strings.Cut(p, ":")
		kind, _ := t.holder(address, u.ID)
		return kind != ""
	})
	if len(kept) < len(u.Proxies) && (asked.AutoReconcileProxyConflict == nil || !*asked.AutoReconcileProxyConflict) {
		return nil, conflict("proxyAddresses")
	}
	after := u.with(func(c *user) {
		c.UPN, c.Proxies = upn, kept
		if !slices.ContainsFunc(kept, func(p string) bool { return strings.EqualFold(p, "smtp:"+c.Mail) }) && len(kept) < len(u.Proxies) {
			c.Mail = primaryOf(kept)
		}
		c.Deleted = time.Time{}
	})
	t.put(u, after)
	return after, nil
}

// primaryOf is the address written with a capital SMTP, or "".
func primaryOf(proxies []string) string {
	for _, p := range proxies {
		if address, ok := strings.CutPrefix(p, "SMTP:"); ok {
			return address
		}
	}
	return ""
}
