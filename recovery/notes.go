package recovery

// NoteCode names a fact, warning, obstacle or refusal. Each says which Args it has; whoever words it relies on that.
type NoteCode string

// Evidence: what a diagnosis rests on.
const (
	NoteDeletedOn      NoteCode = "deleted-on"        // the user is among the deleted users. Args: RFC 3339 time
	NoteNoMailboxPlan  NoteCode = "no-mailbox-plan"   // no licence with a mailbox
	NotePlanOff        NoteCode = "plan-off"          // the mailbox plan is switched off inside a licence. Args: SKU part number
	NoteMailboxAnswers NoteCode = "mailbox-answers"   // Args: userPurpose
	NoteMailboxAbsent  NoteCode = "mailbox-absent"    // the mailbox does not answer
	NoteListed         NoteCode = "listed"            // Exchange lists it as in use, though it does not answer
	NoteListedDeleted  NoteCode = "listed-deleted"    // Exchange still lists it as deleted. Args: RFC 3339 time
	NoteExchangeType   NoteCode = "exchange-type"     // Exchange gives its type. Args: RecipientTypeDetails
	NoteProbablyShared NoteCode = "probably-shared"   // guess without Exchange: no licence and sign-in blocked
	NoteLicenseLost    NoteCode = "license-lost"      // known day of loss. Args: RFC 3339 time
	NoteGroupLicense   NoteCode = "group-license"     // the licence comes from a group and is in error. Args: SKU part number, error
	NoteSynced         NoteCode = "synced"            // the account comes from on-premises
	NoteSoftDeleted    NoteCode = "soft-deleted"      // Exchange keeps the mailbox without its user. Args: RFC 3339 time
	NoteInactive       NoteCode = "inactive"          // a hold keeps the mailbox without its user
	NoteDelayed        NoteCode = "delayed"           // the tenant delays taking the mailbox away. Args: RFC 3339 time until
	NoteSameAddress    NoteCode = "same-address-live" // a live account has this address too. Args: its sign-in name
	NoteTicket         NoteCode = "ticket"            // the ask names a ticket. Args: what was typed
)

// Warnings: what people must know before they agree to a plan.
const (
	NoteLossUnknown     NoteCode = "loss-unknown"     // the day the licence was lost is unknown: beyond 30 days the mailbox comes back empty
	NoteRolesUnknown    NoteCode = "roles-unknown"    // admin roles could not be read: one more approver
	NoteHadRoles        NoteCode = "had-roles"        // admin roles come back. Args: role names
	NoteSignInReturns   NoteCode = "sign-in-returns"  // the person can sign in again
	NoteCannotBlock     NoteCode = "cannot-block"     // the app lacks the permission to block sign-in. Args: permission
	NoteNearPurge       NoteCode = "near-purge"       // less than three days are left. Args: RFC 3339 time
	NoteOverConsumed    NoteCode = "over-consumed"    // the licence comes back though no seat is free. Args: SKU part number, seats free
	NoteAddressDropped  NoteCode = "address-dropped"  // stays with its holder. Args: address
	NoteGraceSeats      NoteCode = "grace-seats"      // only seats of the grace period are free. Args: SKU part number
	NoteGuestAccount    NoteCode = "guest-account"    // the account is a guest
	NoteHoldersUnknown  NoteCode = "holders-unknown"  // some holders could not be asked. Args: missing permissions
	NoteTypeUnknown     NoteCode = "type-unknown"     // whether it is shared is not certain
	NoteSharedNoSignIn  NoteCode = "shared-blocked"   // sign-in of a shared mailbox's account will be blocked
	NoteLicenseWithIt   NoteCode = "license-with-it"  // the licence held at deletion comes back with the account. Args: SKU part number
	NoteTargetReads     NoteCode = "target-reads"     // whoever reads the target reads what is copied into it. Args: its address
	NoteOnHold          NoteCode = "on-hold"          // a hold is on the mailbox; it does not come with the contents
	NoteHoldsGo         NoteCode = "holds-go"         // recovering an inactive mailbox takes its holds away
	NoteNewUser         NoteCode = "new-user"         // the mailbox gets a new account: groups, roles and rights do not come back
	NoteCouldCopy       NoteCode = "could-copy"       // into: would copy the contents instead
	NoteLarge           NoteCode = "large"            // it needs Plan 2 and comes back without a licence. Args: each why, of size, archive, hold
	NoteSizeUnknown     NoteCode = "size-unknown"     // whether it is over 50 GB, without a licence, could not be read
	NoteDelegates       NoteCode = "delegates"        // rights of others to the mailbox may not come back
	NoteDelegatesStay   NoteCode = "delegates-stay"   // rights of others to the old mailbox do not come with its contents
	NoteHeld            NoteCode = "held"             // a hold is on the mailbox that comes back
	NoteArchive         NoteCode = "archive"          // the mailbox that comes back has an archive
	NoteExpanding       NoteCode = "expanding"        // the mailbox that comes back has an auto-expanding archive
	NoteSwept           NoteCode = "swept"            // a retention policy may sweep what is copied into the target. Args: its address
	NoteAsIgnored       NoteCode = "as-ignored"       // as: is for deleted accounts. Args: what was typed
	NoteIntoIgnored     NoteCode = "into-ignored"     // into: is for mailboxes without their user. Args: what was typed
	NoteLicenseIgnored  NoteCode = "license-ignored"  // license: is not what the account holds. Args: what was typed, what it holds
	NoteLicenseUnneeded NoteCode = "license-unneeded" // license: was typed for a mailbox that needs none. Args: what was typed
	NoteMaybeNotBack    NoteCode = "exchange-off"     // Exchange was not asked: what cannot be known
	NoteCountryTenant   NoteCode = "country-tenant"   // the usage location is taken from the tenant. Args: country code
)

