package m365fake

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// route is one operation of Graph. In its path "*" is any segment, "@user" a cast, "!restore" an action
// or function, which may be written with its namespace.
type route struct {
	method  string
	path    []string
	roles   []string // application permissions, any of which opens it
	cost    int      // resource units (learn.microsoft.com/graph/throttling-limits)
	outlook bool     // served by Exchange, with its own limits and its own refusals
	handle  func(*call) (answer, error)
}

// call is one request to Graph.
type call struct {
	*http.Request
	args []string // what the "*" of the path were
	body []byte
	held map[string]bool // application permissions
}

// largestBody is what a request may hold (learn.microsoft.com/graph/json-batching: 4 MB).
const largestBody = 4 << 20

// graphRoutes lists what the stand-in answers. Permissions are the documented ones of each operation,
// the least first (microsoftgraph/microsoft-graph-devx-content permissions.json).
func (s *Server) graphRoutes() []route {
	read := []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	write := []string{"User.ReadWrite.All", "Directory.ReadWrite.All"}
	update := append(slices.Clone(write), "User.EnableDisableAccount.All")
	restore := []string{"User.DeleteRestore.All", "User.ReadWrite.All"}
	members := append([]string{"GroupMember.Read.All", "Group.Read.All"}, read...)
	groups := []string{"GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	skus := []string{"LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	licenses := append([]string{"LicenseAssignment.ReadWrite.All"}, write...)
	settings := []string{"MailboxSettings.Read", "MailboxSettings.ReadWrite"}
	mail := []string{"Mail.ReadBasic.All", "Mail.Read", "Mail.ReadWrite"}
	moves := []string{"Mail.ReadWrite"}
	// The page of translateExchangeIds listed these for applications until 2020; that of today says that none will do.
	translates := []string{"User.Read.All", "User.ReadWrite.All"}
	roles := []string{"RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory", "Directory.Read.All", "Directory.ReadWrite.All"}
	organization := []string{"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All", "User.Read.All", "User.ReadWrite.All"}
	domains := []string{"Domain.Read.All", "Directory.Read.All", "Directory.ReadWrite.All", "Domain.ReadWrite.All"}
	contacts := []string{"OrgContact.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	return []route{
		s.at("GET users", read, 2, s.listUsers),
		s.at("GET users/$count", read, 2, s.countUsers),
		s.at("GET users/*", read, 1, s.getUser),
		s.at("PATCH users/*", update, 1, s.updateUser),
		s.at("DELETE users/*", restore, 1, s.deleteUser),
		s.at("POST users/*/!assignLicense", licenses, 1, s.assignLicense),
		s.at("POST users/*/!reprocessLicenseAssignment", write, 1, s.reprocessLicenses),
		s.at("POST users/*/!revokeSignInSessions", append([]string{"User.RevokeSessions.All"}, write...), 1, s.revokeSessions),
		s.at("GET users/*/licenseDetails", append(slices.Clone(skus), read...), 1, s.licenseDetails),
		s.at("GET users/*/memberOf", members, 1, s.memberOf(false)),
		s.at("GET users/*/memberOf/*", members, 1, s.memberOf(false)),
		s.at("GET users/*/transitiveMemberOf", members, 2, s.memberOf(true)),
		s.at("GET users/*/transitiveMemberOf/*", members, 2, s.memberOf(true)),
		s.at("POST users/*/!checkMemberGroups", members, 4, s.checkMembers("groupIds")),
		s.at("POST users/*/!checkMemberObjects", members, 4, s.checkMembers("ids")),
		s.at("POST users/*/!getMemberGroups", members, 2, s.getMemberGroups),
		s.outlook("GET users/*/mailboxSettings", settings, s.mailboxSettings),
		s.outlook("GET users/*/mailboxSettings/userPurpose", settings, s.userPurpose),
		s.outlook("GET users/*/mailFolders", mail, s.listFolders),
		s.outlook("POST users/*/mailFolders", moves, s.createFolder),
		s.outlook("GET users/*/mailFolders/*", mail, s.getFolder),
		s.outlook("GET users/*/mailFolders/*/childFolders", mail, s.listFolders),
		s.outlook("POST users/*/mailFolders/*/childFolders", moves, s.createFolder),
		s.outlook("GET users/*/mailFolders/*/messages", mail, s.listMessages),
		s.outlook("GET users/*/messages", mail, s.listMessages),
		s.outlook("GET users/*/messages/*", mail, s.getMessage),
		s.outlook("POST users/*/messages/*/!move", moves, s.moveMessage),
		s.outlook("POST users/*/mailFolders/*/messages/*/!move", moves, s.moveMessage),
		s.outlook("POST users/*/!translateExchangeIds", translates, s.translateIDs),
		s.at("GET directory/deletedItems", read, 1, s.searchDeleted),
		s.at("GET directory/deletedItems/@user", read, 1, s.listDeleted),
		s.at("GET directory/deletedItems/@user/$count", read, 1, s.countDeleted),
		s.at("GET directory/deletedItems/*", read, 1, s.getDeleted),
		s.at("GET directory/deletedItems/*/@user", read, 1, s.getDeleted),
		s.at("DELETE directory/deletedItems/*", restore, 1, s.purgeDeleted),
		s.at("POST directory/deletedItems/*/!restore", restore, 1, s.restoreDeleted),
		s.at("GET subscribedSkus", skus, 3, s.listSKUs),
		s.at("GET subscribedSkus/*", skus, 1, s.getSKU),
		s.at("GET organization", organization, 1, s.organization),
		s.at("GET domains", domains, 1, s.listDomains),
		s.at("GET groups", groups, 3, s.listGroups),
		s.at("GET groups/*", groups, 1, s.getGroup),
		s.at("GET groups/*/members", groups, 3, s.groupMembers),
		s.at("GET contacts", contacts, 1, s.listContacts),
		s.at("GET contacts/*", contacts, 1, s.getContact),
		s.at("GET directoryObjects/*", read, 1, s.getObject),
		s.at("GET directoryRoles", roles, 1, s.listRoles),
		s.at("GET roleManagement/directory/roleAssignments", roles, 1, s.roleAssignments),
		s.at("GET roleManagement/directory/roleDefinitions", roles, 1, s.roleDefinitions),
		s.at("GET roleManagement/directory/roleDefinitions/*", roles, 1, s.roleDefinition),
	}
}

func (s *Server) at(what string, roles []string, cost int, handle func(*call) (answer, error)) route {
	method, path, _ := strings.Cut(what, " ")
	return route{method: method, path: strings.Split(path, "/"), roles: roles, cost: cost, handle: handle}
}

func (s *Server) outlook(what string, roles []string, handle func(*call) (answer, error)) route {
	r := s.at(what, roles, 1, handle)
	r.outlook = true
	return r
}

func (s *Server) serveGraph(w http.ResponseWriter, r *http.Request) {
	segments, err := pathSegments(r)
	if err == nil && len(segments) == 1 && segments[0] == "$batch" {
		s.serveBatch(w, r)
		return
	}
	var a answer
	if err == nil {
		a, err = s.answerGraph(r, segments)
	}
	var refused *graphError
	if err != nil && !errors.As(err, &refused) {
		err = &graphError{status: http.StatusInternalServerError, code: "generalException", message: err.Error()}
	}
	s.writeAnswer(w, r, a, err)
}

func (s *Server) answerGraph(r *http.Request, segments []string) (answer, error) {
	held, err := s.authorize(r)
	if err != nil {
		return answer{}, err
	}
	route, args, err := s.route(r.Method, segments)
	if err != nil {
		return answer{}, err
	}
	if !slices.ContainsFunc(route.roles, func(role string) bool { return held[role] }) {
		if route.outlook {
			return answer{}, accessDenied()
		}
		return answer{}, denied()
	}
	body, err := readBody(r)
	if err != nil {
		return answer{}, err
	}
	leave, err := s.limits.enter(route, args)
	if err != nil {
		return answer{}, err
	}
	defer leave()
	s.delay(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	return route.handle(&call{Request: r, args: args, body: body, held: held})
}

// readBody reads the body, which Microsoft's client libraries compress.
func readBody(r *http.Request) ([]byte, error) {
	body := io.Reader(r.Body)
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, badRequestCode("The request body is not the gzip that its Content-Encoding promises.")
		}
		body = unpacked
	}
	raw, err := io.ReadAll(io.LimitReader(body, largestBody))
	if err != nil {
		return nil, badRequestCode("Unable to read the request body.")
	}
	return raw, nil
}

