package sandbox

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"mailback/internal/m365fake"
)

// What the requester reads in the end.
var (
	saysRestored = regexp.MustCompile(`(?i)\brestored\b`)
	saysDenied   = regexp.MustCompile(`(?i)\bdenied\b`)
	saysOnPrem   = regexp.MustCompile(`(?i)on-premises`)
	saysGone     = regexp.MustCompile(`(?i)no way back`)
	saysExport   = regexp.MustCompile(`(?i)auto-expanding archive`)
	saysThere    = regexp.MustCompile(`(?i)nothing to bring back`)
	saysSeveral  = regexp.MustCompile(`(?i)more than one account fits`)
	saysGuest    = regexp.MustCompile(`(?i)guest account`)
	saysEmpty    = regexp.MustCompile(`(?i)an empty (one|mailbox)`)
)

// stories are the conversations of a case. The mailboxes are plain ones of the seed.
func stories(name string) []story {
	restored := func(title, address, reason string, proof func(before, after m365fake.Tenant, address string) error) story {
		return story{title, address, reason, confirmAndApprove, saysRestored, proof, "restored"}
	}
	switch name {
	case "license":
		return []story{restored("A licence was removed", "debrab@contoso.com", "her licence went to somebody else by mistake", provedUser)}
	case "user":
		return []story{restored("A user was deleted", "christiec@contoso.com", "she comes back on Monday", provedUser)}
	case "shared":
		return []story{restored("A shared mailbox was deleted", "info@contoso.com", "customers still write to it", provedShared)}
	case "softdeleted":
		return []story{
			{"The user is purged, the contents are copied", "brianj@contoso.com", "into:lidiah@contoso.com she took over his customers", confirmAndApproveTwice, saysRestored, provedCopy("lidiah@contoso.com"), "restored"},
			{"A shared mailbox without its user", "warehouse@contoso.com", "orders still come in", confirmAndApprove, saysRestored, provedReconnected, "restored"},
		}
	case "items":
		return []story{
			{"Messages deleted from a mailbox, counted", "items leeg@contoso.com", "type:message he emptied the wrong folder", confirmAndApprove, saysRestored, provedItems("leeg@contoso.com"), "restored"},
		}
	case "inactive":
		return []story{
			{"A mailbox on hold, copied", "benw@contoso.com", "into:lidiah@contoso.com for the audit", confirmAndApproveTwice, saysRestored, provedCopy("lidiah@contoso.com"), "restored"},
			{"A mailbox on hold, recovered by hand", "deliad@contoso.com", "license:SPE_E3 she is back", handOver("deliad@contoso.com"), saysRestored, provedReconnected, "restored"},
		}
	case "refused":
		refused := func(title, address, reason string, says *regexp.Regexp, due string) story {
			return story{title, address, reason, justWait, says, nothingChanged, "refused: " + due}
		}
		return []story{
			refused("A mailbox that works", "lynner@contoso.com", "she cannot find a message", saysThere, "it is there, so there is nothing to bring back"),
			refused("A mailbox that is gone", "formerstaff@contoso.com", "an audit asks for it", saysGone, "there is nothing left to bring back"),
			refused("Two accounts with one address", "mollyd@contoso.com", "she is back", saysSeveral, "more than one account fits, so an approver has to choose"),
			refused("An account from the on-premises directory", "loripe@contoso.com", "she is back", saysOnPrem, "it is synchronised from on-premises"),
			refused("A guest", "lukasz@northwindtraders.com", "he cannot read his mail", saysGuest, "it is a guest, whose mailbox is elsewhere"),
			refused("A licence that went too long ago", "olafj@contoso.com", "he is back", saysEmpty, "the contents are gone, and a licence would give an empty mailbox"),
			refused("An archive that grows by itself", "quinna@contoso.com", "the lawyers ask", saysExport, "its archive can be neither recovered nor restored"),
			{"An approver says no", "irvins@contoso.com", "just to have a look", confirmAndDeny, saysDenied, nothingChanged, "denied"},
		}
	}
	return nil
}

