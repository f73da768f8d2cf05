package exchange_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// invoked is a call of InvokeCommand.
type invoked struct {
	CmdletInput struct {
		CmdletName string
		Parameters map[string]any
	}
}

// view names the cmdlet, with the switch that says which mailboxes it looks at.
func (in invoked) view() string {
	for _, v := range []string{"SoftDeletedMailbox", "InactiveMailboxOnly"} {
		if in.CmdletInput.Parameters[v] == true {
			return in.CmdletInput.CmdletName + " " + v
		}
	}
	return in.CmdletInput.CmdletName
}

func (s sent) invoked(t *testing.T) invoked {
	t.Helper()
	var in invoked
	if err := json.Unmarshal([]byte(s.body), &in); err != nil {
		t.Errorf("%q: %v", s.body, err)
	}
	return in
}

// cmdlets are those that a stub was asked to run.
func (s *stub) cmdlets(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, r := range s.requests() {
		all = append(all, r.invoked(t).CmdletInput.CmdletName)
	}
	return all
}

// script is an Exchange that says one thing to each cmdlet, and that there are no objects to all others. An answer that
// begins with a status, as "400 {…", has that.
func script(t *testing.T, answers map[string]string) *stub {
	t.Helper()
	return newStub(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a short body shows in the test
		answer, ok := answers[sent{body: string(body)}.invoked(t).view()]
		if !ok {
			answer = rows("")
		}
		if refusal, refused := strings.CutPrefix(answer, "400 "); refused {
			w.WriteHeader(http.StatusBadRequest)
			answer = refusal
		}
		_, _ = io.WriteString(w, answer) // the client may be gone
	})
}
