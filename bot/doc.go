// Package bot is Slack, as Mailback needs it: sockets that stay up, acks that leave in time, messages
// that arrive once. It knows nothing of mailboxes; what a command or a click means is its Handler's.
//
// A tour, from the socket inwards:
//
//   - sockets.go keeps two connections, and connection.go one of them: slack-go closes a socket before it opens
//     the next one (slack-go socketmode/socket_mode_managed_conn.go), and while one is renewed, Slack
//     delivers to the other. health.go says since when there is none.
//   - dispatch.go takes envelopes off both (envelope.go), recognises repeats (seen.go), and hands each to
//     the Handler (handler.go) in the order of its key (lanes.go): one person's commands, one card's clicks. The Handler's return value is the ack,
//     due in AckTimeout; Slack gives three seconds (docs.slack.dev/interactivity/handling-user-interaction).
//     Whatever the Handler does, an ack leaves in time and says honestly whether anything was recorded.
//   - deliver.go brings the messages of an Outbox to Slack, posting cards without their buttons first,
//     so that a crash between Slack's answer and its record leaves no live orphan; message.go is their body,
//     file.go sends those with a file, and pace.go keeps to Slack's rates.
//   - respond.go and views.go answer in place: response URLs, modals and Home.
//   - people.go asks Slack who somebody is, for the policy that decides at each click.
//   - tokens.go has the client for each call, with the token that is in force then.
//   - facts.go asks what the tokens are good for, for an operator who wants to know before anybody else does.
//   - limits.go holds Block Kit's limits, for tests of cards and as the last check before sending.
//
// Errors of Slack's are classified once, in errors.go. Nothing that this package logs or returns
// contains a token, a response URL or the text of a message.
package bot
