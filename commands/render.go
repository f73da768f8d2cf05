package commands

import (
	"encoding/json"
	"fmt"
	"time"

	"mailback/recovery"
)

// RendererConfig is what cards need to know of the installation.
type RendererConfig struct {
	ApprovalChannel string        // channel id
	Language        string        // of the approval channel, and of requesters whose own is not known
	TTL             time.Duration // how long a request waits for a person; 0 says nothing about it
	Rules           Rules         // of them the link to a ticket
	Emergency       bool          // the approval card offers to decide alone
}

// NewRenderer returns the renderer of all messages about requests.
//
// A request has two cards, which are edited as it goes on: its requester's, from the moment there is a plan or an obstacle,
// and the approvers', from the moment they have something to decide. What must reach a person or the record is a line of
// its own beside: decisions and progress in the thread of the approvers' card, turning points in the requester's DM.
func NewRenderer(cfg RendererConfig) recovery.Renderer {
	return renderer{RendererConfig: cfg, otherwise: wordsIn(cfg.Language)}.render
}

// NewSealRenderer returns the renderer of the daily seal of the audit trail, which goes to the approval channel.
func NewSealRenderer(cfg RendererConfig) recovery.SealRenderer {
	return func(s recovery.Seal) (recovery.Message, error) {
		w := wordsIn(cfg.Language)
		text := w.say("audit.seal", s.At.Format(time.DateOnly), s.Requests, s.Anchor())
		body, err := json.Marshal(content{Text: string(text)})
		return recovery.Message{Key: fmt.Sprintf("seal:%d", s.N), Channel: cfg.ApprovalChannel, Body: body}, err
	}
}

// NewFaultRenderer returns the renderer of faults of the installation, which go to the approval channel.
func NewFaultRenderer(cfg RendererConfig) recovery.FaultRenderer {
	return func(f recovery.Fault) (recovery.Message, error) {
		w := reader{wordsIn(cfg.Language), true, ""}
		var text markup
		switch {
		case f.Over:
			text = w.say("fault.over", w.oneOf("peer.", f.Args[0]))
		case f.Code == recovery.NoteCertificate:
			text = w.say("fault.soon", w.note(f.Note))
		default:
			text = w.say("fault.met", w.note(f.Note))
		}
		body, err := json.Marshal(content{Text: cutMarkup(string(text), maxMessageText)})
		return recovery.Message{Key: fmt.Sprintf("fault:%d", f.At.UnixMilli()), Channel: cfg.ApprovalChannel, Body: body}, err
	}
}

// NewLinkRenderer returns the renderer of links that follow others, of which the approval channel is told.
func NewLinkRenderer(cfg RendererConfig) recovery.LinkRenderer {
	return func(l recovery.Relinked) (recovery.Message, error) {
		text := wordsIn(cfg.Language).say("relinked", mention(l.UserID), l.Was, l.Is)
		body, err := json.Marshal(content{Text: string(text)})
		return recovery.Message{Key: fmt.Sprintf("link:%d", l.At.UnixMilli()), Channel: cfg.ApprovalChannel, Body: body}, err
	}
}

type renderer struct {
	RendererConfig
	otherwise words // of readers whose language is not known
}

func (v renderer) render(r recovery.Request, e recovery.Event) ([]recovery.Message, error) {
	if r.BulkOf != 0 { // one account among many: their request says it
		return nil, nil
	}
	s := v.scene(r, e)
	switch e.Kind {
	case recovery.EventAsked, recovery.EventClicked, recovery.EventUnsent:
		return nil, nil
	case recovery.EventProgress:
		s.cards()
	case recovery.EventStep:
		if s.news() { // Slack allows few edits, and a card that waits for its buttons needs them more
			s.cards()
			s.lines()
		}
	case recovery.EventRefused:
		if !e.Again {
			s.private()
		}
		if (isChoice(e.Click) || isUndo(e.Click)) && (!e.Again || e.By == r.Requester) {
			s.cards() // a choice that was not taken is still marked on the reader's screen, a button whose day is over still there
		}
	default:
		s.cards()
		s.lines()
		s.bulkLines()
		s.files()
	}
	s.others()
	return s.messages, s.err
}

func isUndo(c *recovery.Click) bool { return c != nil && c.Action == recovery.ActUndo }

func isChoice(c *recovery.Click) bool {
	if c == nil {
		return false
	}
	switch c.Action {
	case recovery.ChooseAccount, recovery.ChooseSignInName, recovery.ChooseDrop, recovery.ChooseLicense, recovery.ChooseSignIn, recovery.ChooseTarget:
		return true
	default:
		return false
	}
}

// news says whether a step's event is worth an edit: not that its change was sent, nor that its effect was there before, nor
// that the mailbox answers, which is told with the end.
func (s *scene) news() bool {
	step, ok := s.step(s.e.Step)
	return ok && !step.Progress.Done.IsZero() && !step.Progress.Found && step.Kind != recovery.StepMailbox
}

// scene is one request after one event, with the messages that it needs so far.
type scene struct {
	renderer
	r         recovery.Request
	e         recovery.Event
	plan      string            // fingerprint of the plan in force; "" for none
	approvals []recovery.Review // of that plan
	messages  []recovery.Message
	err       error // the first one
}