// Obstacles: why a request stays where it is or ends.
const (
	NoteJoined        NoteCode = "joined"          // somebody else asked for the same mailbox before. Args: that request's id
	NoteAlsoAsked     NoteCode = "also-asked"      // somebody else asks for the same mailbox. Args: that request's id, its reason
	NoteHealthy       NoteCode = "healthy"         // the mailbox answers: nothing to restore
	NoteConnecting    NoteCode = "connecting"      // licensed, and Microsoft is still connecting the mailbox
	NoteMadeNew       NoteCode = "made-new"        // licensed, and Exchange has no mailbox: the one that it makes will be empty
	NoteGone          NoteCode = "gone"            // nothing with this address, live or deleted
	NoteSyncedUser    NoteCode = "synced-user"     // must be restored on-premises
	NoteAmbiguous     NoteCode = "ambiguous"       // several accounts. Args: how many
	NoteNameOnly      NoteCode = "name-only"       // a display name from somebody who is no approver
	NoteIDOnly        NoteCode = "id-only"         // an object id from somebody who is no approver
	NoteNoSeat        NoteCode = "no-seat"         // no free licence. Args: SKU part numbers
	NoteNoSuchLicense NoteCode = "no-such-license" // license: names no SKU with a mailbox. Args: what was typed
	NoteNoLicense     NoteCode = "no-license"      // the tenant has no SKU with a mailbox
	NoteNoLocation    NoteCode = "no-location"     // no usage location and no country to take
	NoteLostTooLong   NoteCode = "lost-too-long"   // licence lost for more than 30 days. Args: RFC 3339 time
	NotePurged        NoteCode = "purged"          // the 30 days are over. Args: RFC 3339 time
	NoteGoneHere      NoteCode = "gone-here"       // no account, and Exchange was not asked for mailboxes that outlived theirs
	NotePurgedHere    NoteCode = "purged-here"     // the account's 30 days are over, and Exchange was not asked for its mailbox. Args: RFC 3339 time
	NoteMailboxGone   NoteCode = "mailbox-gone"    // Exchange has no mailbox for it any more: a licence would give an empty one
	NoteMissingRole   NoteCode = "missing-role"    // the app lacks a permission. Args: permission
	NoteDomain        NoteCode = "domain"          // as: is not on a verified domain. Args: what was typed
	NoteSignInTaken   NoteCode = "sign-in-taken"   // the sign-in name is taken. Args: name
	NoteAddressTaken  NoteCode = "address-taken"   // addresses are held by others. Args: addresses
	NoteAutoExpanding NoteCode = "auto-expanding"  // an auto-expanding archive can be neither recovered nor restored
	NoteNoTarget      NoteCode = "no-target"       // into: names no live mailbox
	NoteTwoTargets    NoteCode = "two-targets"     // into: names more than one
	NoteTargetFull    NoteCode = "target-full"     // the contents do not fit. Args: bytes needed, bytes free
	NoteArchiveFull   NoteCode = "archive-full"    // the archive does not fit into the target's. Args: bytes needed, bytes free
	NoteMissingCmdlet NoteCode = "missing-cmdlet"  // the app may not run a cmdlet. Args: cmdlet
	NoteMissingScope  NoteCode = "missing-scope"   // the Slack app lacks a scope. Args: scope
	NoteSignInFailed  NoteCode = "sign-in-failed"  // a service does not take Mailback's credential. Args: Peer, what is wrong with it
	NoteCertificate   NoteCode = "certificate"     // the certificate of the sign-in to Microsoft ends soon. Args: RFC 3339 time
	NoteCopyFailed    NoteCode = "copy-failed"     // Args: Exchange's own words
	NoteCopyWaits     NoteCode = "copy-suspended"  // somebody, or Exchange, suspended the copy. Args: RFC 3339 time since, what Exchange says about it if anything
	NoteCopyQueued    NoteCode = "copy-queued"     // Exchange has it in its queue. Args: RFC 3339 time since
	NoteCopyForeign   NoteCode = "copy-foreign"    // a copy with our name is of other mailboxes: nothing is done with it
	NoteCopyPartly    NoteCode = "copy-partly"     // completed with warnings. Args: items skipped, DataConsistencyScore
	NoteCopyUnproven  NoteCode = "copy-unproven"   // the copy ended, and Exchange does not say of which mailboxes it was
	NoteCopyGone      NoteCode = "copy-gone"       // the copy was removed before it ended
	NoteX500Taken     NoteCode = "x500-taken"      // another mailbox has the old one's X500 address
	NoteNeedsPassword NoteCode = "needs-password"  // a live user has its name, so that Exchange wants a password
	NoteByHand        NoteCode = "by-hand"         // an administrator has to run a command
	NoteNobody        NoteCode = "nobody"          // fewer people may approve than are needed. Args: needed, there are
	NoteNobodyCopy    NoteCode = "nobody-copy"     // the same of a copy into somebody's mailbox, which is refused at once. Args: needed, there are
	NoteUnconfirmed   NoteCode = "unconfirmed"     // the requester did not confirm in time
	NoteUndecided     NoteCode = "undecided"       // something was changed, and nobody decided in time how it goes on
	NoteLeft          NoteCode = "left"            // something was changed, and somebody left it at that. Args: user id
	NoteChannel       NoteCode = "channel"         // the approval channel cannot be used. Args: why (archived, not a member, shared, unknown)
	NoteUnreadable    NoteCode = "unreadable"      // a service could not be read. Args: Kind, Peer
	NoteWaitThrottled NoteCode = "throttled"       // a service asks us to wait. Args: RFC 3339 time until, Peer
	NoteIncomplete    NoteCode = "incomplete"      // a list may be cut short, so nothing is decided on it
	NoteUnreachable   NoteCode = "unreachable"     // the requester cannot be written to. Args: Slack's error
	NoteUnlinked      NoteCode = "unlinked"        // a mentioned person has no confirmed address that can be looked up
	NoteFailedStep    NoteCode = "failed-step"     // Args: StepKind, Kind
	NoteEmptyMailbox  NoteCode = "empty-mailbox"   // the mailbox was created anew: the old contents are lost. Args: RFC 3339 time
	NoteStillWaiting  NoteCode = "still-waiting"   // the effect of a step does not show yet. Args: RFC 3339 time since, minutes after which it is told; of a diagnosis 0
	NotePrivileged    NoteCode = "privileged"      // Entra lets only a higher role restore this account, as it does with former admins
	NoteRolesCameBack NoteCode = "roles-came-back" // the restored account holds admin roles that the plan did not name. Args: role names
	NoteNotProven     NoteCode = "not-proven"      // the steps are done, but it could not be read back. Args: Kind
	NoteNotListed     NoteCode = "not-listed"      // read back: Exchange does not list the mailbox
	NoteStillDeleted  NoteCode = "still-deleted"   // read back: Exchange still has the mailbox as deleted
	NoteAgeUnknown    NoteCode = "age-unknown"     // read back: Exchange does not say since when the mailbox is there
	NoteStepMissing   NoteCode = "step-missing"    // read back without its effect. Args: StepKind
	NoteFewerItems    NoteCode = "fewer-items"     // read back: nothing, or far less, is in the mailbox. Args: items before, items now
	NoteBeforeUnknown NoteCode = "before-unknown"  // read back: what was in the mailbox before is not known
	NoteAfterUnknown  NoteCode = "after-unknown"   // read back: what is in the mailbox cannot be counted. Args: Kind
	NoteGrantsUnread  NoteCode = "grants-unread"   // read back: who else has access cannot be read; for approvers. Args: Kind
	NoteNoItems       NoteCode = "no-items"        // no recoverable item fits
	NoteItemsOff      NoteCode = "items-off"       // recoverable items cannot be read here
	NoteMessagesOnly  NoteCode = "messages-only"   // without Exchange only messages are listed and restored
	NoteArchiveItems  NoteCode = "archive-items"   // what was deleted from the mailbox's archive may not be listed
	NoteMailboxFirst  NoteCode = "mailbox-first"   // the mailbox itself has to come back first. Args: its address
	NoteNoInterval    NoteCode = "no-interval"     // after: is not before before:. Args: RFC 3339 times from, to
	NoteManyItems     NoteCode = "many-items"      // more items fit than one request takes. Args: how many, the most
	NoteDayAhead      NoteCode = "day-ahead"       // after: is a day that is still to come. Args: RFC 3339 time
	NoteNotOwner      NoteCode = "not-owner"       // not proven to be the mailbox's owner, so subject: and from: are not for them
	NoteLinkDiffers   NoteCode = "link-differs"    // linked to another Entra account than the one that the confirmed address has now
	NoteLinkTaken     NoteCode = "link-taken"      // another Slack person is linked to the mailbox's account
	NoteListing       NoteCode = "listing"         // the list of items is still being made
	NoteItemsFailed   NoteCode = "items-failed"    // items that could not be restored. Args: how many
	NoteItemsGone     NoteCode = "items-gone"      // items that were no longer there. Args: how many
	NoteItemsUnknown  NoteCode = "items-unknown"   // items that are back or gone for good, nobody knows which. Args: how many
	NoteItemsDated    NoteCode = "items-dated"     // items whose own folder is gone went into a new one. Args: how many, the folder
	NoteItemsDiffer   NoteCode = "items-differ"    // the list is not the one that was approved
	NoteNoneTicked    NoteCode = "none-ticked"     // a choice of items without any
)

