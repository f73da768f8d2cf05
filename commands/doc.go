// Package commands is what people type, click and read: the grammar of /restore-mailbox, the handlers of its buttons and
// forms, the cards, and the words of all of them.
//
// A tour, from what comes in to what goes out:
//
//   - grammar*.go, who.go, lookalike.go, reduce.go and near.go turn a typed line into what was meant, or into an error that
//     names the word that was not understood. They guess nothing: a mailbox is looked for exactly as it was typed.
//   - handlers.go, buttons.go, forms.go, ask_form.go, home.go and answers.go serve Slack through package bot: they record what somebody wants
//     with recovery's Service and ack it. Nothing is decided here; a button carries a request's id and nothing else.
//     rules.go is what an installation wants of each ask.
//   - items_*.go show the owner of a mailbox its deleted items, to tick them. Subjects and senders stand there and nowhere else.
//   - people.go tells recovery who somebody is in Slack.
//   - render.go and lines.go decide which messages a request has; card*.go lay them out; blocks.go writes Block Kit within
//     its limits; files.go writes the lists of a request for many.
//   - words.go finds a sentence by its key in the tables of a language, english*.go and latvian*.go; language.go lists the languages.
//
// Rules of wording: state first, then what happened, then what to do, with the request's id in each message. Plain
// words, whole sentences, no vendor's error text. Whatever a person or the tenant wrote is escaped before it stands in a
// message. Who holds an address, who has left, seats and access lists are shown to approvers alone.
package commands
