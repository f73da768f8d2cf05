package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"

	"mailback/recovery"
	"mailback/recovery/entra"
)

const (
	pageSize      = 1000     // rows in one answer, the most that is given
	largestAnswer = 16 << 20 // bytes
	mostRedirects = 3
)

// errForeign says that an answer points to a host that may not have our token.
var errForeign = errors.New("the answer leads to a host that is not Exchange's")

// errCut says that Exchange has more than it gave.
var errCut = errors.New("the list is cut short")

// command is one cmdlet to run.
type command struct {
	name    string
	about   map[string]identity // the parameters that say which object it is about
	with    map[string]any      // all others
	columns []string            // properties of the rows; none means all
	tenant  bool                // it is about the tenant itself, which no parameter names
	private bool                // its answer belongs to a mailbox's owner: no error and no log line quotes it
}

// body writes the command as InvokeCommand takes it. A cmdlet that is about nothing in particular is not run: it would be
// about everything. Parameters are an object, never null (KelvinTegelaar/CIPP-API, New-ExoRequest).
func (cmd command) body() ([]byte, error) {
	if len(cmd.about) == 0 && !cmd.tenant {
		return nil, wrong(cmd.name, errors.New("it is about nothing in particular"))
	}
	parameters := maps.Clone(cmd.with)
	if parameters == nil {
		parameters = map[string]any{}
	}
	for name, id := range cmd.about {
		parameters[name] = id
	}
	body, err := json.Marshal(map[string]any{"CmdletInput": map[string]any{"CmdletName": cmd.name, "Parameters": parameters}})
	if err != nil {
		return nil, wrong(cmd.name, fmt.Errorf("write the body: %w", err))
	}
	return body, nil
}

// answer is a page of a cmdlet's output.
type answer struct {
	Value    []json.RawMessage `json:"value"`
	Warnings []string          `json:"@adminapi.warnings"`
	NextLink string            `json:"@odata.nextLink"`

	receipt recovery.Receipt
}

// call is what was sent and came back.
type call struct {
	cmdlet  string
	private bool
	method  string
	all     bool   // asks for the list of cmdlets
	id      string // client-request-id
	status  int    // 0 until there is an answer
	header  http.Header
	body    []byte
}

// link is where commands go to, with the columns that they want.
func (c *Client) link(columns []string) *url.URL {
	link := c.base.JoinPath("adminapi", "beta", c.cfg.TenantID, "InvokeCommand")
	if len(columns) > 0 {
		link.RawQuery = "$select=" + url.QueryEscape(strings.Join(columns, ","))
	}
	return link
}

// read runs a cmdlet that only reads, to its last page. A list that Exchange cut short, warned about or could not page
// through is Incomplete.
func (c *Client) read(ctx context.Context, cmd command) ([]json.RawMessage, recovery.Receipt, error) {
	body, err := cmd.body()
	if err != nil {
		return nil, recovery.Receipt{}, err
	}
	rows, last := []json.RawMessage{}, recovery.Receipt{}
	seen := map[string]bool{}
	for next := c.link(cmd.columns); next != nil; {
		seen[next.String()] = true
		page, err := c.page(ctx, cmd, next, body)
		if err != nil {
			return nil, last, laterPage(err, cmd.name, len(seen))
		}
		rows, last = append(rows, page.Value...), page.receipt
		if next, err = cmd.following(page, seen); err != nil {
			return nil, last, incomplete(cmd.name, err)
		}
	}
	return rows, last, nil
}

// change runs a cmdlet that writes, once. What it answers besides its first rows does not matter: it was done. Warnings speak
// of what comes next, as that the mailbox needs a licence, and are logged. Without an answer it is Unavailable: it may
// have been done.
func (c *Client) change(ctx context.Context, cmd command) ([]json.RawMessage, recovery.Receipt, error) {
	body, err := cmd.body()
	if err != nil {
		return nil, recovery.Receipt{}, err
	}
	page, err := c.page(ctx, cmd, c.link(cmd.columns), body)
	if err != nil {
		return nil, recovery.Receipt{}, err
	}
	if n := len(page.Warnings); n > 0 {
		c.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "exchange warned", slog.String("cmdlet", cmd.name), slog.Int("warnings", n),
			slog.String("text", cmd.quote(page.Warnings)), slog.String("client_request_id", page.receipt.ClientRequestID), requestOf(ctx))
	}
	return page.Value, page.receipt, nil
}

// quote gives warnings as text, unless they may hold something private.
func (cmd command) quote(warnings []string) string {
	if cmd.private {
		return "not shown"
	}
	return oneLine(strings.Join(warnings, "; "))
}

