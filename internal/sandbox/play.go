package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
)

// caseWithin is how long one conversation may take.
const caseWithin = 90 * time.Second

// Cases resolves the name of --play into conversations: "" means the first three, "all" every one.
func Cases(name string) ([]string, error) {
	all := []string{"license", "user", "shared", "softdeleted", "items", "inactive", "refused"}
	switch {
	case name == "":
		return all[:3], nil
	case name == "all":
		return all, nil
	case slices.Contains(all, name):
		return []string{name}, nil
	}
	return nil, fmt.Errorf("unknown case %q: it is one of %s, all", name, strings.Join(all, ", "))
}

// Play has the people of the sandbox at url hold the conversations of these cases through the control API, and prints
// what they say and see. It fails unless the tenant shows in the end what was promised. The last lines are one for each
// request: its id, the address, and "restored" or the refusal that was due.
func Play(ctx context.Context, url string, cases []string, out io.Writer) error {
	p := &player{client: NewClient(url), out: out, names: map[string]string{}, seen: map[string]string{}}
	if err := p.meet(ctx); err != nil {
		return err
	}
	var outcomes []string
	for _, name := range cases {
		for _, s := range stories(name) {
			outcome, err := p.tell(ctx, s)
			if err != nil {
				return fmt.Errorf("%s: %w", s.address, err)
			}
			outcomes = append(outcomes, outcome)
		}
	}
	_, err := fmt.Fprintf(out, "\n%s\n", strings.Join(outcomes, "\n"))
	return err
}

// player tells stories and prints what its people see.
type player struct {
	client    *Client
	out       io.Writer
	names     map[string]string // of people, by id
	requester string
	approver  string
	second    string            // another approver
	seen      map[string]string // what was printed of each message, by channel and ts
	request   string            // the id of the request that is being told, as R-1
}

// meet finds who can ask and who can approve.
func (p *player) meet(ctx context.Context) error {
	people, err := p.client.People(ctx)
	if err != nil {
		return err
	}
	for _, person := range people {
		p.names[person.ID] = person.Name
	}
	p.requester, p.approver, p.second = slackfake.Megan, slackfake.Patti, slackfake.Nestor
	if p.names[p.requester] == "" || p.names[p.approver] == "" || p.names[p.second] == "" {
		return errors.New("the people of this story are not in the workspace")
	}
	return nil
}

func (p *player) name(id string) string {
	if name, ok := p.names[id]; ok {
		return name
	}
	return id
}

// tell plays one story and returns its last line.
func (p *player) tell(ctx context.Context, s story) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, caseWithin, fmt.Errorf("it took longer than %v", caseWithin))
	defer cancel()
	p.printf("\n== %s ==\n", s.title)
	before, err := p.client.Tenant(ctx)
	if err != nil {
		return "", err
	}
	if err := p.ask(ctx, s); err != nil {
		return "", err
	}
	if err := s.play(ctx, p); err != nil {
		return "", err
	}
	if _, err := p.see(ctx, p.requester, p.request, s.last); err != nil {
		return "", fmt.Errorf("the end of %s: %w", p.request, err)
	}
	after, err := p.client.Tenant(ctx)
	if err != nil {
		return "", err
	}
	if err := s.proof(before, after, s.address); err != nil {
		return "", fmt.Errorf("the tenant does not show what %s says: %w", p.request, err)
	}
	return fmt.Sprintf("%s %s %s", p.request, s.mailbox(), s.outcome), nil
}

var requestID = regexp.MustCompile(`\bR-[0-9]+\b`)

// ask types the command and reads the request's id from the answer.
func (p *player) ask(ctx context.Context, s story) error {
	line := "/restore-mailbox " + s.address + " " + s.reason
	p.printf("%s types: %s\n", p.name(p.requester), line)
	result, err := p.client.Command(ctx, p.requester, "", line)
	if err != nil {
		return err
	}
	if result.Error != "" {
		return fmt.Errorf("the command was answered with %s", result.Error)
	}
	if p.request = requestID.FindString(result.Reply); p.request == "" {
		return fmt.Errorf("the answer to the command names no request: %q", result.Reply)
	}
	return nil
}

// press waits until somebody sees the request's message with a button, and presses it.
func (p *player) press(ctx context.Context, user, action string) error {
	m, label, err := p.button(ctx, user, action)
	if err != nil {
		return err
	}
	p.printf("%s presses [%s]\n", p.name(user), label)
	out, err := p.client.Click(ctx, slackfake.ClickRequest{User: user, Channel: m.Channel, TS: m.TS, ActionID: action})
	if err == nil && out.Error != "" {
		err = errors.New(out.Error)
	}
	if err != nil {
		return fmt.Errorf("press %s: %w", action, err)
	}
	return nil
}

