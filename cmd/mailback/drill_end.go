package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailback/recovery"
)

// announce says what was read, and all that will be done.
func (d *drill) announce() {
	p, t := d.before, d.t
	var licenses []string
	for _, l := range p.licenses {
		licenses = append(licenses, fmt.Sprintf("%s (%d more seats free)", l.PartNumber, l.Free()))
	}
	t.say("  Account   %s, %s", p.account.DisplayName, p.account.UserPrincipalName)
	t.say("            object id %s, made on %s", p.account.ID, p.account.CreatedAt.UTC().Format("2 January 2006"))
	t.say("            sign-in allowed, %d groups, no admin role, nobody in Slack", p.access.Groups)
	t.say("  Mailbox   %s, a person's, %d items; no hold, no archive", p.mailbox.Address, p.contents.Items)
	t.say("  Licence   %s", strings.Join(licenses, ", "))
	if p.contents.Items == 0 {
		t.say("  Note      its mailbox is empty: with a few messages in it the drill would also show that those come back.")
	}
	t.say("  Not read  whether somebody signed in with it lately, which admin roles it may take up for a time (PIM), and which")
	t.say("            groups and applications it owns: the app has no right to. Look in Microsoft Entra, under the user.\n")
	t.say("What I am going to do, with your yes before each change:")
	t.say("  1. Delete the account. From then on nobody signs in with it, and mail to it goes back to its sender.")
	t.say("  2. Ask for it back as in Slack: diagnosis and plan. That changes nothing.")
	t.say("  3. Restore the account. Sign-in, groups and licence come back with it.")
	t.say("  4. Give it the licence again, if it did not come back.")
	t.say("  5. Wait until the mailbox answers, mostly some minutes, at most a day, and read everything back: that is the proof.")
	t.say("  6. If you like, post one line into the approval channel.")
	t.say("Nothing else in the tenant is changed. A mailback serve that runs, its database and its requests are not touched.")
	t.say("Whatever happens, Microsoft keeps the deleted account for 30 days. The end says how it comes back by hand.\n")
}

// refuse ends a drill that does not begin: nothing was changed.
func (d *drill) refuse(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		d.t.say("\nThe drill was stopped. Nothing was changed.")
		return errDrillRefused
	}
	if why, ok := errors.AsType[refusal](err); ok {
		d.t.say("\nNo drill with %s: %s.", d.address, why.why)
		d.t.say("What to do: %s.", why.instead)
		d.t.say("Nothing was changed.")
		return errDrillRefused
	}
	d.t.say("\nNo drill with %s: %s. Nothing was changed.", d.address, plainly(err))
	return errDrillRefused
}

// stop ends a drill before its request has come to an end, and says in what state the account is.
func (d *drill) stop(ctx context.Context, why error) error {
	switch {
	case ctx.Err() != nil:
		d.t.say("\nThe drill was stopped.")
	case errors.Is(why, errNotDeleted):
		d.t.say("\nThe drill has ended: the account was not deleted%s.", because(why))
	default:
		d.t.say("\nThe drill has ended: %s.", plainly(why))
	}
	if d.sent.IsZero() {
		d.t.say("Nothing was changed: %s is as it was.", d.address)
		return errDrillRefused
	}
	d.tellState(ctx)
	d.tellTime()
	return errDrillUnfinished
}

// because gives the reason that stands beside errNotDeleted.
func because(err error) string {
	if e, ok := errors.AsType[*recovery.Error](err); ok {
		return ", as " + plainly(e)
	}
	return ""
}

// tellState looks where the account is, and says how it comes back. The look has its own time: the drill may have been told to stop.
func (d *drill) tellState(ctx context.Context) {
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.pace.farewell)
	defer cancel()
	f, err := d.graph.Find(look, recovery.Query{Kind: recovery.ByObjectID, Value: d.before.account.ID})
	switch {
	case err != nil:
		d.t.say("Where the account is now could not be read: %s.", plainly(err))
		d.t.say("Look in admin.microsoft.com under Users, Active users and Deleted users. If it is deleted:")
		d.tellWayBack(d.sent.Add(recovery.Retention))
	case len(f.Found) == 0:
		d.t.say("Microsoft shows the account neither as live nor as deleted just now, as it may for some minutes after a change.")
		d.t.say("Look in admin.microsoft.com under Users, Active users and Deleted users. If it is deleted:")
		d.tellWayBack(d.sent.Add(recovery.Retention))
	case f.Found[0].Account.Deleted():
		d.t.say("The account %s IS DELETED now. It comes back with all it had:", d.address)
		d.tellWayBack(f.Found[0].Account.DeletedAt.Add(recovery.Retention))
	default:
		d.tellLive(look, f)
	}
}