func (v renderer) scene(r recovery.Request, e recovery.Event) *scene {
	s := &scene{renderer: v, r: r, e: e, approvals: r.Approvals()}
	if r.Plan != nil {
		s.plan = r.Plan.Fingerprint()
	}
	return s
}

// wordsOf gives the words of a language code or a Slack locale.
func (v renderer) wordsOf(language string) words {
	if w, known := spoken(language); known {
		return w
	}
	return v.otherwise
}

// requester is the requester as a reader.
func (s *scene) requester() reader {
	return reader{s.wordsOf(s.r.Reader.Language).of(s.r), s.r.Reader.Approver, s.r.Ref()}
}

// approvers are the people in the approval channel as readers.
func (s *scene) approvers() reader { return reader{s.wordsOf(s.Language).of(s.r), true, s.r.Ref()} }

func (s *scene) card(to reader) *card {
	return &card{reader: to, id: s.r.ID, version: s.r.Version, shown: s.plan}
}

func (s *scene) add(m recovery.Message, body []byte, err error) {
	if err != nil {
		if s.err == nil {
			s.err = err
		}
		return
	}
	m.Body = body
	s.messages = append(s.messages, m)
}

// cards adds the cards as they should be now.
func (s *scene) cards() {
	if s.hasRequesterCard() {
		body, err := s.requesterCard().body()
		s.add(recovery.Message{Key: recovery.CardRequester, Channel: s.r.Requester.UserID}, body, err)
	}
	if s.hasApprovalCard() {
		body, err := s.approvalCard().body()
		s.add(recovery.Message{Key: recovery.CardApproval, Channel: s.ApprovalChannel}, body, err)
	}
}

// unreachable says whether the request ended because its requester, or the approval channel, cannot be written to.
func (s *scene) unreachable(code recovery.NoteCode) bool {
	ended := s.r.State == recovery.Cancelled || s.r.State == recovery.Partial
	return ended && s.r.Obstacle != nil && s.r.Obstacle.Code == code
}

func (s *scene) hasRequesterCard() bool {
	if s.unreachable(recovery.NoteUnreachable) {
		return false
	}
	looking := s.e.Kind == recovery.EventChosen // somebody had it look again, so there is a card
	return looking || s.r.Plan != nil || s.r.Obstacle != nil || s.r.Diagnosis != nil || !s.r.State.Open()
}

// hasApprovalCard says whether the approvers have, or had, something to decide.
func (s *scene) hasApprovalCard() bool {
	if s.unreachable(recovery.NoteChannel) {
		return false
	}
	switch s.r.State {
	case recovery.Pending, recovery.Approved, recovery.Restoring, recovery.Succeeded, recovery.Partial, recovery.Failed, recovery.Denied:
		return true
	}
	wasThere := s.e.From == recovery.Pending || s.e.From == recovery.Approved || len(s.r.Changed) > 0 || s.r.Touched()
	return wasThere || s.r.Choices.Meant() || s.ambiguous()
}

func (s *scene) ambiguous() bool {
	return s.r.Diagnosis != nil && s.r.Diagnosis.Case == recovery.CaseAmbiguous
}

// mustChoose says whether an approver has to choose what is meant. Once one has, it is no obstacle any more.
func (s *scene) mustChoose() bool {
	return s.r.State == recovery.Submitted && s.ambiguous() && s.r.Obstacle != nil && s.r.Obstacle.Code == recovery.NoteAmbiguous
}

// line adds a message of its own.
func (s *scene) line(m recovery.Message, text markup) {
	body, err := json.Marshal(content{Text: cutMarkup(string(text), maxMessageText)})
	s.add(m, body, err)
}

// thread adds a line under the approval card.
func (s *scene) thread(text markup) {
	if s.hasApprovalCard() {
		s.line(recovery.Message{
			Key: fmt.Sprintf("line:%d", s.e.Seq), Channel: s.ApprovalChannel, Thread: recovery.CardApproval,
		}, text)
	}
}

// told adds a line to the requester.
func (s *scene) told(text markup) {
	if !s.unreachable(recovery.NoteUnreachable) {
		s.line(recovery.Message{Key: fmt.Sprintf("told:%d", s.e.Seq), Channel: s.r.Requester.UserID}, text)
	}
}

// private answers a click that was refused, to the person who made it alone: beside the card, or by DM where there is none.
func (s *scene) private() {
	if s.e.Click == nil || s.e.Note == nil || s.e.Click.By.UserID == "" {
		return
	}
	to := reader{s.wordsOf(s.e.Click.Language).of(s.r), false, s.r.Ref()} // who clicks without right learns nothing by it
	if s.e.Click.By == s.r.Requester {
		to = s.requester()
	}
	m := recovery.Message{Key: fmt.Sprintf("private:%d", s.e.Seq), Channel: s.e.Click.Channel, Ephemeral: s.e.Click.By.UserID}
	if m.Channel == "" {
		m.Channel, m.Ephemeral = s.e.Click.By.UserID, ""
	}
	s.line(m, to.refusal(s.e.Click.Action, *s.e.Note))
}