// keyInPath is a segment with its key, as users('x').
var keyInPath = regexp.MustCompile(`^(\w+)\((?:\w+=)?'(.*)'\)$`)

// pathSegments splits the path below /v1.0, with keys in parentheses, as in users('x'), made segments.
func pathSegments(r *http.Request) ([]string, error) {
	rest, found := strings.CutPrefix(r.URL.EscapedPath(), "/v1.0/")
	if !found {
		return nil, &graphError{status: http.StatusNotFound, code: "BadRequest", message: "Invalid version: " + strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 2)[0]}
	}
	var out []string
	for part := range strings.SplitSeq(strings.TrimSuffix(rest, "/"), "/") {
		s, err := url.PathUnescape(part)
		if err != nil {
			return nil, badRequest("Malformed URL.")
		}
		if m := keyInPath.FindStringSubmatch(s); m != nil {
			out = append(out, m[1], strings.ReplaceAll(m[2], "''", "'"))
			continue
		}
		out = append(out, s)
	}
	return out, nil
}

func (s *Server) route(method string, segments []string) (route, []string, error) {
	if strings.EqualFold(segments[0], "me") {
		return route{}, nil, &graphError{status: 400, code: "BadRequest", message: "/me request is only valid with delegated authentication flow."}
	}
	known := false
	for _, r := range s.routes {
		args, ok := r.match(segments)
		if ok && r.method == method {
			return r, args, nil
		}
		known = known || ok
	}
	if known {
		return route{}, nil, &graphError{status: http.StatusMethodNotAllowed, code: "Request_BadRequest", message: "Specified HTTP method is not allowed for the request target."}
	}
	// A wrong action below a user, as /users/{id}/restore, names the id (microsoftgraph/msgraph-sdk-powershell issue 987).
	if len(segments) == 3 && strings.EqualFold(segments[0], "users") && strings.EqualFold(segments[2], "restore") {
		return route{}, nil, notFound(segments[1])
	}
	return route{}, nil, &graphError{
		status: http.StatusBadRequest, code: "BadRequest",
		message: "Resource not found for the segment '" + segments[len(segments)-1] + "'.",
	}
}

