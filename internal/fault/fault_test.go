package fault

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// service is a server behind a desk that counts what it did.
func service(t *testing.T) (*Desk, string, chan string) {
	t.Helper()
	desk := New(func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) })
	done := make(chan string, 100)
	refuse := func(w http.ResponseWriter, _ *http.Request, status int, retryAfter time.Duration) {
		w.Header().Set("Retry-After", fmt.Sprint(retryAfter.Seconds()))
		w.WriteHeader(status)
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		done <- r.URL.Path
		w.WriteHeader(http.StatusCreated)
	})
	web := httptest.NewServer(desk.Wrap("graph", refuse, next))
	t.Cleanup(web.Close)
	t.Cleanup(desk.Clear) // before web.Close, which waits for hanging calls
	return desk, web.URL, done
}

func call(ctx context.Context, t *testing.T, url string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	return resp, err
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault  Fault
		status int // 0: the caller gets no answer
		retry  string
		done   bool
	}{
		{Fault{Kind: Status, Value: 503}, 503, "0", false},
		{Fault{Kind: Throttle, Value: 17}, 429, "17", false},
		{Fault{Kind: Slow, Value: 30}, 201, "", true},
		{Fault{Kind: Drop}, 0, "", false},
		{Fault{Kind: Lost}, 0, "", true},
		{Fault{Kind: Cut}, 0, "", true},
	} {
		t.Run(string(tt.fault.Kind), func(t *testing.T) {
			t.Parallel()
			desk, url, done := service(t)
			tt.fault.Service, tt.fault.Match, tt.fault.Times = "graph", "restore", 1
			if err := desk.Add(tt.fault); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			resp, err := call(t.Context(), t, url+"/v1.0/restore?a=1")
			took := time.Since(start)
			if (err != nil) != (tt.status == 0) {
				t.Fatalf("the caller got %v", err)
			}
			if err == nil && (resp.StatusCode != tt.status || resp.Header.Get("Retry-After") != tt.retry) {
				t.Errorf("the answer is %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
			}
			if (len(done) == 1) != tt.done {
				t.Errorf("done %d times", len(done))
			}
			if tt.fault.Kind == Slow && took < 30*time.Millisecond {
				t.Errorf("slow took %v", took)
			}
			if resp, err := call(t.Context(), t, url+"/v1.0/restore"); err != nil || resp.StatusCode != http.StatusCreated {
				t.Errorf("the fault outlived its one call: %v", err)
			}
			want := Call{Service: "graph", Method: "POST", Path: "/v1.0/restore?a=1", Status: tt.status, At: desk.now()}
			if tt.done {
				want.Done = http.StatusCreated
			}
			if calls := desk.Calls(); len(calls) != 2 || calls[0] != want {
				t.Errorf("calls are %+v, want first %+v", calls, want)
			}
		})
	}
}

// The call has no body: net/http notices that a caller has left only once the body was read.
func TestHangEndsWhenTheCallerLeaves(t *testing.T) {
	t.Parallel()
	desk, url, done := service(t)
	if err := desk.Add(Fault{Service: "graph", Kind: Hang, Times: 1}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_ = resp.Body.Close()
		t.Fatal("a hanging call was answered")
	}
	for deadline := time.Now().Add(5 * time.Second); len(desk.Calls()) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the call hangs on after its caller has left")
		}
	}
	if len(done) != 0 {
		t.Error("a hanging call was done")
	}
}

func TestClearEndsHanging(t *testing.T) {
	t.Parallel()
	desk, url, _ := service(t)
	if err := desk.Add(Fault{Service: "graph", Kind: Hang}); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := call(context.WithoutCancel(t.Context()), t, url)
		failed <- err
	}()
	for {
		select {
		case err := <-failed:
			if err == nil {
				t.Error("a hanging call was answered")
			}
			return
		case <-time.After(10 * time.Millisecond):
			desk.Clear() // again, in case the call had not arrived yet
			if err := desk.Add(Fault{Service: "graph", Kind: Hang}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	desk := New(time.Now)
	for _, f := range []Fault{
		{Service: "mail", Kind: Drop},
		{Service: "graph", Kind: "explode"},
		{Service: "graph", Kind: Disconnect},
		{Service: "graph", Kind: Refused},
		{Service: "graph", Kind: Status, Value: 200},
		{Service: "graph", Kind: Slow, Value: -1},
		{Service: "graph", Kind: Drop, Times: -1},
	} {
		if err := desk.Add(f); err == nil {
			t.Errorf("%+v was taken", f)
		}
	}
}

func TestTakeMatchesAndCounts(t *testing.T) {
	t.Parallel()
	desk := New(time.Now)
	for _, f := range []Fault{
		{Service: "slack", Kind: Disconnect, Match: "slash", Times: 2},
		{Service: "slack", Kind: Drop, Match: "chat."},
	} {
		if err := desk.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		service, path string
		kind          Kind
		want          bool
	}{
		{"slack", "socket/interactive", Disconnect, false},
		{"graph", "socket/slash_commands", Disconnect, false},
		{"slack", "socket/slash_commands", Drop, false},
		{"slack", "socket/slash_commands", Disconnect, true},
		{"slack", "socket/slash_commands", Disconnect, true},
		{"slack", "socket/slash_commands", Disconnect, false}, // used up
		{"slack", "/api/chat.update", Drop, true},
		{"slack", "/api/chat.update", Drop, true}, // until Clear
	} {
		if _, got := desk.Take(tt.service, tt.path, tt.kind); got != tt.want {
			t.Errorf("%s %s %s: taken %v", tt.service, tt.path, tt.kind, got)
		}
	}
	if desk.Taken() != 4 {
		t.Errorf("%d calls met a fault", desk.Taken())
	}
	desk.Clear()
	if _, got := desk.Take("slack", "/api/chat.update", Drop); got {
		t.Error("a cleared fault was taken")
	}
}

// TestMethodInMatch: a fault may be of one method alone.
func TestMethodInMatch(t *testing.T) {
	t.Parallel()
	desk := New(time.Now)
	if err := desk.Add(Fault{Service: "graph", Match: "DELETE /v1.0/users/", Kind: Status, Value: 403}); err != nil {
		t.Fatal(err)
	}
	handler := desk.Wrap("graph", func(w http.ResponseWriter, _ *http.Request, status int, _ time.Duration) { w.WriteHeader(status) },
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for method, want := range map[string]int{"GET": 200, "DELETE": 403} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, "/v1.0/users/x", nil))
		if w.Code != want {
			t.Errorf("%s is answered %d, want %d", method, w.Code, want)
		}
	}
}
