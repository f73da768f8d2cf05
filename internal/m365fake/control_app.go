package m365fake

import "crypto/x509"

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

// SetSecrets has the app know these client secrets and no others, as App registrations, Certificates & secrets does. Entra says of one that was
// deleted what it says of any other that it does not know: AADSTS7000215, InvalidClientSecretProvided. Tokens that were given live on.
func (s *Server) SetSecrets(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = secrets
}

// SetCertificates has the app know these certificates and no others. An assertion that another one signed is refused with AADSTS700027. Before the
// first call any assertion is taken.
func (s *Server) SetCertificates(certificates ...*x509.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.certificates = append([]*x509.Certificate{}, certificates...)
}

// credentials are what the app may sign in with. No certificates, not even an empty list of them, is any.
func (s *Server) credentials() ([]string, []*x509.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secrets, s.certificates
}

// ExchangeWrites counts the cmdlets run so far that write, those that were refused by their parameters too.
func (s *Server) ExchangeWrites() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}