// tellWayBack says how a deleted account comes back by hand.
func (d *drill) tellWayBack(until time.Time) {
	d.t.say("  - in Slack, where mailback serve runs: /restore-mailbox %s", d.address)
	d.t.say("  - or admin.microsoft.com, Users, Deleted users, %s, Restore user", d.before.account.UserPrincipalName)
	d.t.say("  until %s. Then look that it has its licence: %s.", day(until), d.before.partNumbers())
}

// tellLive says what a live account has and lacks.
func (d *drill) tellLive(ctx context.Context, f recovery.Findings) {
	a := f.Found[0].Account
	d.t.say("The account %s is there, not deleted.", d.address)
	if lost := d.lost(a); len(lost) > 0 {
		d.t.say("It is not as before: %s.", strings.Join(lost, "; "))
		d.t.say("Put that right in admin.microsoft.com, Users, Active users, %s; a licence also with /restore-mailbox %s.", a.UserPrincipalName, d.address)
	}
	probe, err := d.graph.Mailbox(ctx, a.ID)
	switch {
	case err != nil:
		d.t.say("Whether its mailbox answers could not be read: %s. See with /restore-mailbox check %s.", plainly(err), d.address)
	case probe.State != recovery.MailboxAnswers:
		d.t.say("Its mailbox does not answer yet. With its licence it comes back by itself, mostly within half an hour, at most within a day.")
		d.t.say("See with /restore-mailbox check %s. Do not delete or make anything anew meanwhile.", d.address)
	default:
		d.t.say("Its mailbox answers.")
	}
}

func (p practice) partNumbers() string {
	var all []string
	for _, l := range p.licenses {
		all = append(all, l.PartNumber)
	}
	return strings.Join(all, ", ")
}

// lost says in what the account, as it is now, is less than it was.
func (d *drill) lost(now recovery.Account) []string {
	var all []string
	was := d.before.account
	if now.ID != was.ID {
		all = append(all, "it has another object id")
	}
	if !recovery.SameAddress(now.UserPrincipalName, was.UserPrincipalName) {
		all = append(all, "its sign-in name is "+now.UserPrincipalName+", and was "+was.UserPrincipalName)
	}
	if now.Enabled == nil || !*now.Enabled {
		all = append(all, "its sign-in is blocked")
	}
	for _, p := range was.ProxyAddresses {
		if !slices.Contains(now.ProxyAddresses, p) {
			all = append(all, "the address "+p+" is missing")
		}
	}
	for _, l := range d.before.licenses {
		same := func(o recovery.AssignedLicense) bool {
			return o.SKU == l.ID && slices.Equal(sortedCopy(o.DisabledPlans), sortedCopy(l.disabled))
		}
		if !slices.ContainsFunc(now.Licenses, same) {
			all = append(all, "the licence "+l.PartNumber+" is missing, or has other services switched off")
		}
	}
	return all
}

func (d *drill) tellTime() {
	d.t.say("From the deletion until now it took %s.", d.x.now().Sub(d.sent).Round(time.Second))
}

