package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"mailback/internal/m365fake"
	"mailback/internal/sandbox"
	"mailback/internal/slackfake"
)

// act is what a person does or sees.
func (c *conversation) act(ts *testscript.TestScript, neg bool, name, user string, args []string) {
	deeds := map[string]func(ts *testscript.TestScript, neg bool, user string, args []string){
		"types": c.types, "tries-typing": c.triesTyping, "tries-clicking": c.triesClicking, "gets": c.gets, "clicks": c.clicks, "looks-at": c.looksAt, "submits": c.submits, "sees": c.sees, "sees-not": c.seesNot, "sees-once": c.seesOnce, "lacks": c.lacks, "opens-home": c.opensHome, "uses-shortcut": c.usesShortcut,
	}
	if len(args) == 0 || deeds[args[0]] == nil {
		ts.Fatalf("%s what? %s", name, strings.Join(slices.Sorted(maps.Keys(deeds)), ", "))
	}
	deeds[args[0]](ts, neg, user, args[1:])
}

// types is "types LINE [CHANNEL]". With ! the command is not acked in time.
func (c *conversation) types(ts *testscript.TestScript, neg bool, user string, args []string) {
	if shown := c.typeLine(ts, user, args); (shown != "") != neg {
		ts.Fatalf("Slack shows the error %q", shown)
	}
}

// triesTyping is types where the socket may break: whether the ack came through is open.
func (c *conversation) triesTyping(ts *testscript.TestScript, _ bool, user string, args []string) {
	ts.Logf("Slack shows the error %q", c.typeLine(ts, user, args))
}

func (c *conversation) typeLine(ts *testscript.TestScript, user string, args []string) (shown string) {
	if len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: types LINE [CHANNEL]")
	}
	channel := ""
	if len(args) == 2 {
		channel = args[1]
	}
	result, err := c.client.Command(context.Background(), user, channel, args[0])
	ts.Check(err)
	c.reply[user] = result.Reply
	return result.Error
}

// gets is "gets REGEX": the answer to this person's last command.
func (c *conversation) gets(ts *testscript.TestScript, neg bool, user string, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: gets REGEX")
	}
	if expression(ts, args[0]).MatchString(c.reply[user]) == neg {
		ts.Fatalf("the answer was %q", c.reply[user])
	}
}

// requestID is how a script names the request that it means.
var requestID = regexp.MustCompile(`^R-[0-9]+$`)

// clicks is "clicks ACTION [R-N] [VALUE]", on the form that is open or the newest message that has such an element, of that
// request if one is named.
// A VALUE of the form ~REGEX is that of the option whose text matches, and option:N that of the Nth. With ! the click is not acked
// in time.
func (c *conversation) clicks(ts *testscript.TestScript, neg bool, user string, args []string) {
	if shown := c.press(ts, user, args); (shown != "") != neg {
		ts.Fatalf("Slack shows the error %q", shown)
	}
}

// triesClicking is clicks where the socket may break: whether the ack came through is open.
func (c *conversation) triesClicking(ts *testscript.TestScript, _ bool, user string, args []string) {
	ts.Logf("Slack shows the error %q", c.press(ts, user, args))
}

// press clicks. A message that was edited between the look and the click is looked at again, as a person would.
func (c *conversation) press(ts *testscript.TestScript, user string, args []string) (shown string) {
	for tries := 0; ; tries++ {
		b, value := c.awaitButton(ts, user, args)
		out, err := c.client.Click(context.Background(), slackfake.ClickRequest{
			User: user, ViewID: b.view, Channel: b.channel, TS: b.ts, BlockID: b.block, ActionID: args[0], Value: optionValue(ts, b.element, value),
		})
		if err != nil && strings.Contains(err.Error(), "there is no action") && tries < 5 {
			continue
		}
		ts.Check(err)
		return out.Error
	}
}

// looksAt is "looks-at ACTION [R-N]": waits for what clicks would click on, so that forge can later.
func (c *conversation) looksAt(ts *testscript.TestScript, _ bool, user string, args []string) {
	c.awaitButton(ts, user, args)
}

// awaitButton waits for the newest message with an element and returns that with the value that args have for it.
func (c *conversation) awaitButton(ts *testscript.TestScript, user string, args []string) (b button, value string) {
	if len(args) == 0 {
		ts.Fatalf("usage: clicks ACTION [R-N] [VALUE]")
	}
	request := ""
	for _, arg := range args[1:] {
		if requestID.MatchString(arg) {
			request = arg
		} else {
			value = arg
		}
	}
	c.await(ts, func() string { return fmt.Sprintf("there is no %s:\n%s", args[0], c.view(user)) }, func(ctx context.Context) (ok bool, err error) {
		b, ok, err = c.find(ctx, user, args[0], request)
		return ok, err
	})
	c.pressed[args[0]] = b
	return b, value
}

