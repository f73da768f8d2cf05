package graph

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"mailback/recovery"
)

// A read that Graph throttles for a moment is repeated here, so that people do not wait for a whole job to be retried.
const (
	longestPause = 3 * time.Second
	mostRepeats  = 2
)

// errRedirected is for answers that send the caller elsewhere: Graph's JSON resources have none, and a token must not follow.
var errRedirected = errors.New("answered with a redirect")

// call is what was sent and came back, noted by wire as it passes.
type call struct {
	op     operation
	id     string // client-request-id
	status int    // 0 until there is an answer
	header http.Header
}

type callKey struct{}

// receipt gives the ids and the clock of the answer. A recipient dates an answer that has no Date itself (RFC 9110, 6.6.1).
func (c *call) receipt() recovery.Receipt {
	date, err := http.ParseTime(c.header.Get("Date"))
	if err != nil {
		date = time.Now()
	}
	return recovery.Receipt{RequestID: c.header.Get("request-id"), ClientRequestID: c.id, Date: date.UTC()}
}

// retryAfter is how long the answer asks to wait: seconds or a date (RFC 9110, 10.2.3), 0 where it does not say.
func (c *call) retryAfter() time.Duration {
	text := c.header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return max(0, time.Duration(seconds*float64(time.Second)))
	}
	if until, err := http.ParseTime(text); err == nil {
		return max(0, until.Sub(c.receipt().Date))
	}
	return 0
}

// wire is the transport under the SDK. It stands in for Kiota's retry handler, which repeats POST after 504.
type wire struct {
	next   http.RoundTripper
	budget *budget
}

// RoundTrip sends a request, and a read again after a short Retry-After.
func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	c, ok := req.Context().Value(callKey{}).(*call)
	if !ok {
		return nil, errors.New("a call without its record")
	}
	for try := 0; ; try++ {
		c.status, c.header = 0, nil
		resp, err := w.next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		c.status, c.header = resp.StatusCode, resp.Header
		w.budget.answered(c, time.Now())
		if !worthRepeating(req, c, try) {
			return unlessRedirect(resp)
		}
		discard(resp)
		if err := pause(req, c.retryAfter()); err != nil {
			return nil, err
		}
	}
}

// worthRepeating allows reads alone, and pauses that end before the call's deadline.
func worthRepeating(req *http.Request, c *call, try int) bool {
	switch c.status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return false
	}
	wait := c.retryAfter()
	deadline, limited := req.Context().Deadline()
	return req.Method == http.MethodGet && try < mostRepeats && wait > 0 && wait <= longestPause &&
		(!limited || wait < time.Until(deadline))
}

func pause(req *http.Request, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-req.Context().Done():
		return req.Context().Err()
	}
}

func unlessRedirect(resp *http.Response) (*http.Response, error) {
	if resp.StatusCode < 300 || resp.StatusCode >= 400 {
		return resp, nil
	}
	discard(resp)
	return nil, fmt.Errorf("%w (HTTP %d)", errRedirected, resp.StatusCode)
}

// discard reads a small rest, so that the connection can be used again.
func discard(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // nothing depends on it
	_ = resp.Body.Close()
}
