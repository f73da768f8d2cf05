package bot

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/slack-go/slack"
)

// Verdict says what can be done about a call that Slack did not carry out.
type Verdict int

// The verdicts.
const (
	Retry   Verdict = iota // the network, a rate limit or Slack itself: the same call may work later
	Refused                // the same call will be refused every time
	Token                  // a token, the app's rights or the channel are at fault: an operator has to act
)

// Error is a call that Slack did not carry out.
type Error struct {
	Method     string        // as "chat.postMessage"; "socket mode" for opening a socket, "response_url" for answers through one
	Code       string        // Slack's own word, or "ratelimited", "http_503", "network"
	Verdict    Verdict       // what can be done
	RetryAfter time.Duration // what Slack asked for; 0 when it named no time

	subject string // what the call was about, as a user group's id
	detail  string // redacted
	cause   error
}

// Error names method, code and subject; it never holds a token or a response URL.
func (e *Error) Error() string {
	s := "slack " + e.Method
	if e.subject != "" {
		s += " of " + e.subject
	}
	s += ": " + e.Code
	if e.detail != "" {
		s += ": " + e.detail
	}
	return s
}

// Retryable tells whether the same call may work later, without anybody doing anything about it.
func (e *Error) Retryable() bool { return e.Verdict == Retry }

// RateLimited tells whether Slack wants the call to wait, which is everyday and no trouble.
func (e *Error) RateLimited() bool { return e.Code == "ratelimited" || e.Code == "rate_limited" }

// Unwrap gives the cause without the URL that net/http puts around it.
func (e *Error) Unwrap() error { return e.cause }

// FatalError ends Run: Slack will not talk to this app until somebody changes a setting.
type FatalError struct {
	Setting string // the setting at fault, as "SLACK_APP_TOKEN"
	Code    string // Slack's error
	Remedy  string // what to do about it
}

// Error says in one sentence what is wrong and how to mend it.
func (e *FatalError) Error() string {
	return fmt.Sprintf("Slack refuses %s (%s): %s and restart", e.Setting, e.Code, e.Remedy)
}

// classify turns what slack-go returned for method into an *Error; nil stays nil.
func classify(method string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Method: method, Code: "network", Verdict: Retry, cause: stripURL(err)}
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		e.Code, e.RetryAfter = "ratelimited", max(limited.RetryAfter, time.Second)
		return e
	}
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok {
		e.Code = statusCode(status.Code)
		return e
	}
	if said, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		e.Code, e.Verdict = said.Err, verdict(said.Err)
		e.detail = redact(detailOf(said))
		return e
	}
	e.detail = redact(e.cause.Error())
	return e
}

// about names what a failed call was about. It copies: an error may be shared by several callers.
func about(subject string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	named := *e
	named.subject = subject
	return &named
}

func statusCode(status int) string {
	if status == http.StatusTooManyRequests {
		return "ratelimited"
	}
	return fmt.Sprintf("http_%d", status)
}

func detailOf(r slack.SlackErrorResponse) string {
	if r.Needed != "" {
		return fmt.Sprintf("needs the scope %s, has %s", r.Needed, r.Provided)
	}
	if len(r.ResponseMetadata.Messages) > 0 {
		return r.ResponseMetadata.Messages[0]
	}
	return ""
}

// verdict sorts Slack's error codes. Codes that it does not know count as Refused: Slack has dozens per
// method, and all but these few mean that the call itself is wrong.
func verdict(code string) Verdict {
	switch code {
	case "internal_error", "fatal_error", "service_unavailable", "ratelimited", "rate_limited", "request_timeout",
		"team_added_to_org", "org_login_required", "accesslimited", "external_channel_migrating":
		return Retry
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_args",
		"not_allowed_token_type", "missing_scope", "no_permission", "forbidden_team", "team_access_not_granted",
		"link_disabled", "ekm_access_denied", "user_removed_from_team", "team_disabled":
		return Token
	}
	return Refused
}

// fatal returns the FatalError for a token error in err, or nil when err is anything else.
func fatal(setting string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Verdict != Token {
		return nil
	}
	return &FatalError{Setting: setting, Code: e.Code, Remedy: remedy(setting, e.Code)}
}

func remedy(setting, code string) string {
	token, scope := "an app-level token (xapp-…)", "connections:write"
	if setting == botSetting {
		token, scope = "the bot token (xoxb-…) of this app", "of the manifest"
	}
	switch code {
	case "not_authed", "missing_args":
		return fmt.Sprintf("set it to %s", token)
	case "not_allowed_token_type":
		return fmt.Sprintf("it has to be %s, and not a token of another kind", token)
	case "missing_scope", "no_permission":
		return fmt.Sprintf("give the token the scope %s (reinstall the app for bot scopes)", scope)
	case "forbidden_team", "team_access_not_granted", "user_removed_from_team", "team_disabled", "ekm_access_denied":
		return "have an admin of the workspace approve and install the app there"
	case "link_disabled":
		return "switch on Socket Mode in the app's settings"
	}
	if setting == botSetting {
		return "reinstall the app to the workspace, take its new bot token"
	}
	return "make a new app-level token with connections:write"
}

// The settings that a FatalError names.
const (
	appSetting = "SLACK_APP_TOKEN"
	botSetting = "SLACK_BOT_TOKEN"
)

// stripURL takes the URL off an error of net/http or net/url: a response URL and a socket's ticket are secrets.
func stripURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

var (
	tokenPattern = regexp.MustCompile(`\bx(ox[a-z]|app)(\.[a-z]+)?-[0-9A-Za-z-]+`)
	urlPattern   = regexp.MustCompile(`\b(https?|wss?)://[^\s"'<>/]+/[^\s"'<>]*`)
)

// redact removes tokens, and of URLs all but scheme and host, from a text that goes into a log or an error.
func redact(s string) string {
	s = tokenPattern.ReplaceAllString(s, "x…")
	return urlPattern.ReplaceAllStringFunc(s, func(u string) string {
		parsed, err := url.Parse(u)
		if err != nil {
			return "(URL)"
		}
		return parsed.Scheme + "://" + parsed.Host + "/…"
	})
}
