package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/internal/racetest"
)

// The services that break. The socket is Slack's, opened by a call of the Web API and then held.
var tortured = []string{"slack", "socket", "login", "graph", "exchange"}

// The ways in which they break. "429 long" asks for minutes, which a moved clock brings; Slack's limits follow the system's clock.
func breakages() []string {
	return []string{"refused", "401", "403", "429 short", "429 long", "500", "503", "hang", "slow", "cut", "lost"}
}

// stepsOfPlay are those of a conversation: the command is typed, the diagnosis is made, each of both buttons is pressed, the change is
// sent, the mailbox is waited for, and the proof is read.
func stepsOfPlay() []string {
	return []string{"command", "diagnosis", "confirm", "approve", "restore", "wait", "proof"}
}

// brokenAt is a service that breaks in a way when a step begins.
type brokenAt struct{ service, how, step string }

// How long something stays broken, from when that was first met; and how long it waits to be met at all.
const (
	brokenFor  = 1500 * time.Millisecond
	unmetAfter = 8 * time.Second
)

// hungFor is for what hangs: in the long form longer than callers wait.
func hungFor() time.Duration {
	if long() {
		return 35 * time.Second
	}
	return 5 * time.Second
}

// faulty plays a plot in which a service breaks for a while.
func faulty(t *testing.T, db database, p plot, b brokenAt) (met bool) {
	t.Helper()
	s := setStage(t, db, 1, nil)
	defer s.close(t)
	before, err := s.client.Tenant(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := &mishap{t: t, stage: s, db: db, p: p, brokenAt: b}
	s.before = m.before
	s.Desk().Watch(m.watch)
	stop := s.supervise()
	defer stop()
	err = s.play(t.Context(), p)
	met = m.over()
	if err != nil {
		t.Errorf("%v: %v", b, err)
	}
	for _, what := range s.comesRight(t.Context(), p, before) {
		t.Errorf("%v: %s", b, what)
	}
	return met
}

// rightWithin is how long what is left to say may take when something has made it late.
const rightWithin = 40 * time.Second

// comesRight is faultless for those who wait: a message that Slack refused comes minutes later.
func (s *stage) comesRight(ctx context.Context, p plot, before m365fake.Tenant) []string {
	patience := s.patience()
	for end := time.Now().Add(rightWithin); ; patience(ctx) {
		wrong := s.faultless(ctx, p, before)
		if len(wrong) == 0 || time.Now().After(end) {
			return wrong
		}
	}
}

// mishap is a fault that waits for its step.
type mishap struct {
	brokenAt

	t     *testing.T
	stage *stage
	db    database
	p     plot

	once    sync.Once
	laid    bool
	written bool // the change was made; of the calls, which come one after the other there
	mu      sync.Mutex
	mending sync.WaitGroup
	met     bool
}

// before is told of the steps that people begin.
func (m *mishap) before(step string) {
	step = strings.TrimPrefix(step, "request.")
	// A fault of the change itself has to lie before the call comes.
	if step == m.step || m.step == "restore" && step == "approve" && m.service == "graph" {
		m.once.Do(m.lay)
	}
}

// watch is told of the calls, which begin the other steps.
func (m *mishap) watch(c fault.Moment) {
	change := c.Service == "graph" && c.Method == "POST" && strings.HasSuffix(c.Path, m.p.write)
	m.mu.Lock()
	m.written = m.written || change && c.Served
	step := ""
	switch {
	case change && !c.Served && m.service != "graph":
		step = "restore"
	case change && c.Served:
		step = "wait"
	case m.written && strings.Contains(c.Path, "/mailboxSettings") && c.Status == 200:
		step = "proof"
	}
	m.mu.Unlock()
	if step == m.step {
		m.once.Do(m.lay)
	}
}

// lay breaks the service, and has it mended after a while.
func (m *mishap) lay() {
	taken := m.stage.Desk().Taken()
	mend := m.damage()
	m.laid = true
	m.mending.Go(func() {
		m.met = m.bites(taken)
		pause := brokenFor
		if m.how == "hang" {
			pause = hungFor()
		}
		time.Sleep(pause)
		mend()
		m.stage.mended.Store(true)
	})
}

// bites waits until a call meets the fault.
func (m *mishap) bites(taken int) bool {
	if m.how == "refused" || m.service == "database" {
		return true // nobody sees who comes in vain
	}
	for end := time.Now().Add(unmetAfter); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if m.stage.Desk().Taken() > taken {
			return true
		}
	}
	return false
}

// over waits until all is mended, and says whether the fault was met.
func (m *mishap) over() bool {
	m.once.Do(func() {}) // too late to break
	m.mending.Wait()
	return m.laid && m.met
}

// damage breaks the service now. Whoever has a token or a socket is made to get a new one.
func (m *mishap) damage() (mend func()) {
	s, ctx := m.stage, context.Background()
	if m.service == "database" {
		return m.damageDatabase()
	}
	for _, f := range m.faults() {
		if err := s.client.Fault(ctx, f); err != nil {
			m.t.Error(err)
		}
	}
	switch {
	case m.service == "login":
		m.mending.Go(func() { _ = s.client.SignalReplica(ctx, 1, "kill") })
	case m.service == "socket" && m.how != "lost" && m.how != "refused":
		_ = s.client.Fault(ctx, fault.Fault{Service: "slack", Kind: fault.Disconnect})
	}
	return func() {
		if err := s.client.ClearFaults(ctx); err != nil {
			m.t.Error(err)
		}
	}
}

