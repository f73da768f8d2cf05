package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
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

// invocation is InvokeCommand's body. Parameters must be an object, never null (KelvinTegelaar/CIPP-API, New-ExoRequest).
type invocation struct {
	CmdletInput struct {
		CmdletName string
		Parameters map[string]any
	}
}

// answer is a page of a cmdlet's output.
type answer struct {
	Value    []json.RawMessage `json:"value"`
	Warnings []string          `json:"@adminapi.warnings"`
	NextLink string            `json:"@odata.nextLink"`
}

// call is what was sent and came back.
type call struct {
	cmdlet string
	id     string // client-request-id
	status int    // 0 until there is an answer
	header http.Header
	body   []byte
}

// Invoke runs a cmdlet that only reads, and gives its rows with the named properties. A list that Exchange cut short,
// warned about or could not page through is Incomplete. Errors are *recovery.Error.
func (c *Client) Invoke(ctx context.Context, cmdlet string, parameters map[string]any, properties ...string) ([]json.RawMessage, error) {
	var in invocation
	in.CmdletInput.CmdletName, in.CmdletInput.Parameters = cmdlet, parameters
	if parameters == nil {
		in.CmdletInput.Parameters = map[string]any{}
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, &recovery.Error{Kind: recovery.Invalid, Op: cmdlet, Err: fmt.Errorf("write the body: %w", err)}
	}
	link := c.base.JoinPath("adminapi", "beta", c.cfg.TenantID, "InvokeCommand")
	if len(properties) > 0 {
		link.RawQuery = "$select=" + url.QueryEscape(strings.Join(properties, ","))
	}
	rows := []json.RawMessage{}
	seen := map[string]bool{}
	for next := link; next != nil; {
		seen[next.String()] = true
		page, err := c.page(ctx, cmdlet, next, body)
		if err != nil {
			return nil, laterPage(err, cmdlet, len(seen))
		}
		rows = append(rows, page.Value...)
		if next, err = c.following(page, seen); err != nil {
			return nil, &recovery.Error{Kind: recovery.Incomplete, Op: cmdlet, Err: err}
		}
	}
	return rows, nil
}

// laterPage makes a failure after the first page Incomplete: links to further pages are tied to one back-end server and
// fail for some callers (rknightion/graph2otel). A throttled one keeps its time to wait.
func laterPage(err error, cmdlet string, n int) error {
	if n == 1 || recovery.KindOf(err) == recovery.Throttled {
		return err
	}
	return &recovery.Error{Kind: recovery.Incomplete, Op: cmdlet, Detail: fmt.Sprintf("page %d", n), Err: err}
}

// following gives the next page's address; nil after the last. Warnings are there when the list was cut.
func (c *Client) following(page answer, seen map[string]bool) (*url.URL, error) {
	switch {
	case page.Value == nil:
		return nil, errors.New("an answer without a list")
	case len(page.Warnings) > 0:
		return nil, fmt.Errorf("warned: %s", oneLine(strings.Join(page.Warnings, "; ")))
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
func (c *Client) page(ctx context.Context, cmdlet string, link *url.URL, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	x := &call{cmdlet: cmdlet, id: uuid.NewString()}
	began := time.Now()
	err := c.post(ctx, x, link, body)
	c.cfg.Logger.LogAttrs(ctx, slog.LevelDebug, "exchange call", slog.String("cmdlet", cmdlet), slog.Int("status", x.status),
		slog.Duration("took", time.Since(began)), slog.String("client_request_id", x.id), slog.String("request_id", x.header.Get("request-id")),
		requestOf(ctx))
	var page answer
	if err == nil && x.status == http.StatusOK {
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

// post sends the body, and again where a trusted host redirects it to.
func (c *Client) post(ctx context.Context, x *call, link *url.URL, body []byte) error {
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
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, link.String(), bytes.NewReader(body))
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
	return req, nil
}
