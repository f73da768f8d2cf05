package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Response is an answer through a response URL, which works five times within 30 minutes
// (docs.slack.dev/interactivity/handling-user-interaction). The person alone sees it.
type Response struct {
	Text    string
	Blocks  []slack.Block
	Replace bool // replaces the message that was clicked
}

// MarshalJSON writes what Slack reads. replace_original is always given: without it an answer in a thread
// overwrites its source.
func (r Response) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Text            string        `json:"text"`
		Blocks          []slack.Block `json:"blocks,omitempty"`
		ResponseType    string        `json:"response_type"`
		ReplaceOriginal bool          `json:"replace_original"`
	}{r.Text, r.Blocks, slack.ResponseTypeEphemeral, r.Replace})
}

// How often and how patiently an answer is tried.
const (
	respondTries = 3
	respondPause = 500 * time.Millisecond // doubling
	respondWait  = 5 * time.Second        // the longest Retry-After that is waited for
)

// Respond answers through a response URL. It tries again, a little, when the network or Slack fails; an
// answer may then come twice. Errors are of type *Error and do not contain the URL.
func (b *Bot) Respond(ctx context.Context, responseURL string, r Response) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing an answer: %w", err)
	}
	return b.respond(ctx, responseURL, raw)
}

func (b *Bot) respond(ctx context.Context, responseURL string, body []byte) error {
	if err := b.allowed(responseURL); err != nil {
		return err
	}
	pause := respondPause
	for try := 1; ; try++ {
		err := b.respondOnce(ctx, responseURL, body)
		failed, ok := errors.AsType[*Error](err)
		if !ok || failed.Verdict != Retry || try == respondTries || failed.RetryAfter > respondWait {
			return err
		}
		if !sleep(ctx, max(pause, failed.RetryAfter)) {
			return err
		}
		pause *= 2
	}
}

// allowed refuses a response URL that is not Slack's, unless the API is not Slack's either.
func (b *Bot) allowed(responseURL string) error {
	u, err := url.Parse(responseURL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return &Error{Method: respondMethod, Code: "invalid_url", Verdict: Refused}
	}
	api, err := url.Parse(b.config.APIURL)
	if err == nil && slackHost(api.Hostname()) && (u.Scheme != "https" || !slackHost(u.Hostname())) {
		return &Error{Method: respondMethod, Code: "foreign_url", Verdict: Refused}
	}
	return nil
}

// slackHost tells Slack's hosts, GovSlack's included.
func slackHost(host string) bool {
	host = "." + strings.ToLower(host)
	return strings.HasSuffix(host, ".slack.com") || strings.HasSuffix(host, ".slack-gov.com")
}

const respondMethod = "response_url"

func (b *Bot) respondOnce(ctx context.Context, responseURL string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, responseURL, bytes.NewReader(body))
	if err != nil {
		return &Error{Method: respondMethod, Code: "invalid_url", Verdict: Refused}
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := b.config.HTTPClient.Do(req)
	if err != nil {
		return classify(respondMethod, err)
	}
	defer func() { _ = resp.Body.Close() }()
	return responseError(resp)
}

// responseError reads Slack's answer: "ok", or JSON with ok and error, which may come with any status.
func responseError(resp *http.Response) error {
	said, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err != nil && resp.StatusCode == http.StatusOK {
		return nil // Slack has taken it; only its answer was cut
	}
	var answer struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	isJSON := json.Unmarshal(said, &answer) == nil
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return &Error{Method: respondMethod, Code: "ratelimited", Verdict: Retry, RetryAfter: retryAfter(resp.Header)}
	case isJSON && answer.Error != "" && resp.StatusCode < 500:
		return &Error{Method: respondMethod, Code: redact(answer.Error), Verdict: verdict(answer.Error)}
	case resp.StatusCode >= 500:
		return &Error{Method: respondMethod, Code: statusCode(resp.StatusCode), Verdict: Retry}
	case resp.StatusCode != http.StatusOK, isJSON && answer.OK != nil && !*answer.OK:
		return &Error{Method: respondMethod, Code: statusCode(resp.StatusCode), Verdict: Refused}
	}
	return nil
}

// retryAfter reads the header of that name; a second where Slack names no time.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 1 {
		return time.Second
	}
	return time.Duration(seconds) * time.Second
}
