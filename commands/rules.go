package commands

import (
	"net/url"
	"regexp"
	"strings"

	"mailback/recovery"
)

// Rules are what an installation wants of each ask.
type Rules struct {
	ReasonRequired bool
	TicketPattern  *regexp.Regexp // of a ticket's whole number, so anchored at both ends: see WholeTicket; nil: any
	TicketURL      string         // where a ticket is, with {ticket} in place of its number; empty: nowhere
}

// WholeTicket makes a pattern one of whole numbers. Its error says what is wrong with the pattern.
func WholeTicket(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

// ticketPlace stands for a ticket's number in Rules.TicketURL.
const ticketPlace = "{ticket}"

// check says what an ask lacks; nothing where it is as the installation wants it.
func (r Rules) check(ask recovery.Ask) (faults []*syntaxError) {
	if r.TicketPattern != nil && ask.Ticket != "" && !r.TicketPattern.MatchString(ask.Ticket) {
		faults = append(faults, &syntaxError{Fault: faultTicketForm, Word: ask.Ticket})
	}
	if r.ReasonRequired && ask.Reason == "" {
		faults = append(faults, &syntaxError{Fault: faultNoReason})
	}
	return faults
}

// link is a ticket's number as a link to where it is; the number alone where that is not known.
func (r Rules) link(number string) markup {
	if r.TicketURL == "" {
		return literal(number)
	}
	to := strings.ReplaceAll(r.TicketURL, ticketPlace, url.PathEscape(number))
	return markup("<" + strings.NewReplacer("&", "&amp;", "<", "%3C", ">", "%3E", "|", "%7C").Replace(to) + "|" + string(literal(number)) + ">")
}