// laterPage makes a failure after the first page Incomplete: links to further pages are tied to one back-end server and
// fail for some callers (rknightion/graph2otel). A throttled one keeps its time to wait.
func laterPage(err error, cmdlet string, n int) error {
	if n == 1 || recovery.KindOf(err) == recovery.Throttled {
		return err
	}
	return &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerExchange, Op: cmdlet, Detail: fmt.Sprintf("page %d", n), Err: err}
}

// following gives the next page's address; nil after the last. Warnings are there when the list was cut.
func (cmd command) following(page answer, seen map[string]bool) (*url.URL, error) {
	switch {
	case page.Value == nil:
		return nil, errors.New("an answer without a list")
	case len(page.Warnings) > 0:
		return nil, fmt.Errorf("%w: warned: %s", errCut, cmd.quote(page.Warnings))
	case page.NextLink == "":
		return nil, nil
	case seen[page.NextLink]:
		return nil, errors.New("the link to the next page leads in a circle")
	}
	next, err := url.Parse(page.NextLink)
	if err != nil {
		return nil, errors.New("the link to the next page is no URL")
	}
	return next, nil
}

// page runs the cmdlet for one page. Further pages are the same POST to their link.
func (c *Client) page(ctx context.Context, cmd command, link *url.URL, body []byte) (answer, error) {
	return c.ask(ctx, &call{cmdlet: cmd.name, private: cmd.private, method: http.MethodPost}, link, body)
}

// ask makes one call, logs that it was made, and reads its answer.
func (c *Client) ask(ctx context.Context, x *call, link *url.URL, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	x.id = uuid.NewString()
	began := time.Now()
	err := c.send(ctx, x, link, body)
	c.cfg.Logger.LogAttrs(ctx, slog.LevelDebug, "exchange call", slog.String("cmdlet", x.cmdlet), slog.Int("status", x.status),
		slog.Duration("took", time.Since(began)), slog.String("client_request_id", x.id), slog.String("request_id", x.header.Get("request-id")),
		requestOf(ctx))
	if err == nil && x.status == http.StatusOK {
		page := answer{receipt: x.receipt()}
		if err = json.Unmarshal(x.body, &page); err == nil {
			return page, nil
		}
		err = errors.New("the answer is no JSON") // the cause would quote it
	}
	return answer{}, x.fault(err)
}

// requestOf is the log attribute that names the request a call is made for; an empty one, which slog leaves out,
// where it is made for none.
func requestOf(ctx context.Context) slog.Attr {
	if ref := recovery.RequestRef(ctx); ref != "" {
		return slog.String("request", ref)
	}
	return slog.Attr{}
}

// send makes the request, and again where a trusted host redirects it to.
func (c *Client) send(ctx context.Context, x *call, link *url.URL, body []byte) error {
	for range mostRedirects {
		if !c.trusts(link) {
			return errForeign
		}
		req, err := c.request(ctx, x, link, body)
		if err != nil {
			return err
		}
		to, err := c.roundTrip(x, req)
		if err != nil || to == nil {
			return err
		}
		link = to
	}
	return errors.New("redirected too often")
}

// roundTrip reads one answer into x. It gives the address that a redirect names.
func (c *Client) roundTrip(x *call, req *http.Request) (*url.URL, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	x.status, x.header = resp.StatusCode, resp.Header
	switch resp.StatusCode {
	case http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return resp.Location()
	}
	x.body, err = io.ReadAll(io.LimitReader(resp.Body, largestAnswer+1))
	if err == nil && len(x.body) > largestAnswer {
		err = errors.New("the answer is larger than a page can be")
	}
	return nil, err
}

// request writes the headers that InvokeCommand wants. The anchor keeps a tenant's calls on one server; without it some
// cmdlets are refused (dfds/aad-aws-sync internal/ssu_exchange).
func (c *Client) request(ctx context.Context, x *call, link *url.URL, body []byte) (*http.Request, error) {
	token, err := c.cfg.Credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.cfg.Scope}})
	if err != nil {
		return nil, entra.SignInFailed(err)
	}
	req, err := http.NewRequestWithContext(ctx, x.method, link.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("build the request: %w", err)
	}
	for name, value := range map[string]string{
		"Authorization":     "Bearer " + token.Token,
		"Content-Type":      "application/json; charset=utf-8",
		"Accept":            "application/json",
		"Prefer":            fmt.Sprintf("odata.maxpagesize=%d", pageSize),
		"X-AnchorMailbox":   "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@" + c.cfg.TenantID,
		"client-request-id": x.id,
	} {
		req.Header.Set(name, value)
	}
	if x.all {
		req.Header.Set("CommandName", "*")
	}
	return req, nil
}
