package m365fake

import (
	"net/http"
	"slices"
	"strings"
)

// setMailbox is the part of learn.microsoft.com/powershell/module/exchangepowershell/set-mailbox that is built: conversion,
// addresses, retention hold and the retention of deleted items, for a mailbox in use.
func (s *Server) setMailbox(a arguments) ([]row, []string, error) {
	m, err := s.one(a.text("Identity"), (*mailbox).connected)
	if err != nil {
		return nil, nil, err
	}
	keeps := a.duration("RetainDeletedItemsFor", m.Store.KeepsDeleted)
	if keeps > 30*day {
		return nil, nil, badParameter("The value of property 'RetainDeletedItemsFor' exceeds the maximum allowed for Exchange Online. The value must be less than or equal to '30.00:00:00'.")
	}
	addresses := addressesOf(m)
	if a.given("EmailAddresses") {
		if addresses, err = s.changedAddresses(m, a["emailaddresses"]); err != nil {
			return nil, nil, err
		}
	}
	if a.on("WhatIf") {
		return []row{}, nil, nil
	}
	m.Store.KeepsDeleted = keeps
	if a.given("RetentionHoldEnabled") {
		m.Store.RetentionHold = a.on("RetentionHoldEnabled")
	}
	if a.given("EmailAddresses") {
		s.setAddresses(m, addresses)
	}
	if to := a.text("Type"); to != "" {
		types := map[string]string{"Regular": userMailbox, "Shared": sharedMailbox, "Room": roomMailbox, "Equipment": equipmentMailbox}
		s.mailboxes.change(m, func(m *mailbox) { m.Type = types[to] })
	}
	return []row{}, nil, nil
}

// addressesOf are the EmailAddresses of a mailbox: its primary address first, as SMTP:.
func addressesOf(m *mailbox) []string {
	addresses := []string{"SMTP:" + m.Primary}
	for _, p := range m.Proxies {
		if !strings.EqualFold(p, "smtp:"+m.Primary) {
			addresses = append(addresses, p)
		}
	}
	return addresses
}

// changedAddresses is what a value of -EmailAddresses makes of the mailbox's addresses: a list replaces them, a hash table
// adds and removes. The admin endpoint takes a hash table only with its type named (KelvinTegelaar/CIPP-API).
func (s *Server) changedAddresses(m *mailbox, v any) ([]string, error) {
	var added, removed []string
	next := addressesOf(m)
	table, isTable := v.(map[string]any)
	if isTable {
		if table["@odata.type"] != "#Exchange.GenericHashTable" {
			return nil, badParameter("Cannot process argument transformation on parameter 'EmailAddresses'. Cannot convert the value to type \"Microsoft.Exchange.Data.ProxyAddressCollection\".")
		}
		for k, list := range table {
			switch strings.ToLower(k) {
			case "add":
				added = textsOf(list)
			case "remove":
				removed = textsOf(list)
			case "@odata.type":
			default:
				return nil, badParameter("The hashtable key '" + k + "' is not valid. Use 'Add' or 'Remove'.")
			}
		}
	} else {
		next, added = nil, textsOf(v)
	}
	for _, x := range removed {
		next = slices.DeleteFunc(next, func(p string) bool { return strings.EqualFold(p, withPrefix(x)) })
	}
	for _, x := range added {
		x = withPrefix(x)
		if holder := s.addressHolder(x, m); holder != "" {
			return nil, addressTaken(x, holder)
		}
		if !slices.ContainsFunc(next, func(p string) bool { return strings.EqualFold(p, x) }) {
			next = append(next, x)
		}
	}
	if n := primaries(next); n != 1 {
		return nil, &exchangeError{
			http.StatusBadRequest, "BadRequest", "|Microsoft.Exchange.Data.DataValidationException",
			"The e-mail addresses of '" + m.name() + "' must hold exactly one primary SMTP address.",
		}
	}
	return next, nil
}

func primaries(addresses []string) int {
	n := 0
	for _, p := range addresses {
		if strings.HasPrefix(p, "SMTP:") {
			n++
		}
	}
	return n
}

// textsOf is one text or a list of them.
func textsOf(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	var out []string
	for _, x := range items(v) {
		if s := text(x); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// withPrefix makes an address without a prefix an additional SMTP address.
func withPrefix(address string) string {
	prefix, rest, ok := strings.Cut(address, ":")
	if !ok || strings.ContainsAny(prefix, "/@=") {
		return "smtp:" + address
	}
	if strings.EqualFold(prefix, "x500") {
		prefix = "X500"
	}
	return prefix + ":" + rest
}

// addressHolder names who else in use has a proxy address, "" for nobody. Soft-deleted and inactive mailboxes do not count:
// that an old mailbox's LegacyExchangeDN can be put on a new one depends on it.
func (s *Server) addressHolder(proxy string, except *mailbox) string {
	prefix, address, _ := strings.Cut(strings.ToLower(proxy), ":")
	if prefix == "smtp" {
		if kind, id := s.holder(address, except.Owner); kind != "" {
			return id
		}
	}
	for _, guid := range s.mailboxes.order {
		m := s.mailboxes.all[guid]
		if m == except || !m.connected() {
			continue
		}
		holds := func(p string) bool { return strings.EqualFold(p, proxy) }
		if slices.ContainsFunc(m.Proxies, holds) || (prefix == "x500" && strings.EqualFold(m.legacyDN(), address)) {
			return m.name()
		}
	}
	return ""
}

func addressTaken(proxy, holder string) error {
	return &exchangeError{
		http.StatusBadRequest, "BadRequest", "|Microsoft.Exchange.Data.Directory.ProxyAddressExistsException",
		"The proxy address \"" + proxy + "\" is already being used by the proxy addresses or LegacyExchangeDN of \"" + holder + "\". Please choose another proxy address.",
	}
}

// setAddresses writes addresses through to the user behind the mailbox, whose proxyAddresses they are.
func (s *Server) setAddresses(m *mailbox, addresses []string) {
	primary := m.Primary
	for _, p := range addresses {
		if x, ok := strings.CutPrefix(p, "SMTP:"); ok {
			primary = x
		}
	}
	if u := s.live.byID[m.Owner]; u != nil {
		s.put(u, u.with(func(c *user) { c.Proxies, c.Mail = addresses, primary }))
	}
	s.mailboxes.change(m, func(m *mailbox) { m.Proxies, m.Primary = addresses, primary })
}
