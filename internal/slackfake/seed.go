package slackfake

// The seeded workspace. Its people have the mail addresses of the users of the sandbox's tenant at contoso.com.
const (
	TeamID         = "T0CONTOSO1"
	TeamDomain     = "contoso"
	OtherTeamID    = "T0FABRIKAM" // the organisation that shares #general over Slack Connect
	AppID          = "A0MAILBACK"
	BotUser        = "U0MAILBACK"
	BotID          = "B0MAILBACK"
	ApproverGroup  = "S0APPROVERS"
	ApprovalsID    = "C0APPROVALS" // #it-approvals, private
	GeneralID      = "C0GENERAL01" // #general, public
	BotToken       = "xoxb-0000000000-sandbox"
	AppToken       = "xapp-1-A0MAILBACK-0000000000-sandbox"
	Megan          = "U0MEGANB01" // requester
	Alex           = "U0ALEXW001" // requester, writes Latvian
	Isaiah         = "U0ISAIAHL1" // requester
	Lidia          = "U0LIDIAH01" // requester
	Lee            = "U0LEEG0001" // requester who is a member of #it-approvals
	Joni           = "U0JONIS001" // approver
	Patti          = "U0PATTIF01" // approver
	Nestor         = "U0NESTORW1" // approver
	Guest          = "U0GUEST001" // multi-channel guest, member of #it-approvals
	SingleGuest    = "U0GUEST002" // single-channel guest of #general
	External       = "W0EXTERNAL" // of OtherTeamID, member of #general
	Stranger       = "W0STRANGER" // of OtherTeamID, in no channel of this workspace
	Deactivated    = "U0DIEGOS01"
	Invited        = "U0GRADYA01" // has not signed in yet
	OtherBot       = "U0OTHERBOT"
	ApprovalsName  = "it-approvals"
	approversTitle = "it-approvers"
)

// What the app has, as manifest.yml says: its slash command, and the callback id of its global shortcut.
const (
	appCommand  = "/restore-mailbox"
	appShortcut = "restore_mailbox"
)

func seedPeople() []*Person {
	person := func(id, handle, name, zone, locale string) *Person {
		return &Person{
			ID: id, Team: TeamID, Handle: handle, RealName: name, Email: handle + "@contoso.com", Zone: zone, Locale: locale,
		}
	}
	with := func(p *Person, change func(*Person)) *Person {
		change(p)
		return p
	}
	return []*Person{
		person(Megan, "meganb", "Megan Bowen", "America/Los_Angeles", "en-US"),
		person(Alex, "alexw", "Alex Wilber", "Europe/Riga", "lv-LV"),
		person(Isaiah, "isaiahl", "Isaiah Langer", "Europe/London", "en-GB"),
		person(Lidia, "lidiah", "Lidia Holloway", "America/New_York", "en-US"),
		person(Lee, "leeg", "Lee Gu", "Asia/Shanghai", "en-US"),
		with(person(Joni, "jonis", "Joni Sherman", "America/Los_Angeles", "en-US"), func(p *Person) { p.Admin, p.Owner = true, true }),
		person(Patti, "pattif", "Patti Fernandez", "America/Chicago", "en-US"),
		person(Nestor, "nestorw", "Nestor Wilke", "Europe/Riga", "en-US"),
		with(person(Guest, "ivo.guest", "Ivo Kalns", "Europe/Riga", "en-US"), func(p *Person) {
			p.Restricted, p.Email = true, "ivo@partner.example"
		}),
		with(person(SingleGuest, "una.guest", "Una Berga", "Europe/Riga", "en-US"), func(p *Person) {
			p.Restricted, p.UltraRestricted, p.Email = true, true, "una@partner.example"
		}),
		with(person(External, "rowan", "Rowan Field", "America/New_York", ""), func(p *Person) {
			p.Team, p.Email = OtherTeamID, "rowan@fabrikam.example"
		}),
		with(person(Stranger, "sasha", "Sasha Moor", "America/New_York", ""), func(p *Person) {
			p.Team, p.Email, p.Stranger = OtherTeamID, "sasha@fabrikam.example", true
		}),
		with(person(Deactivated, "diegos", "Diego Siciliani", "", ""), func(p *Person) { p.Deleted = true }),
		with(person(Invited, "gradya", "Grady Archie", "America/New_York", "en-US"), func(p *Person) { p.Invited = true }),
		{ID: BotUser, Team: TeamID, Handle: "mailback", RealName: "Mailback", Bot: true, BotID: BotID, AppUser: true},
		{ID: OtherBot, Team: TeamID, Handle: "standup", RealName: "Standup", Bot: true, BotID: "B0OTHERBOT"},
	}
}

// seedChannels returns the channels; their members are in order, which is the order of conversations.members.
func seedChannels() []*channel {
	return []*channel{
		newChannel(channel{ID: GeneralID, Name: "general", creator: Joni}, Joni, Patti, Nestor, Megan, Alex, Isaiah, Lidia, Lee,
			SingleGuest, Guest, Invited, External, BotUser),
		newChannel(channel{ID: ApprovalsID, Name: ApprovalsName, creator: Joni, private: true}, Joni, Patti, Nestor, Lee, Guest,
			BotUser),
	}
}

func seedGroups() []*group {
	return []*group{{ID: ApproverGroup, Handle: approversTitle, Name: "IT approvers", Users: []string{Joni, Patti, Nestor}}}
}

// seedScopes are the bot token's scopes when Config names none.
func seedScopes() []string {
	return []string{
		"commands", "chat:write", "im:write", "im:read", "im:history", "users:read", "users:read.email", "usergroups:read",
		"channels:read", "channels:history", "groups:read", "groups:history", "reactions:write", "team:read", "files:write",
	}
}
