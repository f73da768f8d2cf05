// Package exchange is Mailback's side of Exchange Online: it reads mailboxes (recovery.Mailboxes), copies them into others
// (recovery.Copier), reconnects them (recovery.Reconnector) and brings single items back (recovery.Items).
//
// Exchange's own facts (which mailbox is soft-deleted or inactive, and of what type it is) come from its cmdlets alone, and
// so do its own deeds. This package runs them through InvokeCommand, the endpoint that Microsoft's ExchangeOnlineManagement
// module calls and that many tools use (KelvinTegelaar/CIPP-API, dfds/aad-aws-sync), but that Microsoft does not document
// and may change. That is why it is an option of Mailback, and why every answer is compared with what was asked.
//
// client.go makes a Client, invoke.go runs one cmdlet, fault.go is the one place where a failure gets its recovery.Kind,
// identity.go the one place where a text becomes the name of an object, value.go reads Exchange's sizes, spans and dates.
// The other files are the cmdlets: mailbox.go Get-Mailbox, statistics.go, permissions.go, delicensing.go, module.go and
// facts.go what else is read, copy.go the mailbox restore requests, reconnect.go Undo-SoftDeletedMailbox and Set-Mailbox, items.go the
// recoverable items.
package exchange

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

	"mailback/recovery"
)

// Config is what a Client works with.
type Config struct {
	// Credential gives tokens; required.
	Credential azcore.TokenCredential
	// BaseURL is Exchange's address, as https://outlook.office365.com. Plain http is taken for a loopback host alone. Required.
	BaseURL string
	// Scope is what tokens are asked for, as https://outlook.office365.com/.default; required.
	Scope string
	// TenantID is the tenant's id; required.
	TenantID string
	// Transport carries the calls; nil means http.DefaultTransport. Extra root certificates belong here.
	Transport http.RoundTripper
	// Timeout is for one call; 0 means 20 s, because cmdlets are slow.
	Timeout time.Duration
	// Logger gets a debug line for every call, without its parameters; nil means none.
	Logger *slog.Logger
}

// Client runs cmdlets. It never repeats one by itself. It is safe for concurrent use.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client
}

var (
	_ recovery.Mailboxes   = (*Client)(nil)
	_ recovery.Copier      = (*Client)(nil)
	_ recovery.Reconnector = (*Client)(nil)
	_ recovery.Items       = (*Client)(nil)
)

// New returns a client. It makes no call.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(cfg.BaseURL, "/"))
	if err != nil {
		return nil, fmt.Errorf("exchange: base URL: %w", err)
	}
	host := base.Hostname()
	loopback := host == "localhost" || net.ParseIP(host).IsLoopback()
	if host == "" || base.Scheme != "https" && (base.Scheme != "http" || !loopback) {
		return nil, fmt.Errorf("exchange: base URL %q is not https (http is for a loopback host alone)", cfg.BaseURL)
	}
	if cfg.Credential == nil || cfg.Scope == "" || cfg.TenantID == "" {
		return nil, errors.New("exchange: a credential, a scope and a tenant id are needed")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 20 * time.Second
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // send follows by itself
	return &Client{cfg: cfg, base: base, http: &http.Client{Transport: cfg.Transport, CheckRedirect: stay}}, nil
}

// trusts says whether a token may go to uri: the configured host, and where that is Microsoft's, its regional hosts
// (cisagov/ScubaGear, Get-ExchangeOnlineApiEndpoint, meets redirects to those).
func (c *Client) trusts(uri *url.URL) bool {
	if uri.User != nil {
		return false
	}
	if uri.Scheme == c.base.Scheme && strings.EqualFold(uri.Host, c.base.Host) {
		return true
	}
	return uri.Scheme == "https" && uri.Port() == "" && microsofts(c.base.Hostname()) && microsofts(uri.Hostname())
}

func microsofts(host string) bool {
	host = strings.ToLower(host)
	return host == "outlook.office.com" || strings.HasSuffix(host, ".office365.com") || strings.HasSuffix(host, ".office365.us")
}
