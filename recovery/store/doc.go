// Package store keeps Mailback's requests in SQLite or PostgreSQL, and runs the jobs that bring them on.
//
// One rule explains the package: a request changes only together with its audit event, the messages that people should
// see because of it, and the job that does what comes next. Create and Update commit these four in one transaction, so a
// process that dies anywhere leaves either all of them or none. [recovery.Store] is the contract.
//
// A tour:
//
//   - requests.go is the transaction: load, change, check, write; leases.go keeps two jobs off one request, and tell.go tells
//     of what was committed.
//   - events.go appends to the audit trail, a hash chain that the database itself refuses to change and that names nobody;
//     seals.go chains the chains once a day; trail.go, verify.go and erase.go are for whoever checks, exports or erases it.
//   - messages.go turns what the renderer says into rows of the outbox; outbox.go is what delivers them.
//   - jobs.go runs River: advance brings a request on, deliver brings a message to Slack, and an error never ends a job;
//     sitting.go has one job go along with its request.
//   - driver.go keeps River's share of a transaction small, and on SQLite its own transactions short, so that no ack waits long for one.
//   - pace.go lets what people did go before jobs; group.go commits it together, and statements.go keeps statements parsed, on SQLite.
//   - items.go and bulk.go keep the lists of requests: [recovery.ItemList], [recovery.BulkList]; links.go, languages.go and
//     uses.go what is known of people, faults.go of which faults of the installation approvers were told.
//   - replicas.go lets the processes that share a PostgreSQL database know which of them is alive.
//   - wake.go makes up, when a process starts, for one that was killed; redraw.go has cards worded anew after a new schema,
//     and refresh.go readies a database that was restored from a backup. rehearse.go warms up connections.
//   - backlog.go counts what there is to do, for /metrics; inspect.go looks without changing, for doctor.
//   - txn.go runs transactions and classifies what databases say; dialect.go, sqlite.go and postgres.go hold all that
//     differs between the two; migrate.go and schema.go bring the tables up to date. password.go opens PostgreSQL's connections
//     with the password that is in force then, and backup.go copies SQLite's file.
//
// Both databases are used through database/sql and River's drivers for it, so there is one set of statements. Times are
// milliseconds since 1970 in UTC; a request's body and an event's are JSON texts, and what is searched stands in columns.
package store