func confirmAndApprove(ctx context.Context, p *player) error {
	if err := p.press(ctx, p.requester, "request.confirm"); err != nil {
		return err
	}
	return p.press(ctx, p.approver, "request.approve")
}

// confirmAndApproveTwice is for a copy into somebody's mailbox, which takes one more approver than usual.
func confirmAndApproveTwice(ctx context.Context, p *player) error {
	if err := confirmAndApprove(ctx, p); err != nil {
		return err
	}
	return p.press(ctx, p.second, "request.approve")
}

// handOver plays the administrator who runs the command that no app can.
func handOver(address string) func(ctx context.Context, p *player) error {
	return func(ctx context.Context, p *player) error {
		if err := confirmAndApprove(ctx, p); err != nil {
			return err
		}
		if _, _, err := p.button(ctx, p.approver, "request.check"); err != nil {
			return err
		}
		tenant, err := p.client.Tenant(ctx)
		if err != nil {
			return err
		}
		guid := fmt.Sprint(findMailbox(tenant, address)["ExchangeGuid"])
		p.printf("%s runs New-Mailbox -InactiveMailbox in Exchange Online PowerShell\n", p.name(p.approver))
		if err := p.client.ChangeTenant(ctx, "recover", guid, address, 0); err != nil {
			return err
		}
		return p.press(ctx, p.approver, "request.check")
	}
}

// provedCopy holds if a folder of the target has as many items as the old mailbox, which is as it was.
func provedCopy(target string) func(before, after m365fake.Tenant, address string) error {
	return func(before, after m365fake.Tenant, address string) error {
		was := findMailbox(before, address)
		if fmt.Sprint(was) != fmt.Sprint(findMailbox(after, address)) {
			return errors.New("the old mailbox has changed")
		}
		folders, _ := findMailbox(after, target)["RestoredFolders"].([]any)
		for _, item := range folders {
			f, _ := item.(object)
			if f["SourceExchangeGuid"] == was["ExchangeGuid"] && f["ItemCount"] == was["ItemCount"] {
				return nil
			}
		}
		return fmt.Errorf("no folder of %s has the %v items", target, was["ItemCount"])
	}
}

// provedItems holds if recoverable items of the mailbox are items again.
func provedItems(mailbox string) func(before, after m365fake.Tenant, _ string) error {
	return func(before, after m365fake.Tenant, _ string) error {
		was, is := findMailbox(before, mailbox), findMailbox(after, mailbox)
		back, left := number(is["ItemCount"])-number(was["ItemCount"]), number(was["RecoverableItems"])-number(is["RecoverableItems"])
		if back <= 0 || left != back {
			return fmt.Errorf("%v items came back, and %v are no longer recoverable", back, left)
		}
		return nil
	}
}

// number reads a JSON number.
func number(v any) float64 {
	n, _ := v.(float64)
	return n
}

// provedReconnected holds if the same mailbox is in use again and belongs to a live user.
func provedReconnected(before, after m365fake.Tenant, address string) error {
	user := findUser(after.Users, address)
	if user == nil {
		return errors.New("there is no user")
	}
	return sameMailbox(before, after, user, address)
}

func confirmAndDeny(ctx context.Context, p *player) error {
	if err := p.press(ctx, p.requester, "request.confirm"); err != nil {
		return err
	}
	return p.deny(ctx, "A look is not reason enough.")
}

func justWait(context.Context, *player) error { return nil }

// provedUser holds if the user is live under its old object id, has a licence with a mailbox, may sign in as before, and has
// its old mailbox.
func provedUser(before, after m365fake.Tenant, address string) error {
	user, err := sameUser(before, after, address)
	if err != nil {
		return err
	}
	if !hasMailboxPlan(after.SKUs, user) {
		return errors.New("the user has no licence with a mailbox")
	}
	return sameMailbox(before, after, user, address)
}

// provedShared is provedUser without the licence, which a shared mailbox does without.
func provedShared(before, after m365fake.Tenant, address string) error {
	user, err := sameUser(before, after, address)
	if err != nil {
		return err
	}
	return sameMailbox(before, after, user, address)
}

