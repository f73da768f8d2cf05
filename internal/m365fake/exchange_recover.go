package m365fake

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

func recoveryCmdlets(s *Server) []cmdlet {
	return []cmdlet{
		{name: "Undo-SoftDeletedMailbox", run: s.undoSoftDeletedMailbox, write: true, parameters: "SoftDeletedObject:text! DisplayName:text Name:text WindowsLiveID:text Password:secret Confirm? WhatIf?"},
		{name: "New-Mailbox", run: s.newMailbox, write: true, parameters: "Name:text! InactiveMailbox:text! MicrosoftOnlineServicesID:text! Password:secret! DisplayName:text FirstName:text LastName:text " +
			"Alias:text ResetPasswordOnNextLogon:bool Force? Confirm? WhatIf?"},
	}
}

// licenseWarning is what Exchange Online says about every mailbox that it makes without a license.
const licenseWarning = "After you create a new mailbox, you must go to the Office 365 Admin Center and assign the mailbox a license, or it will be disabled after the grace period."

func recoveryError(message string) error {
	return &exchangeError{http.StatusBadRequest, "BadRequest", "|Microsoft.Exchange.Management.Tasks.RecipientTaskException", message}
}

// recovery is a mailbox that is to be somebody's again.
type recovery struct {
	upn, display, first, last, name string
	withPassword                    bool
}

// undoSoftDeletedMailbox is learn.microsoft.com/powershell/module/exchangepowershell/undo-softdeletedmailbox. Microsoft
// documents what it is for and none of its refusals; their texts are chosen.
func (s *Server) undoSoftDeletedMailbox(a arguments) ([]row, []string, error) {
	identity := a.text("SoftDeletedObject")
	m, err := s.one(identity, func(m *mailbox) bool { return !m.connected() })
	if err != nil {
		return nil, nil, err
	}
	if err := s.undoable(m); err != nil {
		return nil, nil, err
	}
	if a.given("WindowsLiveID") != a.given("Password") {
		return nil, nil, recoveryError("The WindowsLiveID and Password parameters must be used together.")
	}
	r := recovery{a.or("WindowsLiveID", m.UPN), a.or("DisplayName", m.DisplayName), "", "", a.text("Name"), a.given("Password")}
	if err := s.nameFree(r, m); err != nil || a.on("WhatIf") {
		return []row{}, nil, err
	}
	s.reconnect(m, r)
	var warnings []string
	if m.Type == userMailbox {
		warnings = []string{licenseWarning}
	}
	return []row{mailboxRow(m)}, warnings, nil
}

func (s *Server) undoable(m *mailbox) error {
	switch {
	case m.Inactive:
		return recoveryError("The mailbox '" + m.name() + "' is an inactive mailbox. Use New-Mailbox -InactiveMailbox to recover it.")
	case s.deleted.byID[m.Owner] != nil:
		return recoveryError("The user of the mailbox '" + m.name() + "' is among the deleted users of Microsoft Entra ID. Restore the user instead.")
	case !s.clock().Before(m.SoftDeleted.Add(retention)):
		return objectNotFound(m.name())
	}
	return nil
}

// nameFree refuses a sign-in name that cannot be given, and addresses of the mailbox that others in use have now. Under
// another name than its old one, it leaves an address that its successor has to the successor.
func (s *Server) nameFree(r recovery, m *mailbox) error {
	if !s.verified(r.upn) {
		return recoveryError("The domain of '" + r.upn + "' isn't an accepted domain of your organization.")
	}
	if kind, _ := s.holder(r.upn, ""); kind != "" {
		message := "The name \"" + r.upn + "\" is already being used. Please try another name."
		if !r.withPassword {
			message = "The Microsoft account \"" + r.upn + "\" still exists. Use the WindowsLiveID and Password parameters to give the mailbox a new one."
		}
		return &exchangeError{http.StatusBadRequest, "BadRequest", "|Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException", message}
	}
	for _, p := range m.Proxies {
		if prefix, address, _ := strings.Cut(p, ":"); strings.EqualFold(prefix, "smtp") && !strings.EqualFold(address, m.Primary) && !strings.EqualFold(address, m.UPN) {
			if kind, id := s.holder(address, ""); kind != "" {
				return addressTaken(p, id)
			}
		}
	}
	return nil
}

