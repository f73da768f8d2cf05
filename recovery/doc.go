// Package recovery is Mailback's domain: what can happen to a Microsoft 365 mailbox, how it comes back, who must agree, and
// how that is done safely. It imports the standard library only; adapters for Microsoft Graph, Exchange Online and the
// database live below it and implement the interfaces of ports.go, and package commands implements People, Replier and
// Renderer for Slack.
//
// # From an ask to a proof
//
// A Query names a mailbox. Service.Ask records it as a Request in state Submitted, and a job calls Service.Advance until
// the request has ended. Advance reads the tenant (Directory and Mailboxes side by side, in two rounds: reading.go), and
// Settings.judge, which is pure, turns what was read into a Diagnosis: the Case, the evidence, the purge deadline, and either an obstacle or a Plan
// of Steps. The requester confirms the plan, approvers review it, and then each step is looked at, done, and looked at
// again until its effect was read back. The last thing is a Proof.
//
// # What keeps it safe
//
// A request changes only inside Store.Update, which commits the row, its Event, its messages and the next job together.
// Only Advance changes a request's state, holding its lease; people's clicks are recorded into the request's inbox by
// Service.Click, so that they are durable before Slack is answered, and Advance decides them one by one on facts read at
// that moment (decide.go, policy.go). Every step looks before it acts, so a process may die anywhere: nothing is lost and
// nothing happens twice (restore.go). An approval is bound to the Fingerprint of the plan, and the plan is made anew just
// before the first change.
//
// # Copies
//
// A mailbox that outlived its user is copied by a mailbox restore request, which Exchange works off by itself (copying.go). It is
// known by its name, which carries the request's UUID, and then by its RequestGuid; at each look its source and target are compared
// with the plan's. One that is suspended waits for an approver's ActResume, or for a retry (resuming.go). What people are told of
// a wait stays true without being told again: since when it lasts, and within which time it is looked at next (Request.LooksWithin).
//
// # Putting back
//
// What a step changes is kept as it was just before (before.go). For a day an approver can have put back what can be put back:
// ActUndo raises another Request, whose diagnosis compares the tenant with what the first one's proof read back (undoplan.go), and
// which goes the same way through confirmation, approvals and proof.
//
// # Recoverable items
//
// An Ask with an ItemWish is about messages, meetings, contacts and tasks that were deleted from a mailbox which is there
// (items*.go). What they say belongs to the mailbox's owner, proven by the address that Slack confirmed and from the first proof
// on by a Link to the account's object id (links.go): Private texts exist in memory only, on their way into the owner's form
// (Service.OwnItems). What is kept is an ItemList: entry ids, folders and times, and what became of each item. A plan names its list
// by a digest, items are restored by their entry ids alone, one by one, and the list says how far that is, so that a turn may end anywhere.
//
// # Many at once
//
// An Ask with a BulkWish is about many accounts (bulk*.go). Its diagnosis makes a BulkList, with the plan that each account would have by
// itself; what is approved is the list. Each account on it then becomes a Request of its own, without messages.
//
// # People
//
// Who may ask and decide is Settings' to say, also by Scope (scope.go), and is read from Slack and from Entra each time (policy.go,
// identity.go). Whoever asks for the same mailbox joins the request (join.go). People are reminded of what waits for them (remind.go);
// where nobody else can decide, the emergency path may be open (emergency.go). What Service gives to look at is cut to what its reader
// may see (view.go, overview.go).
//
// Nothing here is worded for people: a Note is a code with arguments, and package commands has the sentences.
package recovery
