package graph

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	abs "github.com/microsoft/kiota-abstractions-go"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	"github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"mailback/recovery"
)

// Config is what a Client works with.
type Config struct {
	// Credential gives tokens; required.
	Credential azcore.TokenCredential
	// BaseURL is Graph's address, as https://graph.microsoft.com; /v1.0 is added where it has no path. Plain http is
	// taken for a loopback host alone. Required.
	BaseURL string
	// Scope is what tokens are asked for, as https://graph.microsoft.com/.default; required.
	Scope string
	// Transport carries the calls; nil means http.DefaultTransport. Extra root certificates belong here.
	Transport http.RoundTripper
	// Timeout is for one call, its short repeats included; 0 means 10 s.
	Timeout time.Duration
	// Logger gets a debug line for every call, without its query; nil means none.
	Logger *slog.Logger
}

// Client speaks to Microsoft Graph. It is safe for concurrent use.
type Client struct {
	bearer  *bearer
	adapter abs.RequestAdapter
	baseURL string
	timeout time.Duration
	log     *slog.Logger
	aliases *aliases
	boxes   *mailboxes
	budget  *budget
	lane    lane // of the mailbox that a copy of the client speaks to; nil for the directory
}

var (
	_ recovery.Directory = (*Client)(nil)
	_ recovery.Restorer  = (*Client)(nil)
	_ recovery.Items     = (*Client)(nil)
)

// New returns a client. It makes no call.
func New(cfg Config) (*Client, error) {
	base, err := parseBase(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	if cfg.Credential == nil || cfg.Scope == "" {
		return nil, errors.New("graph: a credential and a scope are needed")
	}
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	c := &Client{
		bearer:  &bearer{credential: cfg.Credential, scope: cfg.Scope, base: base},
		baseURL: base.String(), timeout: cfg.Timeout, log: cfg.Logger, aliases: newAliases(),
		boxes: &mailboxes{of: map[string]*mailbox{}}, budget: newBudget(),
	}
	c.adapter, err = newAdapter(c.bearer, wire{cfg.Transport, c.budget})
	return c, err
}

// newAdapter wires Kiota with an explicit list of middleware. Its default list comes in random order and corrupts
// repeated POSTs when compression ends up inside retry (microsoft/kiota-http-go issue 183). The parser is given here because
// only the whole client registers one; a serializer is not needed, see restore.go.
func newAdapter(auth *bearer, next http.RoundTripper) (abs.RequestAdapter, error) {
	client := &http.Client{
		Transport:     khttp.NewCustomTransportWithParentTransport(next, khttp.NewParametersNameDecodingHandler()),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	adapter, err := khttp.NewNetHttpRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		auth, kjson.NewJsonParseNodeFactory(), nil, client)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	adapter.SetBaseUrl(auth.base.String())
	return adapter, nil
}

func parseBase(text string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil {
		return nil, fmt.Errorf("graph: base URL: %w", err)
	}
	host := base.Hostname()
	loopback := host == "localhost" || net.ParseIP(host).IsLoopback()
	if host == "" || base.Scheme != "https" && (base.Scheme != "http" || !loopback) {
		return nil, fmt.Errorf("graph: base URL %q is not https (http is for a loopback host alone)", text)
	}
	if base.Path == "" {
		base.Path = "/v1.0"
	}
	return base, nil
}

// The SDK's builders share the map of their parameters with the requests they make, which the adapter writes to, so
// every call gets builders of its own.

func (c *Client) parameters() map[string]string { return map[string]string{"baseurl": c.baseURL} }

func (c *Client) users() *users.UsersRequestBuilder {
	return users.NewUsersRequestBuilderInternal(c.parameters(), c.adapter)
}

func (c *Client) user(id string) *users.UserItemRequestBuilder { return c.users().ByUserId(id) }

func (c *Client) deletedItems() *directory.DeletedItemsRequestBuilder {
	return directory.NewDeletedItemsRequestBuilderInternal(c.parameters(), c.adapter)
}

// plain makes a read by URI template, for the lists whose SDK packages are left out.
func (c *Client) plain(path, filter, expand string, fields ...string) *abs.RequestInformation {
	ri := abs.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(
		abs.GET, "{+baseurl}"+path+"{?%24count,%24expand,%24filter,%24select,%24top}", c.parameters())
	ri.Headers.Add("Accept", "application/json")
	ri.QueryParameters["%24filter"] = filter
	if expand != "" {
		ri.QueryParameters["%24expand"] = expand
	}
	if len(fields) > 0 {
		ri.QueryParametersAny["%24select"] = fields
	}
	return ri
}

// eventually asks for an advanced query: those see the directory through an index that lags a little behind
// (learn.microsoft.com/graph/aad-advanced-queries).
func eventually() *abs.RequestHeaders {
	h := abs.NewRequestHeaders()
	h.Add("ConsistencyLevel", "eventual")
	return h
}