// Bulk: of a request for many mailboxes, and of the accounts on its list.
const (
	NoteBulkApprovers  NoteCode = "bulk-approvers"   // many at once are for approvers alone
	NoteBulkNone       NoteCode = "bulk-none"        // no deleted user fits
	NoteBulkMany       NoteCode = "bulk-many"        // more fit than one request takes. Args: how many, the most
	NoteBulkAllSkipped NoteCode = "bulk-all-skipped" // none of the list can be brought back like that. Args: how many are on it
	NoteBulkAlone      NoteCode = "bulk-alone"       // it needs a request of its own. Args: its Case
	NoteBulkChoice     NoteCode = "bulk-choice"      // somebody has to choose something, in a request of its own. Args: Action
	NoteBulkTwice      NoteCode = "bulk-twice"       // the account is on the list already
	NoteBulkStopped    NoteCode = "bulk-stopped"     // an approver stopped the request before this one was begun
	NoteBulkChanged    NoteCode = "bulk-changed"     // the account is no longer as it was when the list was made
	NoteBulkOf         NoteCode = "bulk-of"          // it was agreed to with a list. Args: id of its request, digest of the list
)

// Undo: of a request that puts back what another one did.
const (
	NoteNothingToUndo NoteCode = "nothing-to-undo" // nothing of it can be put back. Args: its id
	NoteUndoLate      NoteCode = "undo-late"       // the 24 hours are over. Args: RFC 3339 time
	NoteUndoGoesOn    NoteCode = "undo-goes-on"    // it is at work again. Args: its id, its state
	NoteUndoAsked     NoteCode = "undo-asked"      // another request was asked to put it back. Args: the other's id
	NoteMovedOn       NoteCode = "moved-on"        // something else has changed since. Args: each what, of account, name, sign-in, location, licenses, copy-ended, copy-gone
	NoteFromGroup     NoteCode = "from-group"      // a licence that a group gives cannot be taken from an account. Args: SKU part number
	NoteMailboxGoes   NoteCode = "mailbox-goes"    // without the licence the mailbox goes again. Args: SKU part number
	NoteCopiedStays   NoteCode = "copied-stays"    // what was copied so far stays where it is
	NoteStays         NoteCode = "stays"           // what a step did is not put back. Args: StepKind
	NoteNothingElse   NoteCode = "nothing-else"    // nothing else is put back
	NoteCopyStopped   NoteCode = "copy-stopped"    // an approver had the copy stopped. Args: id of the request that did
	NoteCopyUnlisted  NoteCode = "copy-unlisted"   // read back: the copy is no longer listed
	NoteBlocked       NoteCode = "blocked"         // read back: sign-in is blocked
	NoteTaken         NoteCode = "taken"           // read back: the licence is gone. Args: SKU part number
	NoteTurnedOff     NoteCode = "turned-off"      // read back: the plans are off again. Args: SKU part number
)

