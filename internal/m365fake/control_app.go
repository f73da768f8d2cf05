package m365fake

// DisableApp switches the app off or on, as Enterprise applications, Properties, "Enabled for users to sign in?" does. Entra gives one that
// is off no token: AADSTS7000112, UnauthorizedClientApplicationDisabled
// (learn.microsoft.com/entra/identity-platform/reference-error-codes).
func (s *Server) DisableApp(off bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = off
}

func (s *Server) disabled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.off
}

// ExchangeWrites counts the cmdlets run so far that write, those that were refused by their parameters too.
func (s *Server) ExchangeWrites() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}
