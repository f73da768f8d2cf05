package m365fake

import (
	"fmt"
	"slices"
	"time"
)

// SetCopyTime sets how long the copying of a mailbox restore request takes.
func (s *Server) SetCopyTime(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	s.copyTime = d
}

// SuspendCopy suspends the newest restore request into a mailbox in use by another hand, with a comment if one is given.
func (s *Server) SuspendCopy(target, comment string) error {
	return s.changeCopy(target, func(j *copyJob) error {
		_, _, err := s.suspendMailboxRestoreRequest(arguments{"identity": j.GUID, "suspendcomment": comment})
		return err
	})
}

// RemoveCopy removes the newest restore request into a mailbox in use by another hand.
func (s *Server) RemoveCopy(target string) error {
	return s.changeCopy(target, func(j *copyJob) error {
		s.copies = slices.DeleteFunc(s.copies, func(x *copyJob) bool { return x == j })
		return nil
	})
}

// changeCopy alters the newest restore request into the mailbox in use of target, a key that -Identity takes.
func (s *Server) changeCopy(target string, alter func(*copyJob) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m, err := s.mailboxOf(target)
	if err != nil {
		return err
	}
	for _, j := range slices.Backward(s.copies) {
		if j.Target == m.GUID {
			return alter(j)
		}
	}
	return fmt.Errorf("there is no restore request into %q", target)
}

// TakeCopyName lets another hand have the name of the next restore request that is asked for, just before that is made: for a
// suspended copy of the mailbox without a user that source names, into the same target.
func (s *Server) TakeCopyName(source string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.one(source, func(m *mailbox) bool { return !m.connected() })
	if err != nil {
		return err
	}
	s.rival = m
	return nil
}

// beat makes the restore request that TakeCopyName announced.
func (s *Server) beat(a arguments, target *mailbox) {
	if s.rival == nil || a.text("Name") == "" {
		return
	}
	j := s.newCopy(a, a.text("Name"), s.rival, target)
	s.pause(j, copySuspended)
	s.copies, s.rival = append(s.copies, j), nil
}
