// Package privacytest holds no code, but the proof that what the owner of a mailbox alone may see, subjects and senders of
// deleted items, stays with the owner: it runs the domain, its adapters, a database, the bot and its words against stand-ins for
// Slack and Microsoft, lets everything go wrong that may quote an item, and then searches all that was sent to Slack, kept and
// logged. Only calls that fill the owner's own form are left out.
package privacytest
