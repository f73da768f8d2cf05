// Package m365fake stands in for the three Microsoft services that Mailback speaks to: Entra sign-in,
// Microsoft Graph v1.0 and Exchange Online's admin endpoint. They share one seeded tenant, contoso.com.
//
// It is a server and not a mock: the unmodified bot, Microsoft's own client libraries and curl talk to it
// over sockets, and it refuses what Microsoft refuses, with Microsoft's words, delays and limits.
//
// A tour, from the bottom up:
//
//   - directory.go, index.go: users as immutable snapshots, indexed by id, sign-in name and addresses;
//     tenant.go keeps what they looked like a moment ago, so that reads lag behind writes as Entra's do.
//   - licenses.go, skus.go: seats, assignments (direct and by group), and the plans that follow from them.
//   - mailbox.go: mailboxes follow their users and licences, at once when they go and with a delay when they come back.
//   - odata.go, rules.go, query.go, entity.go: $filter, $select, $orderby, $search and paging, with Graph's refusals.
//   - graph.go and graph_*.go: the routes of Graph, each with the application permissions that open it; batch.go, throttle.go.
//   - exchange.go, exchange_binding.go, opath.go: InvokeCommand, and the parameters and filters of its cmdlets.
//   - exchange_mailbox.go, exchange_addresses.go, exchange_rights.go: the cmdlets that read and set mailboxes; mailbox_store.go.
//   - copies.go, exchange_copies.go, exchange_copy_rows.go: mailbox restore requests, which take their time and may fail.
//   - exchange_recover.go: soft-deleted and inactive mailboxes that become somebody's again.
//   - items.go, items_id.go: a mailbox's folders and its recoverable items, which expire; exchange_items.go,
//     exchange_items_folders.go: their cmdlets; graph_mail.go, graph_mail_messages.go, graph_mail_query.go: Graph's way to them.
//   - login.go, login_error.go, tls.go: tokens, their refusals, and a certificate for the loopback.
//   - seed.go, seed_traps.go, seed_exchange.go, seed_items.go, fill.go: who is in the tenant, and which account is which trap.
//   - control.go and *_control.go, control_app.go: what scripts may read and change behind the services' backs.
//
// Sources are named at each fact. Where Microsoft documents nothing, the comment says what was chosen.
package m365fake