// Refusals: why a click or an ask is not obeyed. They are answered to its person alone.
const (
	NoteYourOwn      NoteCode = "your-own"      // the requester may not decide
	NoteNotApprover  NoteCode = "not-approver"  // not among the approvers
	NoteNotRequester NoteCode = "not-requester" // only the requester may
	NoteNotAsker     NoteCode = "not-asker"     // may not ask at all
	NoteGuest        NoteCode = "guest"         // guests may not
	NoteExternal     NoteCode = "external"      // people of another workspace may not
	NoteBot          NoteCode = "bot"           // bots may not
	NoteDeactivated  NoteCode = "deactivated"   // deactivated or invited accounts may not
	NoteUnproven     NoteCode = "unproven"      // who it is could not be read just now
	NoteState        NoteCode = "state"         // too late, or too early. Args: the state
	NoteOldMessage   NoteCode = "old-message"   // not the message on file
	NoteOwnBenefit   NoteCode = "own-benefit"   // the contents would come into the approver's own mailbox
	NoteNoAddress    NoteCode = "no-address"    // of a copy: an approver without a confirmed address may own the target
	NoteTwice        NoteCode = "twice"         // has decided already
	NoteChooseFirst  NoteCode = "choose-first"  // a required choice is open. Args: Action
	NoteNotOffered   NoteCode = "not-offered"   // the value is not among those offered
	NoteTooLate      NoteCode = "too-late"      // the first change was made: it can no longer be cancelled
	NoteStale        NoteCode = "stale"         // the click waited too long to be decided safely
	NoteLooked       NoteCode = "looked"        // a look that was asked for ran when this one was
	NoteBusy         NoteCode = "busy"          // too many clicks wait to be decided
	NoteNoIdentity   NoteCode = "no-identity"   // it is not known whose Entra account the person is
	NoteAccountOff   NoteCode = "account-off"   // the person's Entra account may not sign in
	NoteAccountGone  NoteCode = "account-gone"  // the person's Entra account is not there any more
	NoteIdentityDark NoteCode = "identity-dark" // whose Entra account the person is could not be read just now
	NoteLinked       NoteCode = "linked"        // it is known from now on whose Entra account somebody is. Args: object id
	NoteFlood        NoteCode = "flood"         // too many commands of one person. Args: how many a minute, RFC 3339 time until
	NoteFloodAll     NoteCode = "flood-all"     // too many commands of all together. Args: RFC 3339 time until
	NoteNeedReason   NoteCode = "need-reason"   // a denial, or deciding alone, needs a reason
)

// What people are told while a request waits, or goes on without them.
const (
	NoteReminder  NoteCode = "reminder"  // people are waited for. Args: RFC 3339 time of the next reminder or empty, ids of who is called
	NoteEmergency NoteCode = "emergency" // one approver decided alone. Args: user ids of all approvers, who are told
)

// Differences: how a plan differs from the one before (Request.Changed), and why a request went back.
const (
	NotePlanDiffers  NoteCode = "plan-differs"  // Args: what differs, one of account, steps, license, access, sign-in, approvals
	NoteApproverLost NoteCode = "approver-lost" // one who approved may no longer. Args: user id
	NoteShortOf      NoteCode = "short-of"      // fewer approvals count than are needed
	NoteCaseDiffers  NoteCode = "case-differs"  // Args: old case, new case
	NoteObstacleCame NoteCode = "obstacle-came" // an obstacle that was not there; it is in Request.Obstacle
)
