// Package graph reads and changes the tenant through Microsoft Graph: it is Mailback's recovery.Directory,
// recovery.Restorer and recovery.Items, and the only package that imports Microsoft's SDK.
//
// A tour, from the bottom up:
//
//   - bearer.go gets tokens and hands them to Graph's own host alone; wire.go is the HTTP underneath: it notes status,
//     ids and Date of every answer and repeats short-throttled reads, but never a write.
//   - budget.go has calls for one account among many wait for all others; beside.go runs calls side by side.
//   - call.go sends one call or follows a list to its last page; fault.go is the one place where a failure gets its
//     recovery.Kind, but for those of sign-in, which package entra has.
//   - operation.go names the calls and the permission that each needs; filter.go words $filter; convert.go and plans.go
//     turn Graph's resources into the domain's facts.
//   - find.go, deleted.go and holders.go are recovery.Directory's Find and Complete; read.go its small reads;
//     restore.go the changes; facts.go what an operator asks.
//   - mail.go lets few calls at once speak to one mailbox, and remembers its folders; property.go reads Exchange's own
//     properties; folders.go finds the folders that deleted messages remember, newfolder.go those that people name.
//   - items.go lists recoverable messages and putback.go puts one back: recovery.Items for who has Exchange's cmdlets off.
//   - aliases.go keeps what Find needs where Graph cannot search the aliases of deleted users; sweep.go reads it.
//
// The SDK is used by its narrow request builders (users, directory, subscribedskus, organization), because the whole
// client is slow to build. Groups, contacts and role assignments are three plain lists for which the SDK's packages
// would cost another 190,000 lines, so their requests are written out by URI template, as are the changes, whose bodies are
// a line or two: without the SDK's serializer the program is 5 MB smaller.
package graph
