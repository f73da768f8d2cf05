// Package privacytest holds no code, but the proof that what the owner of a mailbox alone may see, subjects and senders of
// deleted items, stays with the owner: it runs the domain, a database, the bot and its words against a stand-in for Slack, and then
// searches all that was kept, logged and shown.
package privacytest