// faults are what lies on the desk.
func (m *mishap) faults() []fault.Fault {
	f := m.fault()
	switch {
	case m.service == "socket" && m.how == "lost": // the ack never comes to Slack, and what it was for is done
		return []fault.Fault{
			{Service: "slack", Kind: fault.Disconnect, Match: "slash_commands", Times: 1},
			{Service: "slack", Kind: fault.Disconnect, Match: "interactive", Times: 1},
		}
	case m.service == "socket" && f.Kind != fault.Refused:
		f.Service, f.Match = "slack", "apps.connections.open"
	case m.service == "socket":
		f.Service = "slack"
	case m.service == "slack" && f.Kind == fault.Refused:
		f.Kind, f.Match = fault.Drop, "/api/" // the sockets hold
	case m.service == "slack":
		f.Match = "/api/"
	case m.service == "graph" && m.step == "restore" && f.Kind != fault.Refused:
		f.Match = m.p.write
	}
	return []fault.Fault{f}
}

func (m *mishap) fault() fault.Fault {
	f := fault.Fault{Service: m.service}
	minutes := 300
	if m.service == "slack" || m.service == "socket" {
		minutes = 6
	}
	switch m.how {
	case "401", "403", "500", "503":
		f.Kind = fault.Status
		_, _ = fmt.Sscan(m.how, &f.Value)
	case "429 short":
		f.Kind, f.Value = fault.Throttle, 1
	case "429 long":
		f.Kind, f.Value = fault.Throttle, minutes
	case "slow":
		f.Kind, f.Value = fault.Slow, 1200
	default:
		f.Kind = fault.Kind(m.how)
	}
	return f
}

// damageDatabase breaks the way to the database, or the database.
func (m *mishap) damageDatabase() (mend func()) {
	switch m.how {
	case "locked":
		return m.lock()
	case "full":
		return m.fill()
	case "ended":
		m.admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		return func() {}
	}
	for _, w := range m.db.wires {
		w.breaks(m.how)
	}
	return func() {
		for _, w := range m.db.wires {
			w.breaks(wireWhole)
		}
	}
}

// admin runs a statement beside the bots.
func (m *mishap) admin(query string) {
	db, err := sql.Open("pgx", m.db.url)
	if err == nil {
		_, err = db.ExecContext(context.Background(), query)
		_ = db.Close()
	}
	if err != nil {
		m.t.Error(err)
	}
}

// lock holds SQLite's write lock, as a backup or a curious operator may.
func (m *mishap) lock() (unlock func()) {
	db, err := sql.Open("sqlite", strings.TrimPrefix(m.db.url, "sqlite:")+"?_pragma=busy_timeout(5000)&_txlock=immediate")
	if err != nil {
		m.t.Error(err)
		return func() {}
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		m.t.Errorf("lock the database: %v", err)
		return func() { _ = db.Close() }
	}
	return func() {
		_ = tx.Rollback()
		_ = db.Close()
	}
}

// fill lets the bot write to no file any more, as a full disk does.
func (m *mishap) fill() (mend func()) {
	status, err := m.stage.client.BotStatus(context.Background())
	if err != nil || limitFiles(status.PID, 1) != nil {
		m.t.Log("not broken: this system limits no other process's files")
		return func() {}
	}
	return func() { _ = limitFiles(status.PID, 0) }
}

// TestFaults breaks each service in each way at each step of a conversation: about a dozen of all in the short form. It prints a table of
// what it tried.
func TestFaults(t *testing.T) {
	racetest.Leave(t)
	if testing.Short() {
		t.Skip("each cell starts a bot")
	}
	var all []cell
	for i, p := range plots() {
		if !long() && i > 0 {
			continue
		}
		for _, step := range stepsOfPlay() {
			add := func(row, service, how string, database func(*testing.T) database) {
				b := brokenAt{service, how, step}
				name := strings.ReplaceAll(fmt.Sprintf("%s/%s/%s/%s", row, how, step, p.name), " ", "_")
				all = append(all, cell{name, row, how, func(t *testing.T) bool { return faulty(t, database(t), p, b) }})
			}
			for _, service := range tortured {
				for _, how := range breakages() {
					add(service, service, how, sqliteDatabase)
				}
			}
			for _, how := range []string{wireRefused, wireHang, wireSlow, wireCut, wireLost, "ended"} {
				add("postgres", "database", how, postgresDatabase(1))
			}
			for _, how := range []string{"locked", "full"} {
				add("sqlite", "database", how, sqliteDatabase)
			}
		}
	}
	if !long() {
		all = sample(all)
	}
	tryAll(t, "faults", all)
}

// sample gives two cells of each row.
func sample(all []cell) []cell {
	rows := map[string][]cell{}
	for _, c := range all {
		rows[c.row] = append(rows[c.row], c)
	}
	var list []cell
	for _, row := range rows {
		list = append(list, spread(row, 2)...)
	}
	return list
}