func sameUser(before, after m365fake.Tenant, address string) (object, error) {
	was := findUser(append(slices.Clone(before.Users), before.DeletedUsers...), address)
	is := findUser(after.Users, address)
	switch {
	case was == nil:
		return nil, errors.New("there was no such user before")
	case is == nil:
		return nil, errors.New("the user is not live")
	case findUser(after.DeletedUsers, address) != nil:
		return nil, errors.New("the user is still among the deleted ones")
	case is["id"] != was["id"]:
		return nil, fmt.Errorf("the user is another one: %v, not %v", is["id"], was["id"])
	case is["accountEnabled"] != was["accountEnabled"]:
		return nil, fmt.Errorf("accountEnabled was %v and is %v", was["accountEnabled"], is["accountEnabled"])
	}
	return is, nil
}

func sameMailbox(before, after m365fake.Tenant, user object, address string) error {
	was, is := findMailbox(before, address), findMailbox(after, address)
	switch {
	case was == nil || is == nil:
		return errors.New("there is no such mailbox")
	case is["ExchangeGuid"] != was["ExchangeGuid"]:
		return errors.New("the mailbox is another one, without the old contents")
	case is["WhenSoftDeleted"] != nil:
		return errors.New("the mailbox is soft-deleted")
	case is["ExternalDirectoryObjectId"] != user["id"]:
		return errors.New("the mailbox does not belong to the user")
	}
	return nil
}

// nothingChanged holds if the whole tenant is as it was.
func nothingChanged(before, after m365fake.Tenant, _ string) error {
	for what, lists := range map[string][2][]map[string]any{
		"a user":         {before.Users, after.Users},
		"a deleted user": {before.DeletedUsers, after.DeletedUsers},
		"a subscription": {before.SKUs, after.SKUs},
		"a mailbox":      {before.Mailboxes, after.Mailboxes},
	} {
		if !reflect.DeepEqual(lists[0], lists[1]) {
			return errors.New(what + " has changed")
		}
	}
	return nil
}

func findUser(users []map[string]any, address string) object {
	for _, u := range users {
		upn, _ := u["userPrincipalName"].(string)
		mail, _ := u["mail"].(string)
		if strings.EqualFold(upn, address) || strings.EqualFold(mail, address) {
			return u
		}
	}
	return nil
}

func findMailbox(t m365fake.Tenant, address string) object {
	for _, m := range t.Mailboxes {
		if primary, _ := m["PrimarySmtpAddress"].(string); strings.EqualFold(primary, address) {
			return m
		}
	}
	return nil
}

// mailboxPlan are the service plans that give a mailbox of one's own
// (learn.microsoft.com/entra/identity/users/licensing-service-plan-reference); EXCHANGE_S_FOUNDATION gives none.
var mailboxPlan = regexp.MustCompile(`^EXCHANGE_(S_STANDARD|S_ENTERPRISE|S_DESKLESS|B_STANDARD|L_STANDARD)`)

// hasMailboxPlan reports whether one of a user's licences has a plan with a mailbox that is not switched off.
func hasMailboxPlan(skus []map[string]any, user object) bool {
	licenses, _ := user["assignedLicenses"].([]any)
	for _, item := range licenses {
		license, _ := item.(object)
		off, _ := license["disabledPlans"].([]any)
		for _, sku := range skus {
			if sku["skuId"] == license["skuId"] && slices.ContainsFunc(plansOf(sku), func(p object) bool {
				return mailboxPlan.MatchString(fmt.Sprint(p["servicePlanName"])) && !slices.Contains(off, p["servicePlanId"])
			}) {
				return true
			}
		}
	}
	return false
}

func plansOf(sku object) []object {
	var plans []object
	list, _ := sku["servicePlans"].([]any)
	for _, item := range list {
		if plan, ok := item.(object); ok {
			plans = append(plans, plan)
		}
	}
	return plans
}

// Proved says why the tenant does not show that the mailbox of a case (license, user or shared) came back; nil when it does.
func Proved(name string, before, after m365fake.Tenant, address string) error {
	if name == "shared" {
		return provedShared(before, after, address)
	}
	return provedUser(before, after, address)
}