// button waits for the newest message of the request that has the button, and returns it with the button's label.
func (p *player) button(ctx context.Context, user, action string) (m slackfake.MessageInfo, label string, err error) {
	err = p.await(ctx, fmt.Sprintf("%s sees the button %s of %s", p.name(user), action, p.request), func() (bool, error) {
		list, err := p.client.Messages(ctx, user)
		for _, m = range slices.Backward(list) {
			if e := FindAction(m.Blocks, action); e != nil && strings.Contains(m.Text+p.plain(m), p.request) {
				label = plainer{p.name}.text(e["text"])
				return true, nil
			}
		}
		return false, err
	})
	return m, label, err
}

// see waits until somebody has a message of the request that says something.
func (p *player) see(ctx context.Context, user, request string, says *regexp.Regexp) (m slackfake.MessageInfo, err error) {
	err = p.await(ctx, fmt.Sprintf("%s reads %q about %s", p.name(user), says, request), func() (bool, error) {
		list, err := p.client.Messages(ctx, user)
		for _, m = range slices.Backward(list) {
			text := m.Text + "\n" + p.plain(m)
			if strings.Contains(text, request) && says.MatchString(text) {
				return true, nil
			}
		}
		return false, err
	})
	return m, err
}

// deny presses the button, writes the reason into the form that opens, and submits it.
func (p *player) deny(ctx context.Context, reason string) error {
	if err := p.press(ctx, p.approver, "request.deny"); err != nil {
		return err
	}
	var form object
	err := p.await(ctx, p.name(p.approver)+" sees the form", func() (bool, error) {
		views, err := p.client.Views(ctx, p.approver)
		if err != nil || len(views.Modals) == 0 {
			return false, err
		}
		form = views.Modals[len(views.Modals)-1]
		return true, nil
	})
	if err != nil {
		return err
	}
	state, err := fillText(form, reason)
	if err != nil {
		return err
	}
	p.printf("%s writes: %s\n", p.name(p.approver), reason)
	result, err := p.client.Submit(ctx, p.approver, fmt.Sprint(form["id"]), state)
	if err == nil && (result.Error != "" || len(result.Errors) > 0) {
		err = fmt.Errorf("%s %v", result.Error, result.Errors)
	}
	if err != nil {
		return fmt.Errorf("submit the form: %w", err)
	}
	return nil
}

// await polls until done, printing what people see meanwhile.
func (p *player) await(ctx context.Context, what string, done func() (bool, error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if err == nil {
			err = p.show(ctx)
		}
		if ok && err == nil {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, context.Cause(ctx))
		}
	}
}

// show prints messages that are new or changed.
func (p *player) show(ctx context.Context) error {
	for _, user := range []string{p.requester, p.approver} {
		list, err := p.client.Messages(ctx, user)
		if err != nil {
			return err
		}
		for _, m := range list {
			p.showOne(user, m)
		}
	}
	return nil
}

func (p *player) showOne(user string, m slackfake.MessageInfo) {
	key, text := m.Channel+m.TS, p.plain(m)
	before, known := p.seen[key]
	if known && before == text {
		return
	}
	p.seen[key] = text
	where := "to " + p.name(user)
	switch {
	case m.Channel == slackfake.ApprovalsID:
		where = "in #" + slackfake.ApprovalsName
	case !strings.HasPrefix(m.Channel, "D"):
		where = "in " + m.Channel
	}
	if m.Ephemeral {
		where += ", for " + p.name(user) + " alone"
	}
	if known {
		where += ", changed"
	}
	p.printf("%s %s:\n    %s\n", p.name(m.Author), where, strings.ReplaceAll(text, "\n", "\n    "))
}

func (p *player) plain(m slackfake.MessageInfo) string { return Plain(m, p.name) }

// printf ignores errors of the output: the play's verdict is about the tenant.
func (p *player) printf(format string, args ...any) { _, _ = fmt.Fprintf(p.out, format, args...) }

// FindAction finds the interactive element with an action id in blocks; nil if there is none.
func FindAction(blocks []any, action string) map[string]any {
	for _, item := range blocks {
		b, _ := item.(object)
		all, _ := b["elements"].([]any)
		for _, e := range append([]any{b["accessory"], b["element"]}, all...) {
			if o, ok := e.(object); ok && o["action_id"] == action {
				return o
			}
		}
	}
	return nil
}

// fillText is the state of a form whose first text field has this text.
func fillText(form map[string]any, text string) (map[string]map[string]any, error) {
	blocks, _ := form["blocks"].([]any)
	for _, item := range blocks {
		b, _ := item.(object)
		e, _ := b["element"].(object)
		if e["type"] == "plain_text_input" {
			return map[string]map[string]any{fmt.Sprint(b["block_id"]): {fmt.Sprint(e["action_id"]): object{"type": e["type"], "value": text}}}, nil
		}
	}
	return nil, errors.New("the form has no text field")
}

// story is one conversation. Its address may have the command's verb before it, as "items leeg@contoso.com".
type story struct {
	title, address, reason string
	play                   func(ctx context.Context, p *player) error
	last                   *regexp.Regexp // what the requester reads in the end, beside the request's id
	proof                  func(before, after m365fake.Tenant, address string) error
	outcome                string
}

// mailbox is the address that the story is about.
func (s story) mailbox() string { return s.address[strings.LastIndex(s.address, " ")+1:] }