func (r route) match(segments []string) ([]string, bool) {
	if len(segments) != len(r.path) {
		return nil, false
	}
	var args []string
	for i, want := range r.path {
		got := segments[i]
		switch {
		case want == "*":
			args = append(args, got)
		case strings.HasPrefix(want, "@"):
			if !strings.EqualFold(got, "microsoft.graph."+want[1:]) && !strings.EqualFold(got, "graph."+want[1:]) {
				return nil, false
			}
		case strings.HasPrefix(want, "!"):
			if !strings.EqualFold(strings.TrimPrefix(got, "microsoft.graph."), want[1:]) {
				return nil, false
			}
		case !strings.EqualFold(got, want):
			return nil, false
		}
	}
	return args, true
}

// read decodes the body into v and refuses parameters that the operation does not have.
func (c *call) read(operation string, v any, known ...string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(c.body, &fields); err != nil {
		return badRequestCode("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	for name := range fields {
		if !slices.Contains(known, name) && !strings.HasPrefix(name, "@odata.") {
			return badRequestCode("The parameter '" + name + "' in the request payload is not a valid parameter for the operation '" + operation + "'.")
		}
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return badRequestCode("Invalid value specified in the request payload: " + err.Error())
	}
	return nil
}

func badRequestCode(message string) *graphError {
	return &graphError{status: http.StatusBadRequest, code: "BadRequest", message: message}
}

func countAnswer(n int) answer { return answer{status: http.StatusOK, plain: strconv.Itoa(n)} }
