package deploy

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jmespath/go-jmespath"
)

// TestMain lets the test binary be the Azure CLI too: it is that where it is called az.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "az" {
		os.Exit(az(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// azState names the file in which the stand-in keeps its tenant from call to call.
const azState = "MAILBACK_TEST_AZ"

// tenant is what the stand-in for the Azure CLI and for Microsoft Graph behind it knows, and what it was asked.
type tenant struct {
	SignedOut    bool
	Applications []*application
	Principals   []*principal
	Calls        []azCall
	Unknown      int // that many changes of service principals are answered with "does not exist" before one is made
}

type azCall struct {
	Args    []string
	Changes bool
}

// application is Graph's (learn.microsoft.com/graph/api/resources/application), as far as it is used.
type application struct {
	ID          string           `json:"id"`
	AppID       string           `json:"appId"`
	DisplayName string           `json:"displayName"`
	Audience    string           `json:"signInAudience"`
	Created     string           `json:"createdDateTime"`
	Required    []resourceAccess `json:"requiredResourceAccess"`
	Keys        []credential     `json:"keyCredentials"`
	Passwords   []credential     `json:"passwordCredentials"`
	Federated   []federated      `json:"federatedIdentityCredentials"`
}

type resourceAccess struct {
	AppID  string `json:"resourceAppId"`
	Access []struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	} `json:"resourceAccess"`
}

type credential struct {
	DisplayName string `json:"displayName"`
	End         string `json:"endDateTime"`
	Key         string `json:"key,omitempty"`
}

type federated struct {
	Name      string   `json:"name"`
	Issuer    string   `json:"issuer"`
	Subject   string   `json:"subject"`
	Audiences []string `json:"audiences"`
}

// principal is Graph's servicePrincipal, with the app roles that others have of it and those that it has of others.
type principal struct {
	ID     string    `json:"id"`
	AppID  string    `json:"appId"`
	Roles  []appRole `json:"appRoles"`
	Grants []grant   // its appRoleAssignments
}

type appRole struct {
	ID      string   `json:"id"`
	Value   string   `json:"value"`
	Enabled bool     `json:"isEnabled"`
	Members []string `json:"allowedMemberTypes"`
}

type grant struct {
	Principal string `json:"principalId"`
	Resource  string `json:"resourceId"`
	Role      string `json:"appRoleId"`
}

// newID makes an id as Entra does.
func newID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// az answers one call of the Azure CLI, and gives its exit code: 2 for arguments that it does not know, 1 for what else goes wrong.
func az(args []string) int {
	file := os.Getenv(azState)
	var t tenant
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the stand-in's state:", err)
		return 3
	}
	code := 0
	call := azCall{Args: args}
	if err := t.answer(&call); err != nil {
		fmt.Fprintln(os.Stderr, "ERROR:", err)
		code = 1
		if _, ok := errors.AsType[usageError](err); ok {
			code = 2
		}
	}
	t.Calls = append(t.Calls, call)
	if b, err = json.Marshal(t); err == nil {
		err = os.WriteFile(file, b, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the stand-in's state:", err)
		return 3
	}
	return code
}

type usageError string

func (e usageError) Error() string { return string(e) }

// azFlags are the commands that the stand-in knows, with their flags: how many values each takes, -1 for as many as there are.
func azFlags() map[string]map[string]int {
	all := func(flags map[string]int) map[string]int {
		flags["--query"], flags["--output"], flags["--only-show-errors"] = 1, 1, 0
		return flags
	}
	return map[string]map[string]int{
		"account show":           all(map[string]int{}),
		"cloud show":             all(map[string]int{}),
		"rest":                   all(map[string]int{"--method": 1, "--uri": 1, "--uri-parameters": -1, "--body": 1}),
		"ad app credential list": all(map[string]int{"--id": 1, "--cert": 0}),
		"ad app credential reset": all(map[string]int{
			"--id": 1, "--cert": 1, "--append": 0, "--display-name": 1, "--years": 1, "--end-date": 1,
		}),
	}
}

// parseAz takes a command line apart.
func parseAz(args []string) (command string, flags map[string][]string, err error) {
	n := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") })
	if n < 0 {
		n = len(args)
	}
	command = strings.Join(args[:n], " ")
	known, ok := azFlags()[command]
	if !ok {
		return "", nil, usageError(fmt.Sprintf("'%s' is misspelled or not recognized by the system.", command))
	}
	flags = map[string][]string{}
	for args = args[n:]; len(args) > 0; {
		name, rest := args[0], args[1:]
		takes, ok := known[name]
		if !ok {
			return "", nil, usageError("unrecognized arguments: " + name)
		}
		if takes < 0 {
			takes = slices.IndexFunc(rest, func(a string) bool { return strings.HasPrefix(a, "--") })
			takes = cmp.Or(max(takes, 0), len(rest))
		}
		if takes > len(rest) {
			return "", nil, usageError("argument " + name + ": expected one argument")
		}
		flags[name], args = rest[:takes], rest[takes:]
	}
	return command, flags, nil
}

// answer does what a call says and prints its result.
func (t *tenant) answer(call *azCall) error {
	command, flags, err := parseAz(call.Args)
	if err != nil {
		return err
	}
	if t.SignedOut && command != "cloud show" {
		return errors.New("Please run 'az login' to setup account.") //nolint:revive // the words are the Azure CLI's
	}
	one := func(name string) string { return strings.Join(flags[name], " ") }
	var result any
	switch command {
	case "account show":
		result = map[string]string{"tenantId": "99999999-8888-7777-6666-555555555555", "name": "N/A(tenant level account)"}
	case "cloud show":
		result = map[string]any{"name": "AzureCloud", "endpoints": map[string]string{"microsoftGraphResourceId": "https://graph.microsoft.com/"}}
	case "rest":
		call.Changes = one("--method") != "get"
		result, err = t.graph(one("--method"), one("--uri"), flags["--uri-parameters"], []byte(one("--body")))
	case "ad app credential list":
		result, err = t.credentials(one("--id"), flags["--cert"] != nil)
	case "ad app credential reset":
		call.Changes = true
		result, err = t.reset(flags)
	}
	if err != nil {
		return err
	}
	return printResult(os.Stdout, result, one("--query"), one("--output"))
}

// credentials are an application's certificates or secrets, neither with what is secret in them.
func (t *tenant) credentials(id string, certificates bool) ([]credential, error) {
	app, err := t.application(id)
	if err != nil {
		return nil, err
	}
	if certificates {
		return app.Keys, nil
	}
	return app.Passwords, nil
}

// reset adds a certificate or a secret, as "az ad app credential reset" (azure-cli, command_modules/role/custom.py): without --append it takes
// the others away.
func (t *tenant) reset(flags map[string][]string) (any, error) {
	app, err := t.application(strings.Join(flags["--id"], ""))
	if err != nil {
		return nil, err
	}
	if flags["--append"] == nil {
		app.Keys, app.Passwords = nil, nil
	}
	c := credential{DisplayName: strings.Join(flags["--display-name"], ""), End: strings.Join(flags["--end-date"], "")}
	if file := strings.Join(flags["--cert"], ""); file != "" {
		text, err := os.ReadFile(strings.TrimPrefix(file, "@")) // az reads the file that @ names
		if err != nil {
			return nil, err
		}
		c.Key = string(text)
		app.Keys = append(app.Keys, c)
		return map[string]any{"appId": app.AppID, "password": nil}, nil
	}
	app.Passwords = append(app.Passwords, c)
	return map[string]any{"appId": app.AppID, "password": "s3cret~" + newID()}, nil
}

// application finds one by its object id or its client id.
func (t *tenant) application(id string) (*application, error) {
	for _, a := range t.Applications {
		if id == a.ID || id == a.AppID {
			return a, nil
		}
	}
	return nil, notFound(id)
}

// notFound is Graph's answer for what is not there, as az prints it.
func notFound(id string) error {
	return fmt.Errorf(`Not Found({"error":{"code":"Request_ResourceNotFound","message":"Resource '%s' does not exist or one of its queried `+
		`reference-property objects are not present."}})`, id)
}

// printResult prints what the query takes of a result. TSV is that of knack's output.py: a row for each element, a list or an object in a
// cell is no text, and null in a row is None. A result of null prints nothing.
func printResult(w io.Writer, result any, query, output string) error {
	b, err := json.Marshal(result)
	if err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if query != "" && v != nil {
		if v, err = jmespath.Search(query, v); err != nil {
			return usageError("argument --query: invalid jmespath_type value: " + query)
		}
	}
	if v == nil || output == "none" {
		return nil
	}
	if output != "tsv" {
		return json.NewEncoder(w).Encode(v)
	}
	rows, ok := v.([]any)
	if !ok {
		rows = []any{v}
	}
	for _, r := range rows {
		cells, ok := r.([]any)
		if !ok {
			cells = []any{r}
		}
		var texts []string
		for _, c := range cells {
			texts = append(texts, cell(c))
		}
		fmt.Fprintln(w, strings.Join(texts, "\t"))
	}
	return nil
}

func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case []any:
		return fmt.Sprint(len(v))
	case map[string]any:
		return ""
	default:
		return fmt.Sprint(v)
	}
}