// optionValue is the value that a script means by ~REGEX or option:N; any other stands for itself.
func optionValue(ts *testscript.TestScript, menu map[string]any, value string) string {
	pattern, byText := strings.CutPrefix(value, "~")
	number, byNumber := strings.CutPrefix(value, "option:")
	if !byText && !byNumber {
		return value
	}
	options, _ := menu["options"].([]any)
	var values, texts []string
	for i, item := range options {
		option, _ := item.(map[string]any)
		text, _ := option["text"].(map[string]any)
		texts = append(texts, fmt.Sprint(text["text"]))
		if byNumber && number == strconv.Itoa(i+1) || byText && expression(ts, pattern).MatchString(texts[i]) {
			values = append(values, fmt.Sprint(option["value"]))
		}
	}
	if len(values) != 1 {
		ts.Fatalf("%d options are %q: there are %q", len(values), value, texts)
	}
	return values[0]
}

// find finds the open form or the newest message with an element.
func (c *conversation) find(ctx context.Context, user, action, request string) (button, bool, error) {
	views, err := c.client.Views(ctx, user)
	for _, v := range slices.Backward(views.Modals) {
		if b, ok := buttonIn(v["blocks"], action); ok && request == "" {
			b.view = fmt.Sprint(v["id"])
			return b, true, err
		}
	}
	if b, ok := buttonIn(views.Home["blocks"], action); ok && request == "" {
		b.view = fmt.Sprint(views.Home["id"])
		return b, true, err
	}
	if err != nil {
		return button{}, false, err
	}
	list, err := c.client.Messages(ctx, user)
	about := regexp.MustCompile(regexp.QuoteMeta(request) + `\b`)
	for _, m := range slices.Backward(list) {
		if request != "" && !about.MatchString(m.Text) {
			continue
		}
		if b, ok := buttonIn(m.Blocks, action); ok {
			b.channel, b.ts = m.Channel, m.TS
			return b, true, nil
		}
	}
	return button{}, false, err
}

// buttonIn finds an element in blocks.
func buttonIn(blocks any, action string) (button, bool) {
	list, _ := blocks.([]any)
	for _, item := range list {
		if e := sandbox.FindAction([]any{item}, action); e != nil {
			block, _ := item.(map[string]any)
			return button{block: fmt.Sprint(block["block_id"]), element: e}, true
		}
	}
	return button{}, false
}

// submits is "submits KEY=value…", where KEY is a block's or an element's id of the newest modal. With ! the app finds
// fault with it.
func (c *conversation) submits(ts *testscript.TestScript, neg bool, user string, args []string) {
	var form map[string]any
	c.await(ts, func() string { return "no form is open" }, func(ctx context.Context) (bool, error) {
		views, err := c.client.Views(ctx, user)
		if len(views.Modals) > 0 {
			form = views.Modals[len(views.Modals)-1]
		}
		return form != nil, err
	})
	state := map[string]map[string]any{}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		block, action := fieldOf(form, key)
		if block == "" {
			ts.Fatalf("the form has no field %q", key)
		}
		state[block] = map[string]any{action: value}
	}
	result, err := c.client.Submit(context.Background(), user, fmt.Sprint(form["id"]), state)
	ts.Check(err)
	if (result.Error != "" || len(result.Errors) > 0) != neg {
		ts.Fatalf("the form was answered with %+v", result)
	}
}

func fieldOf(form map[string]any, key string) (block, action string) {
	blocks, _ := form["blocks"].([]any)
	for _, item := range blocks {
		b, _ := item.(map[string]any)
		e, _ := b["element"].(map[string]any)
		if e != nil && (b["block_id"] == key || e["action_id"] == key) {
			return fmt.Sprint(b["block_id"]), fmt.Sprint(e["action_id"])
		}
	}
	return "", ""
}

// sees is "sees REGEX": waits until a message that this person sees, an open form, or the Home tab, matches. ! sees is sees-not.
func (c *conversation) sees(ts *testscript.TestScript, neg bool, user string, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: sees REGEX")
	}
	if neg {
		c.seesNot(ts, false, user, args)
		return
	}
	pattern := expression(ts, args[0])
	c.await(ts, func() string { return fmt.Sprintf("nothing matches %q:\n%s", pattern, c.view(user)) }, func(ctx context.Context) (bool, error) {
		texts, err := c.texts(ctx, user)
		return slices.ContainsFunc(texts, pattern.MatchString), err
	})
}

