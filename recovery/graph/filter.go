package graph

import (
	"net/url"
	"strings"
)

// quote makes text an OData string literal. The request builder escapes it for the URL.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func hasProxy(address string) string {
	return "proxyAddresses/any(p:p eq " + quote("smtp:"+strings.ToLower(address)) + ")"
}

// liveWith selects live users that have the address in any form.
func liveWith(address string) string {
	return strings.Join([]string{"userPrincipalName eq " + quote(address), "mail eq " + quote(address), hasProxy(address)}, " or ")
}

// Graph refuses a filter of more than 15 alternatives, or an advanced query whose URL is longer than 2,048 characters
// (microsoftgraph/microsoft-graph-docs issue 21098 and pull request 22097).
const (
	mostAlternatives = 15
	longestFilter    = 1500 // as escaped, which leaves room for the address and $select
)

// anyOf joins alternatives into as few filters as Graph takes.
func anyOf(alternatives []string) []string {
	var filters []string
	var batch []string
	length := 0
	for _, a := range alternatives {
		n := len(url.QueryEscape(" or " + a))
		if len(batch) == mostAlternatives || len(batch) > 0 && length+n > longestFilter {
			filters = append(filters, strings.Join(batch, " or "))
			batch, length = nil, 0
		}
		batch, length = append(batch, a), length+n
	}
	if len(batch) > 0 {
		filters = append(filters, strings.Join(batch, " or "))
	}
	return filters
}
