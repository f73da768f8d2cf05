// Package sandbox lets people and tests try Mailback on one machine: the stand-ins for Slack and Microsoft 365 on loopback
// ports, the unmodified bot against them as a child process, a control API that does what people do, and a web page on
// top of it.
//
// The bot is this program's own "serve" with its documented settings, and one flag that names the file of its clock; it
// cannot tell that it is in a sandbox. It ends with the sandbox, and is started again by /control/bot alone.
//
// # Where to find what
//
//	sandbox.go       Start and Close: what runs, and in which order it ends
//	environment.go   the settings that a bot needs to run against the stand-ins
//	bot.go           the child process; process_*.go: how it ends with its parent
//	clock.go         the time that can be moved; loopback.go: ports for this machine alone
//	control.go       the control API: strict JSON; control_slack.go and control_world.go: its calls
//	page.go, page/   the web page
//	client.go        the control API for Go programs; plain.go: messages as plain text
//	play.go          how "sandbox --play" holds a conversation; play_cases.go: which there are
//
// # The control API
//
// It takes and answers JSON, on the same listener as the page. An error is {"error": "…"}: 404 for what is not there,
// 405, 409 for a bot that is (not) running, 403 for other hosts and web pages, and 400 for all else. Unknown fields and
// parameters are refused. What people and scripts do:
//
//	GET  /control/people                 [{id, name, email, role}]
//	POST /control/command                {user, channel, text} -> {ack_ms, reply, error}
//	POST /control/click                  {user, channel, ts, action_id, value, view_id, block_id} -> {ack_ms, error}
//	POST /control/submit                 {user, view_id, state} -> {ack_ms, response_action, errors, error}
//	GET  /control/messages?user=U…       [{channel, ts, thread_ts, ephemeral, edited, author, text, blocks}]
//	GET  /control/views?user=U…          {home, modals}
//	POST /control/home                   {user} -> as command
//	POST /control/shortcut               {user, callback_id} -> as command
//	POST /control/envelope               a Socket Mode payload -> {ack_ms, acked, payload, error}
//	POST /control/time                   {advance: "24h"} -> {now, ahead}
//	POST /control/bot                    {signal: "kill"|"stop"|"start", replica} -> {running, ready, pid}
//	GET  /control/tenant                 {users, deleted_users, skus, mailboxes}
//	GET  /control/calls                  [{service, method, path, status, at}]
//	POST, DELETE /control/faults         {service, match, kind, times, value}; see package fault
//
// A disconnect without a match closes Slack's sockets at once, as a refresh; with the match slash_commands, interactive or
// events_api the socket breaks right behind the next such envelope. The kind refused closes a service's port, and slack's
// sockets with it, until the faults are cleared.
//
// And those that stories need besides, to change the world in mid-sentence:
//
//	POST /control/people                 {user, deleted, guest, approver, dm_error, locale, email}: what is left out stays
//	GET  /control/usergroups             [{id, handle, users}]
//	GET  /control/channels               [{id, name}]
//	POST /control/channels               {channel, add, remove, error}: members, and what the app's use is refused with
//	POST /control/close                  {user, view_id, all}: closes a modal
//	GET  /control/time, /control/bot     as their POST
//	POST /control/tenant                 {do, user, value, seats}, where do is delete, restore, purge, block, allow,
//	                                     rename (value: the new sign-in name), address (value), licenses (value: part
//	                                     numbers), join, leave (value: group), seats (value: part number; seats),
//	                                     create (value: display name), grant, revoke (value: permission or role),
//	                                     allow-cmdlet, forbid-cmdlet (value: cmdlet), delicensing (value: delayed or
//	                                     immediate), recover, reconnect (user: ExchangeGuid; value: the new name), copy-time
//	                                     (value: a duration); of the newest restore request into
//	                                     user's mailbox suspend-copy (value: comment), remove-copy; take-copy-name (user: a
//	                                     mailbox without a user, of which somebody else makes a copy under the name that
//	                                     the next restore request is to have)
package sandbox
