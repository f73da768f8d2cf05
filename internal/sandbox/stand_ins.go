package sandbox

import (
	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
)

// Slack is the stand-in for Slack, for tests that change more of it than the control API does.
func (s *Sandbox) Slack() *slackfake.Server { return s.slack }

// Microsoft is the stand-in for Microsoft 365, for tests that change more of it than the control API does.
func (s *Sandbox) Microsoft() *m365fake.Server { return s.m365 }