// seesNot is "sees-not REGEX": no message matches now.
func (c *conversation) seesNot(ts *testscript.TestScript, _ bool, user string, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: sees-not REGEX")
	}
	pattern := expression(ts, args[0])
	texts, err := c.texts(context.Background(), user)
	ts.Check(err)
	if i := slices.IndexFunc(texts, pattern.MatchString); i >= 0 {
		ts.Fatalf("this matches %q:\n%s", pattern, texts[i])
	}
}

// seesOnce is "sees-once REGEX": exactly one message matches now.
func (c *conversation) seesOnce(ts *testscript.TestScript, _ bool, user string, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: sees-once REGEX")
	}
	pattern, n := expression(ts, args[0]), 0
	texts, err := c.texts(context.Background(), user)
	ts.Check(err)
	for _, text := range texts {
		if pattern.MatchString(text) {
			n++
		}
	}
	if n != 1 {
		ts.Fatalf("%d messages match %q:\n%s", n, pattern, c.view(user))
	}
}

// lacks is "lacks ACTION [R-N]": no form and no message, of that request if one is named, has such an element now.
func (c *conversation) lacks(ts *testscript.TestScript, _ bool, user string, args []string) {
	if len(args) != 1 && len(args) != 2 {
		ts.Fatalf("usage: lacks ACTION [R-N]")
	}
	_, there, err := c.find(context.Background(), user, args[0], strings.Join(args[1:], ""))
	ts.Check(err)
	if there {
		ts.Fatalf("there is a %s:\n%s", args[0], c.view(user))
	}
}

func (c *conversation) opensHome(ts *testscript.TestScript, _ bool, user string, _ []string) {
	result, err := c.client.Home(context.Background(), user)
	ts.Check(err)
	if result.Error != "" {
		ts.Fatalf("Slack shows the error %q", result.Error)
	}
}

// usesShortcut is "uses-shortcut CALLBACK_ID".
func (c *conversation) usesShortcut(ts *testscript.TestScript, _ bool, user string, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: uses-shortcut CALLBACK_ID")
	}
	result, err := c.client.Shortcut(context.Background(), user, args[0])
	ts.Check(err)
	if result.Error != "" {
		ts.Fatalf("Slack shows the error %q", result.Error)
	}
}

// texts are what a person sees, each message with its text and its blocks as plain text. A form is there with all that it
// holds, as JSON, too.
func (c *conversation) texts(ctx context.Context, user string) ([]string, error) {
	list, err := c.client.Messages(ctx, user)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, m := range list {
		all = append(all, m.Text+"\n"+sandbox.Plain(m, c.name))
	}
	views, err := c.client.Views(ctx, user)
	if blocks, ok := views.Home["blocks"].([]any); ok {
		all = append(all, sandbox.PlainBlocks(blocks, c.name))
	}
	for _, form := range views.Modals {
		blocks, _ := form["blocks"].([]any)
		raw, err := json.Marshal(form)
		if err != nil {
			return nil, err
		}
		all = append(all, sandbox.PlainBlocks(blocks, c.name)+"\n"+string(raw))
	}
	return all, err
}

func (c *conversation) view(user string) string {
	texts, err := c.texts(context.Background(), user)
	return fmt.Sprintf("%s sees:\n%s\n%v", c.name(user), strings.Join(texts, "\n--\n"), err)
}

func (c *conversation) name(id string) string {
	if name, ok := c.names[id]; ok {
		return name
	}
	return id
}

// copies is "copies ADDRESS COUNT": waits until the mailbox holds so many folders with copies of other mailboxes.
func (c *conversation) copies(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: copies ADDRESS COUNT")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	got := 0
	c.await(ts, func() string { return fmt.Sprintf("%s has %d copies, not %d", args[0], got, want) }, func(ctx context.Context) (bool, error) {
		t, err := c.client.Tenant(ctx)
		folders, _ := byAddress(t.Mailboxes, "PrimarySmtpAddress", args[0])["RestoredFolders"].([]any)
		got = len(folders)
		return got == want, err
	})
}

// restoreRequests is "restore-requests ADDRESS COUNT": waits until so many mailbox restore requests have been made into the mailbox, by
// whomever; one that was removed counts too.
func (c *conversation) restoreRequests(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: restore-requests ADDRESS COUNT")
	}
	got := ""
	c.await(ts, func() string { return fmt.Sprintf("%s had %s restore requests, not %s", args[0], got, args[1]) }, func(ctx context.Context) (bool, error) {
		t, err := c.client.Tenant(ctx)
		got = fmt.Sprint(byAddress(t.Mailboxes, "PrimarySmtpAddress", args[0])["RestoreRequestCount"])
		return got == args[1], err
	})
}

