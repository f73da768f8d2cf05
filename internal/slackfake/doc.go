// Package slackfake is a stand-in for one Slack workspace with one app installed.
//
// It is a server, not a mock: it speaks Slack's Web API, Socket Mode and response URLs over real HTTP and real
// websockets, so that an unmodified client (slack-go, Bolt, curl) cannot tell. It refuses what Slack refuses, in
// Slack's words: wrong tokens, missing scopes, blocks over their limits, updates of other people's messages, trigger
// ids older than three seconds, the sixth use of a response URL. It keeps Slack's rate limits, acknowledgement
// deadline and habit of closing sockets.
//
// The other side of the stand-in are the people: Command, Click, Submit, Messages and the other methods of Server do
// what a person in front of the Slack client does, and show what that person sees. The sandbox offers them as JSON
// over HTTP.
//
// Where to find what:
//
//	server.go    settings, wiring, ids and timestamps
//	seed.go      the workspace's people, channels and user group
//	people.go    users, user groups and bots; channels.go: channels and direct messages
//	api.go       how a Web API call is authenticated, read and answered; methods.go: the table of methods
//	messages.go  posting, updating and deleting; history.go: reading; files.go: uploads; response.go: response URLs and trigger ids
//	schema.go, elements.go, blocks.go, richtext.go    what Block Kit allows
//	views.go     modals and App Home
//	socket.go    connections; envelope.go: envelopes, acknowledgements and retries
//	control.go, click.go, submit.go, state.go    what people do; escape.go: what Slack makes of typed text
//	limits.go    rate limits
//
// Behaviour follows docs.slack.dev and the issue threads named beside the code. Where no public source says what Slack
// does, the comment says "unverified" and names the choice.
package slackfake
