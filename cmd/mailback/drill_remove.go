package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailback/recovery"
)

// remove deletes the account, which the administrator has agreed to, and waits until it shows as deleted.
func (d *drill) remove(ctx context.Context) error {
	d.sent = d.x.now()
	if err := d.sendDeletion(ctx); err != nil {
		return err
	}
	if err := d.untilDeleted(ctx); err != nil {
		return err
	}
	return d.untilFollowed(ctx)
}

// errNotDeleted is that the account is there as before.
var errNotDeleted = errors.New("the account was not deleted")

// sendDeletion sends the deletion until Microsoft takes it. A lost answer is looked up, and never sent again.
func (d *drill) sendDeletion(ctx context.Context) error {
	d.t.say("\nDeleting the account …")
	for began := time.Now(); ; {
		receipt, err := d.graph.DeleteUser(ctx, d.before.account.ID)
		switch recovery.KindOf(err) {
		case "":
			d.t.say("Microsoft has taken it (request-id %s).", receipt.RequestID)
			return nil
		case recovery.Throttled: // nothing was done
			pause := max(recovery.Pause(err), time.Second)
			if time.Since(began)+pause > d.pace.shown {
				return errors.Join(errNotDeleted, err)
			}
			d.t.say("Microsoft asks for a pause; I try again in %s.", pause.Round(time.Second))
			if err := d.sleep(ctx, pause); err != nil {
				return err
			}
		case recovery.Forbidden:
			return d.byHand(ctx, err)
		case recovery.Unavailable, recovery.NotFound, recovery.Internal:
			d.t.say("The answer was lost (%s). I look whether the account is deleted.", plainly(err))
			return d.afterLostAnswer(ctx)
		default:
			return errors.Join(errNotDeleted, err)
		}
	}
}

// afterLostAnswer looks whether a deletion happened of which nobody knows.
func (d *drill) afterLostAnswer(ctx context.Context) error {
	var known error
	for began := time.Now(); ; {
		deleted, live, err := d.whereabouts(ctx)
		if deleted {
			d.t.say("It is deleted.")
			return nil
		}
		if known = err; err == nil && !live {
			known = errors.New("Microsoft shows it nowhere") //nolint:staticcheck // Microsoft is a name
		}
		if time.Since(began) > d.pace.answer {
			if known != nil {
				return fmt.Errorf("whether the account is deleted is not known: %s", plainly(known))
			}
			return errNotDeleted
		}
		if err := d.sleep(ctx, d.pauseAfter(err)); err != nil {
			return err
		}
	}
}

// pauseAfter is how long it is waited before the next look, which is as long as the other side wants.
func (d *drill) pauseAfter(err error) time.Duration { return max(d.pace.look, recovery.Pause(err)) }

// whereabouts reads whether the practice account is deleted, or live, by its object id.
func (d *drill) whereabouts(ctx context.Context) (deleted, live bool, err error) {
	f, err := d.graph.Find(ctx, recovery.Query{Kind: recovery.ByObjectID, Value: d.before.account.ID})
	if err != nil {
		return false, false, err
	}
	for _, x := range f.Found {
		if x.Account.ID == d.before.account.ID {
			deleted, live = deleted || x.Account.Deleted(), live || !x.Account.Deleted()
		}
	}
	return deleted && !live, live, nil
}

// byHand has the administrator delete the account, where Microsoft does not let the app.
func (d *drill) byHand(ctx context.Context, refused error) error {
	d.t.say("Microsoft does not let the app delete an account: %s.", plainly(refused))
	d.t.say("That is no fault: Mailback never deletes anything but in a drill, and restores with the permission that it has.\n")
	d.t.say("You can delete it yourself: admin.microsoft.com, Users, Active users, %s, Delete user. Choose nothing there that", d.before.account.UserPrincipalName)
	d.t.say("removes the licence, the aliases or others' access, so that all of it can come back.")
	if err := d.t.yes(ctx, "Shall I wait until you have deleted it?"); err != nil {
		return err
	}
	d.t.say("I look every few seconds, for %s at most. Ctrl-C ends the drill.", d.pace.byHand)
	for began := time.Now(); ; {
		deleted, _, err := d.whereabouts(ctx)
		switch {
		case deleted:
			d.handDeleted = true
			return nil
		case time.Since(began) > d.pace.byHand && err != nil:
			return fmt.Errorf("whether the account is deleted is not known: %s", plainly(err))
		case time.Since(began) > d.pace.byHand:
			return errNotDeleted
		}
		if err := d.sleep(ctx, d.pauseAfter(err)); err != nil {
			return err
		}
	}
}

// untilDeleted waits until the look-up by address, which a request makes, finds the account among the deleted ones and nowhere else. Microsoft's
// directory takes up to some minutes.
func (d *drill) untilDeleted(ctx context.Context) error {
	q := recovery.Query{Kind: recovery.ByAddress, Value: d.address}
	told := false
	for began := time.Now(); ; {
		f, err := d.graph.Find(ctx, q)
		if err == nil && len(f.Found) == 1 && f.Found[0].Account.ID == d.before.account.ID && f.Found[0].Account.Deleted() {
			d.t.say("The account is deleted. Microsoft keeps it until %s.", day(f.Found[0].Account.DeletedAt.Add(recovery.Retention)))
			return nil
		}
		if time.Since(began) > d.pace.shown {
			if err != nil {
				return fmt.Errorf("the deleted account could not be read for %s: %s", d.pace.shown, plainly(err))
			}
			return fmt.Errorf("the account does not show as deleted, %s after that", d.pace.shown)
		}
		if !told {
			d.t.say("I wait until Microsoft shows it as deleted, which may take some minutes …")
			told = true
		}
		if err := d.sleep(ctx, d.pauseAfter(err)); err != nil {
			return err
		}
	}
}

// untilFollowed waits for Exchange to take the mailbox out of use, as long as that is worth it: one that was never lost shows less. A request could
// come before as well.
func (d *drill) untilFollowed(ctx context.Context) error {
	for began, told := time.Now(), false; ; told = true {
		m, err := d.service.Mailboxes.Mailbox(ctx, d.before.mailbox.ExchangeGUID)
		switch {
		case err == nil && !m.Live():
			d.t.say("Exchange has taken its mailbox out of use.")
			return nil
		case time.Since(began) > d.pace.follow:
			d.t.say("Exchange did not follow within %s. I go on; the proof then shows less of how a lost mailbox comes back.", d.pace.follow)
			d.unfollowed = true
			return nil
		case !told:
			d.t.say("I wait until Exchange follows and takes the mailbox out of use, for %s at most …", d.pace.follow)
		}
		if err := d.sleep(ctx, d.pauseAfter(err)); err != nil {
			return err
		}
	}
}

// day is a time as an administrator reads it, in UTC as on the cards.
func day(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }
