package m365fake

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a clock that tests move.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// stand is the stand-in on sockets, and a client of it with tokens at hand.
type stand struct {
	*Server
	t               *testing.T
	clock           *clock
	graph, exchange *httptest.Server
}

func newStand(t *testing.T, settings ...func(*Config)) *stand {
	t.Helper()
	c := &clock{}
	cfg := Config{Now: c.now, Lag: -1, Provisioning: -1, ClientSecret: "test"}
	for _, set := range settings {
		set(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	st := &stand{Server: s, t: t, clock: c, graph: httptest.NewServer(s.GraphHandler()), exchange: httptest.NewServer(s.ExchangeHandler())}
	t.Cleanup(st.graph.Close)
	t.Cleanup(st.exchange.Close)
	return st
}

// reply is an answer, decoded.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	raw    []byte
}

// code is the error's code, "" for success.
func (r reply) code() string { return r.errorField("code") }

func (r reply) message() string { return r.errorField("message") }

func (r reply) errorField(name string) string {
	e, _ := r.body["error"].(map[string]any)
	s, _ := e[name].(string)
	return s
}

func (r reply) rows() []map[string]any {
	var out []map[string]any
	list, _ := r.body["value"].([]any)
	for _, x := range list {
		row, _ := x.(map[string]any)
		out = append(out, row)
	}
	return out
}

// column is one property of every row.
func (r reply) column(name string) []string {
	out := []string{}
	for _, row := range r.rows() {
		s, _ := row[name].(string)
		out = append(out, s)
	}
	return out
}

func (st *stand) token(audience string) string {
	st.t.Helper()
	token, err := st.mint(audience, time.Now())
	if err != nil {
		st.t.Fatal(err)
	}
	return token
}

// call sends one request to Graph; body "" is none, and headers are "Name: value".
func (st *stand) call(method, path, body string, headers ...string) reply {
	st.t.Helper()
	target := path
	if strings.HasPrefix(path, "/") {
		target = st.graph.URL + "/v1.0" + path
	}
	return st.send(method, target, st.token(graphAudience), body, headers...)
}

func (st *stand) send(method, target, token, body string, headers ...string) reply {
	st.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	if err != nil {
		st.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	for _, h := range headers {
		if name, value, ok := strings.Cut(h, ": "); ok {
			r.Header.Set(name, value)
		}
	}
	return do(st.t, http.DefaultClient, r)
}

func do(t *testing.T, client *http.Client, r *http.Request) reply {
	t.Helper()
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	out := reply{status: res.StatusCode, header: res.Header, raw: raw}
	if bytes.HasPrefix(raw, []byte("{")) {
		if err := json.Unmarshal(raw, &out.body); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

const eventual = "ConsistencyLevel: eventual"

// find lists path with a $filter.
func (st *stand) find(path, filter, more string, headers ...string) reply {
	st.t.Helper()
	return st.call("GET", path+"?$filter="+url.QueryEscape(filter)+more, "", headers...)
}

// deletedID is the id of the only deleted user with a sign-in name.
func (st *stand) deletedID(upn string) string {
	st.t.Helper()
	if !strings.Contains(upn, "@") {
		upn += "@contoso.com"
	}
	id := newID("user", strings.ToLower(upn))
	if st.deleted.byID[id] == nil {
		st.t.Fatalf("%s is not deleted", upn)
	}
	return id
}

func (st *stand) run(cmdlet string, parameters map[string]any, query string, headers ...string) reply {
	st.t.Helper()
	body, err := json.Marshal(map[string]any{"CmdletInput": map[string]any{"CmdletName": cmdlet, "Parameters": parameters}})
	if err != nil {
		st.t.Fatal(err)
	}
	return st.send("POST", st.exchange.URL+"/adminapi/beta/"+TenantID+"/InvokeCommand"+query, st.token(exchangeAudience), string(body), headers...)
}

func (st *stand) wantCode(r reply, status int, code, message string) {
	st.t.Helper()
	if r.status != status || r.code() != code || !strings.Contains(r.message(), message) {
		st.t.Errorf("got %d %s %q, want %d %s %q", r.status, r.code(), r.message(), status, code, message)
	}
}

func (st *stand) wantStatus(r reply, status int) {
	st.t.Helper()
	if r.status != status {
		st.t.Fatalf("got %d %s, want %d", r.status, r.raw, status)
	}
}

// eventually tries until check holds, for five seconds.
func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !check() {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