// reconnect makes a new user and gives it the mailbox, contents, ExchangeGuid and all. The user has no license; a user
// mailbox without one is kept for 30 days.
func (s *Server) reconnect(m *mailbox, r recovery) {
	now := s.clock().UTC().Truncate(time.Second)
	proxies := []string{"SMTP:" + r.upn}
	for _, p := range append([]string{"smtp:" + m.Primary, "smtp:" + m.UPN}, m.Proxies...) {
		prefix, address, _ := strings.Cut(p, ":")
		if strings.EqualFold(prefix, "smtp") {
			if kind, _ := s.holder(address, ""); kind != "" {
				continue
			}
			p = "smtp:" + address
		}
		if !slices.ContainsFunc(proxies, func(x string) bool { return strings.EqualFold(x, p) }) {
			proxies = append(proxies, p)
		}
	}
	u := &user{
		ID: uuid.NewString(), UPN: r.upn, Mail: r.upn, DisplayName: r.display, First: r.first, Last: r.last, Proxies: proxies,
		Type: "Member", Enabled: m.Type == userMailbox, UsageLocation: s.usageLocation, Created: now,
	}
	s.mailboxes.disown(m)
	s.mailboxes.change(m, func(m *mailbox) {
		m.Owner, m.SoftDeleted, m.ByDisable, m.Inactive = u.ID, time.Time{}, false, false
		m.Store.Name = r.name
		m.copyFrom(u)
	})
	s.mailboxes.byOwner[u.ID] = []*mailbox{m}
	if m.Type == userMailbox {
		s.grant(m, &m.Store.GraceUntil)
	}
	s.put(nil, u)
}

// newMailbox recovers an inactive mailbox (learn.microsoft.com/purview/recover-an-inactive-mailbox), the one use of New-Mailbox
// that is built. The mailbox becomes a new user's, and is on hold no more.
func (s *Server) newMailbox(a arguments) ([]row, []string, error) {
	m, err := s.one(a.text("InactiveMailbox"), func(m *mailbox) bool { return m.Inactive })
	if err != nil {
		return nil, nil, err
	}
	r := recovery{a.text("MicrosoftOnlineServicesID"), a.or("DisplayName", m.DisplayName), a.text("FirstName"), a.text("LastName"), a.text("Name"), true}
	if err := s.recoverable(m, r); err != nil || a.on("WhatIf") {
		return []row{}, nil, err
	}
	s.recoverInactive(m, r)
	return []row{mailboxRow(m)}, []string{licenseWarning}, nil
}

func (s *Server) recoverable(m *mailbox, r recovery) error {
	switch {
	case m.AutoExpanding:
		return recoveryError("The inactive mailbox '" + m.name() + "' has an auto-expanding archive. It can't be recovered.")
	case m.Owner != "":
		return recoveryError("The inactive mailbox '" + m.name() + "' is still soft-deleted: its ExternalDirectoryObjectId is '" + m.Owner + "'. Restore the user instead.")
	}
	return s.nameFree(r, m)
}

// recoverInactive leaves the mailbox as Microsoft says: its holds are gone, a litigation hold stands in for a retention
// policy, and it is on retention hold.
func (s *Server) recoverInactive(m *mailbox, r recovery) {
	m.Litigation, m.Holds = len(m.Holds) > 0, nil
	m.Store.RetentionHold, m.Store.KeepsDeleted = true, 30*day
	s.reconnect(m, r)
}

// RecoverInactive plays the administrator who runs New-Mailbox -InactiveMailbox for the inactive mailbox with this
// ExchangeGuid: it becomes the mailbox of a new user upn, which it returns by object id. Nothing licenses the user.
func (s *Server) RecoverInactive(guid, upn string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m, err := s.one(guid, func(m *mailbox) bool { return m.Inactive && strings.EqualFold(m.GUID, guid) })
	if err != nil {
		return "", err
	}
	r := recovery{upn: upn, display: m.DisplayName, withPassword: true}
	if err := s.recoverable(m, r); err != nil {
		return "", err
	}
	s.recoverInactive(m, r)
	return m.Owner, nil
}

// UndoSoftDeleted plays the administrator who runs Undo-SoftDeletedMailbox for the soft-deleted mailbox with this
// ExchangeGuid, with -WindowsLiveID upn and a password. It returns the new user's object id.
func (s *Server) UndoSoftDeleted(guid, upn string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m, err := s.one(guid, func(m *mailbox) bool { return !m.connected() && strings.EqualFold(m.GUID, guid) })
	if err != nil {
		return "", err
	}
	r := recovery{upn: upn, display: m.DisplayName, withPassword: true}
	if err := s.undoable(m); err != nil {
		return "", err
	}
	if err := s.nameFree(r, m); err != nil {
		return "", err
	}
	s.reconnect(m, r)
	return m.Owner, nil
}
