package graph_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailback/recovery"
)

// pages answers the first listing with next for its link, and all others with rest.
func pages(next func(*http.Request) string, rest http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, "skiptoken") {
			rest(w, r)
			return
		}
		says(200, fmt.Sprintf(`{"value":[{"id":%q,"deletedDateTime":"2026-11-20T10:00:00Z"}],"@odata.nextLink":%q}`, someID, next(r)))(w, r)
	}
}

func ownLink(r *http.Request) string { return "http://" + r.Host + r.URL.Path + "?$skiptoken=a%2Fb" }

func TestListIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	second := `{"value":[{"id":"11111111-2222-4333-8444-555555555555","userPrincipalName":"11111111222243338444555555555555x@contoso.com","deletedDateTime":"2026-11-21T10:00:00Z"}]}`
	s := newStub(t, pages(ownLink, says(200, second)))
	all, err := s.client.Deleted(t.Context(), "")
	if err != nil || len(all) != 2 || all[0].UserPrincipalName != "x@contoso.com" || all[1].ID != someID {
		t.Errorf("%+v, %v", all, err)
	}
	if got := s.requests()[1]; !strings.HasSuffix(got.path, "?$skiptoken=a%2Fb") || got.header.Get("Authorization") == "" || got.header.Get("Accept") == "" {
		t.Errorf("the link was not followed as it is: %+v", got)
	}
}

func TestBrokenList(t *testing.T) {
	t.Parallel()
	var strangers atomic.Int32
	stranger := newStub(t, func(http.ResponseWriter, *http.Request) { strangers.Add(1) })
	elsewhere := func(*http.Request) string { return stranger.URL + "/v1.0/users?$skiptoken=a" }
	expired := says(400, refusal("Directory_ExpiredPageToken", "The specified page token value has expired", ""))
	for name, answer := range map[string]http.HandlerFunc{
		"foreign link":   pages(elsewhere, expired),
		"link above":     pages(func(r *http.Request) string { return "http://" + r.Host + "/beta/users?$skiptoken=a" }, expired),
		"link with user": pages(func(r *http.Request) string { return "http://x@" + r.Host + "/v1.0/users?$skiptoken=a" }, expired),
		"no link":        pages(func(*http.Request) string { return "http://[::1" }, expired),
		"expired":        pages(ownLink, expired),
		"refused page":   pages(ownLink, says(403, refusal("Authorization_RequestDenied", "…", ""))),
		"failing page":   pages(ownLink, says(500, "")),
		"lost page":      pages(ownLink, drop),
		"empty page":     pages(ownLink, says(200, "")),
		"hole":           pages(ownLink, says(200, `{"value":[null]}`)),
		"no date":        says(200, `{"value":[{"id":"`+someID+`"}]}`),
		"no list":        says(200, `{"@odata.context":"…"}`),
		"null list":      says(200, `{"value":null}`),
		"empty answer":   says(204, ""),
		"circle": pages(ownLink, func(w http.ResponseWriter, r *http.Request) {
			says(200, `{"value":[],"@odata.nextLink":"`+ownLink(r)+`"}`)(w, r)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, answer)
			all, err := s.client.Deleted(t.Context(), "")
			if recovery.KindOf(err) != recovery.Incomplete || all != nil {
				t.Errorf("%d accounts, %v", len(all), err)
			}
		})
	}
	t.Cleanup(func() {
		if n := strangers.Load(); n != 0 {
			t.Errorf("%d calls went to a foreign host", n)
		}
	})
}

func TestThrottledPageKeepsItsTime(t *testing.T) {
	t.Parallel()
	s := newStub(t, pages(ownLink, says(429, refusal("TooManyRequests", "…", ""), "Retry-After", "77")))
	_, err := s.client.Deleted(t.Context(), "")
	if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.Throttled || e.RetryAfter != 77*time.Second {
		t.Errorf("%v", err)
	}
}

// Between a deletion or a restore and the directory's catching up, an account may show in both lists.
func TestAccountInMotion(t *testing.T) {
	t.Parallel()
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "deletedItems"):
			says(200, `{"value":[{"id":"`+someID+`","mail":"a@contoso.com","deletedDateTime":"2026-11-20T10:00:00Z"}]}`)(w, r)
		case strings.HasSuffix(r.URL.Path, "/users"):
			says(200, `{"value":[{"id":"`+someID+`","mail":"a@contoso.com"}]}`)(w, r)
		default:
			says(200, `{"value":[{"id":"tenant"}]}`)(w, r)
		}
	})
	if f, err := s.client.Find(t.Context(), byAddress("a@contoso.com")); recovery.KindOf(err) != recovery.Unavailable {
		t.Errorf("%+v, %v", f.Found, err)
	}
}

// One part that cannot be read leaves no findings at all, whichever it is.
func TestFindIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{"/users?", "endsWith", "%20eq%20", "subscribedSkus", "organization", "mailboxSettings", "transitiveMemberOf"} {
		s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.RequestURI(), broken):
				says(503, "")(w, r)
			case strings.HasSuffix(r.URL.Path, "/users"):
				says(200, `{"value":[{"id":"`+someID+`","mail":"a@contoso.com"}]}`)(w, r)
			case strings.Contains(r.URL.Path, "mailboxSettings"):
				says(200, `{"userPurpose":"user"}`)(w, r)
			case strings.Contains(r.URL.Path, "organization"):
				says(200, `{"value":[{"id":"tenant"}]}`)(w, r)
			default:
				says(200, `{"value":[]}`)(w, r)
			}
		})
		if f, err := findAll(t, s.client, byAddress("a@contoso.com")); recovery.KindOf(err) != recovery.Unavailable || f.Found != nil {
			t.Errorf("%s is down: %+v, %v", broken, f.Found, err)
		}
	}
}