// conclude ends a drill whose request has ended, by what was read back.
func (d *drill) conclude(ctx context.Context) error {
	r := d.ended
	if d.refused != nil {
		return d.stop(ctx, d.refused)
	}
	d.t.say("\nThe request has come to its end. This is its card:\n")
	d.show(r, recovery.CardApproval)
	if r.Plan == nil { // it ended with the diagnosis, of which the requester's card speaks
		d.show(r, recovery.CardRequester)
	}
	if r.State != recovery.Succeeded || r.Proof == nil {
		return d.stop(ctx, fmt.Errorf("it did not succeed (%s)", r.State))
	}
	missing, err := d.compare(ctx)
	if err != nil {
		return d.stop(ctx, err)
	}
	if len(missing) > 0 {
		d.t.say("\nThe request is content, the drill is not: %s.", strings.Join(missing, "; "))
		d.tellState(ctx)
		d.tellTime()
		return errDrillUnproven
	}
	d.t.say("\nPROVEN, read back from Microsoft: %s is back.", d.address)
	d.t.say("  - the same account, by its object id, with its sign-in name, its addresses, its licence and as many groups (%d)", d.before.access.Groups)
	d.t.say("  - the same mailbox, by its ExchangeGuid %s; it answers", d.before.mailbox.ExchangeGUID)
	d.t.say("  - %s", d.counted(r))
	if d.before.contents.Items == 0 {
		d.t.say("Not proven: that messages come back, as the mailbox was empty.")
	}
	if d.unfollowed {
		d.t.say("Not proven: that a mailbox comes back which was out of use, as Exchange had not yet noticed that it was lost.")
	}
	d.t.say("Not proven: that somebody can sign in with its password and second factor. Try it, if it matters to you.")
	d.tellTime()
	if d.handDeleted {
		d.t.say("Entra's audit log shows the restore as done by Mailback's app, and the deletion by you.")
	} else {
		d.t.say("Entra's audit log shows the deletion and the restore as done by Mailback's app.")
	}
	return d.offerLine(ctx)
}

// counted says how much is in the mailbox, before and after.
func (d *drill) counted(r recovery.Request) string {
	if r.Proof.Contents == nil {
		return fmt.Sprintf("how much is in it could not be counted; it was %d items", d.before.contents.Items)
	}
	return fmt.Sprintf("%d items in it now, %d before", r.Proof.Contents.Items, d.before.contents.Items)
}

// compare holds the account and its mailbox, as they are now, against what they were before the drill.
func (d *drill) compare(ctx context.Context) ([]string, error) {
	f, err := d.graph.Find(ctx, recovery.Query{Kind: recovery.ByObjectID, Value: d.before.account.ID})
	if err == nil {
		err = d.graph.Complete(ctx, f.Found)
	}
	if err != nil {
		return nil, fmt.Errorf("the account could not be read once more: %w", err)
	}
	if len(f.Found) != 1 || f.Found[0].Account.Deleted() {
		return []string{"the account does not show as live"}, nil
	}
	now := f.Found[0]
	missing := d.lost(now.Account)
	if now.Probe.State != recovery.MailboxAnswers {
		missing = append(missing, "the mailbox does not answer")
	}
	if now.Access.GroupsKnown && now.Access.Groups < d.before.access.Groups {
		missing = append(missing, fmt.Sprintf("it is in %d groups, and was in %d", now.Access.Groups, d.before.access.Groups))
	}
	m, err := d.service.Mailboxes.Mailbox(ctx, d.before.mailbox.ExchangeGUID)
	switch {
	case recovery.KindOf(err) == recovery.NotFound:
		missing = append(missing, "its old mailbox is not there")
	case err != nil:
		return nil, fmt.Errorf("the mailbox could not be read once more: %w", err)
	case !m.Live() || !recovery.SameAddress(m.ObjectID, d.before.account.ID):
		missing = append(missing, "its old mailbox is not in use")
	}
	return missing, nil
}

// offerLine asks whether the approval channel shall be told, which shows that Mailback can speak there.
func (d *drill) offerLine(ctx context.Context) error {
	line := fmt.Sprintf("Drill: %s was deleted and restored by an administrator with mailback doctor, and everything was read back. Nothing is to be done.", d.address)
	d.t.say("\nThe last step shows that Mailback can speak in the approval channel %s. It would post:", d.x.s.ApprovalChannel)
	d.t.say("  %s", line)
	err := d.t.yes(ctx, "Post it?")
	switch {
	case ctx.Err() != nil || err != nil:
		d.t.say("Not posted. The drill is done.")
		return nil
	}
	if err := d.slack.Say(ctx, d.x.s.ApprovalChannel, printable(line)); err != nil {
		d.t.say("Slack did not take it: %s. The account is back all the same.", oneLine(err.Error()))
		return errDrillUntold
	}
	d.t.say("Posted. The drill is done.")
	return nil
}
