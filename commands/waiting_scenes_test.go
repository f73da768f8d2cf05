package commands

import (
	"testing"
	"time"

	"mailback/recovery"
)

// waitingScenes are those of requests that wait for people, and of one that went on without waiting.
func waitingScenes() []sceneCase {
	reminded := func(state recovery.State, args ...string) sceneCase {
		r := in(state, func(r *recovery.Request) { r.Reminders = 1 })
		e := event(recovery.EventReminded, "", state, r)
		e.Note = &recovery.Note{Code: recovery.NoteReminder, Args: args}
		return sceneCase{r: r, e: e, lines: 1}
	}
	next := at(6).Format(time.RFC3339)
	own, decision, last := reminded(recovery.Confirming, next), reminded(recovery.Pending, next, patti, "S0DESK0001"), reminded(recovery.Pending, "", patti, nestor)
	own.name, decision.name, last.name = "reminded-requester", "reminded-approvers", "reminded-last"
	alone := in(recovery.Approved, reviewed(recovery.Approve, patti), func(r *recovery.Request) {
		r.Ask.Ticket = "INC-4711"
		r.Reviews[0].Emergency, r.Reviews[0].Reason = true, "The court's deadline ends today & <!here>"
	})
	decided := event(recovery.EventEmergency, patti, recovery.Pending, alone)
	decided.Note = &recovery.Note{Code: recovery.NoteEmergency, Args: []string{patti, nestor}}
	offered := in(recovery.Pending, func(r *recovery.Request) { r.Ask.Ticket = "INC-4711" })
	return []sceneCase{
		own, decision, last,
		{"emergency-offered", offered, event(recovery.EventConfirmed, requester, recovery.Confirming, offered), 0},
		{"emergency-decided", alone, decided, 3},
	}
}

// sceneConfig is the installation of a scene: those of the emergency path allow it and know where tickets are.
func sceneConfig(t *testing.T, scene, language string) RendererConfig {
	t.Helper()
	cfg := RendererConfig{ApprovalChannel: approvals, Language: language, TTL: 24 * time.Hour}
	if scene == "emergency-offered" || scene == "emergency-decided" {
		cfg.Emergency, cfg.Rules = true, wanting(t)
	}
	return cfg
}