// holds is "holds ADDRESS items|recoverable COUNT": waits until the mailbox in use truly holds so many.
func (c *conversation) holds(ts *testscript.TestScript, _ bool, args []string) {
	property := map[string]string{"items": "ItemCount", "recoverable": "RecoverableItems"}
	if len(args) != 3 || property[args[1]] == "" {
		ts.Fatalf("usage: holds ADDRESS items|recoverable COUNT")
	}
	got := ""
	c.await(ts, func() string { return fmt.Sprintf("%s has %s %s, not %s", args[0], got, args[1], args[2]) }, func(ctx context.Context) (bool, error) {
		t, err := c.client.Tenant(ctx)
		if err != nil {
			return false, err
		}
		got = fmt.Sprint(byAddress(t.Mailboxes, "PrimarySmtpAddress", args[0])[property[args[1]]])
		return got == args[2], nil
	})
}

// tenant is "tenant live|deleted|licensed|plan-off|enabled|disabled|mailbox ADDRESS": waits until it is so. With ! it must not be so
// now.
func (c *conversation) tenant(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || !slices.Contains([]string{"live", "deleted", "licensed", "plan-off", "enabled", "disabled", "mailbox"}, args[0]) {
		ts.Fatalf("usage: tenant live|deleted|licensed|plan-off|enabled|disabled|mailbox ADDRESS")
	}
	if neg {
		t, err := c.client.Tenant(context.Background())
		ts.Check(err)
		if isSo(t, args[0], args[1]) {
			ts.Fatalf("%s is %s", args[1], args[0])
		}
		return
	}
	c.await(ts, func() string { return args[1] + " is not " + args[0] }, func(ctx context.Context) (bool, error) {
		t, err := c.client.Tenant(ctx)
		return isSo(t, args[0], args[1]), err
	})
}

func isSo(t m365fake.Tenant, what, address string) bool {
	live := byAddress(t.Users, "userPrincipalName", address)
	switch what {
	case "deleted":
		return byAddress(t.DeletedUsers, "mail", address) != nil
	case "licensed":
		licenses, _ := live["assignedLicenses"].([]any)
		return len(licenses) > 0
	case "plan-off": // a plan of a licence is switched off
		licenses, _ := live["assignedLicenses"].([]any)
		return slices.ContainsFunc(licenses, func(item any) bool {
			license, _ := item.(map[string]any)
			off, _ := license["disabledPlans"].([]any)
			return len(off) > 0
		})
	case "enabled":
		return live["accountEnabled"] == true
	case "disabled":
		return live["accountEnabled"] == false
	case "mailbox":
		m := byAddress(t.Mailboxes, "PrimarySmtpAddress", address)
		return m != nil && m["WhenSoftDeleted"] == nil && live != nil && m["ExternalDirectoryObjectId"] == live["id"]
	}
	return live != nil
}

func byAddress(list []map[string]any, property, address string) map[string]any {
	for _, o := range list {
		if s, _ := o[property].(string); strings.EqualFold(s, address) {
			return o
		}
	}
	return nil
}

// tenantDo is "tenant-do DEED …" with the deeds of POST /control/tenant: a user and a value, or of grant and revoke the
// role alone, or of seats the part number and how many.
func (c *conversation) tenantDo(ts *testscript.TestScript, _ bool, args []string) {
	args = append(args, "", "", "")
	do, user, value, seats := args[0], args[1], args[2], 0
	switch do {
	case "grant", "revoke", "allow-cmdlet", "forbid-cmdlet", "copy-time", "delicensing":
		user, value = "", args[1]
	case "recover", "reconnect": // by the mailbox's address, under that name
		t, err := c.client.Tenant(context.Background())
		ts.Check(err)
		user, value = fmt.Sprint(byAddress(t.Mailboxes, "PrimarySmtpAddress", args[1])["ExchangeGuid"]), args[1]
	case "seats":
		var err error
		seats, err = strconv.Atoi(args[2])
		ts.Check(err)
		user, value = "", args[1]
	}
	ts.Check(c.client.ChangeTenant(context.Background(), do, user, value, seats))
}

// slackDo is "slack-do PERSON|approvals FIELD=value…" with the fields of POST /control/people and /control/channels.
func (c *conversation) slackDo(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: slack-do PERSON|approvals FIELD=value…")
	}
	fields := map[string]any{}
	for _, arg := range args[1:] {
		key, value, _ := strings.Cut(arg, "=")
		switch {
		case value == "true" || value == "false":
			fields[key] = value == "true"
		case key == "add" || key == "remove":
			fields[key] = []string{c.persons[value]}
		default:
			fields[key] = value
		}
	}
	if args[0] == "approvals" {
		ts.Check(c.client.ChangeChannel(context.Background(), slackfake.ApprovalsID, fields))
		return
	}
	ts.Check(c.client.ChangePerson(context.Background(), c.persons[args[0]], fields))
}
