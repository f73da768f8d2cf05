package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"mailback/recovery"
	"mailback/recovery/exchange"
	"mailback/recovery/graph"
)

// appRole is an application permission on Microsoft Graph.
type appRole struct {
	name    string
	status  status   // of a check that finds it missing
	without string   // what is lost without it, as docs/install.md says
	covers  []string // those that open the same calls (learn.microsoft.com/graph/permissions-reference)
}

// appRoles are those of docs/install.md. Which of the two that are optional there is of use depends on MAILBACK_EXCHANGE.
func appRoles() []appRole {
	const all, every = "Directory.Read.All", "Directory.ReadWrite.All"
	return []appRole{
		{"User.Read.All", statusFail, "nothing works", []string{"User.ReadWrite.All", all, every}},
		{"User.DeleteRestore.All", statusFail, "deleted users are diagnosed, not restored", []string{"User.ReadWrite.All"}},
		{"LicenseAssignment.ReadWrite.All", statusFail, "nothing works: the licences are read for each diagnosis", []string{"User.ReadWrite.All", every}},
		{"MailboxSettings.Read", statusFail, "nothing can be proven", []string{"MailboxSettings.ReadWrite"}},
		{"Organization.Read.All", statusFail, "nothing works: they are read for each diagnosis", []string{"Organization.ReadWrite.All", all, every}},
		{"RoleManagement.Read.Directory", statusWarn, "every restore needs one more approver", []string{"RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory", all, every}},
		{"User.EnableDisableAccount.All", statusWarn, "not offered; the card says so", []string{"User.ReadWrite.All"}},
		{"GroupMember.Read.All", statusWarn, "such a conflict is found only when the restore meets it", []string{"GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", all, every}},
		{"OrgContact.Read.All", statusWarn, "such a conflict is found only when the restore meets it", []string{all, every}},
		{"Mail.ReadWrite", statusNote, "`items` names it as missing", nil},
		{"User.ReadWrite.All", statusNote, "those two are left to an admin, by name", []string{every}},
	}
}

// among says whether permissions open what the app role opens.
func (r appRole) among(have []string) bool {
	return slices.Contains(have, r.name) || slices.ContainsFunc(r.covers, func(wider string) bool { return slices.Contains(have, wider) })
}

// what says what an app role is for, where the loss does not say it by itself.
func (r appRole) what() string {
	return map[string]string{
		"Organization.Read.All":         "verified domains, country",
		"User.EnableDisableAccount.All": "block sign-in",
		"GroupMember.Read.All":          "name the group that holds an address",
		"OrgContact.Read.All":           "name the contact that holds an address",
		"Mail.ReadWrite":                "`items` without Exchange",
		"User.ReadWrite.All":            "set a missing usage location, reprocess group licences",
	}[r.name]
}

const (
	entraDown   = "look at the network, at AZURE_AUTHORITY_HOST and a proxy, and at status.cloud.microsoft"
	grantFix    = "in Microsoft Entra, App registrations, the app, API permissions: add this application permission, and grant admin consent"
	withdrawFix = "in Microsoft Entra, App registrations, the app, API permissions: remove them, and revoke their admin consent"
)

// microsoft checks the sign-in to Entra, and with it Microsoft Graph and Exchange Online.
func (x examination) microsoft(ctx context.Context) []finding {
	if why := x.without("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PASSWORD",
		"AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST", "GRAPH_BASE_URL", "EXCHANGE_BASE_URL", "MAILBACK_CLOUD"); why != "" {
		return append([]finding{unchecked("entra.sign-in", why)}, x.noMicrosoft(why)...)
	}
	own := x.certificateFinding()
	credential, err := x.s.credential(x.transport)
	if err != nil {
		return slices.Concat(own, []finding{failed("entra.sign-in", "put right what it says", "%v", err)}, x.noMicrosoft("there is nothing to sign in with"))
	}
	at := x.s.endpoints()
	directory, err := graph.New(graph.Config{Credential: credential, BaseURL: at.graph, Scope: at.graphScope, Transport: x.transport, Timeout: x.limit})
	if err != nil {
		return append(own, failed("graph", "put GRAPH_BASE_URL right", "%v", err))
	}
	var mailboxes *exchange.Client
	if x.s.Exchange == "on" {
		if mailboxes, err = exchange.New(exchange.Config{
			Credential: credential, BaseURL: at.exchange, Scope: at.exchangeScope, TenantID: x.s.AzureTenantID, Transport: x.transport, Timeout: x.limit,
		}); err != nil {
			return append(own, failed("exchange", "put EXCHANGE_BASE_URL right", "%v", err))
		}
	}
	roles, signIn := inTime(ctx, x.limit, "entra.sign-in", func(ctx context.Context) ([]string, []finding) { return x.signIn(ctx, directory) })
	if signIn[0].Status == statusFail {
		return slices.Concat(own, signIn, x.noMicrosoft("there is no sign-in"))
	}
	var tenant, exchangeSide []finding
	side(
		func() {
			tenant = x.within(ctx, "graph", func(ctx context.Context) []finding { return x.tenant(ctx, directory, roles) })
		},
		func() {
			exchangeSide = x.within(ctx, "exchange", func(ctx context.Context) []finding { return x.exchange(ctx, mailboxes) })
		},
	)
	return slices.Concat(own, signIn, x.roleFindings(roles), tenant, exchangeSide)
}

func (x examination) noMicrosoft(why string) []finding {
	return []finding{unchecked("entra.roles", why), unchecked("graph", why), unchecked("exchange", why)}
}

// signIn signs in, and gives the app's permissions on Graph. Its first finding is that of the sign-in.
func (x examination) signIn(ctx context.Context, directory *graph.Client) ([]string, []finding) {
	const name = "entra.sign-in"
	roles, err := directory.Roles(ctx)
	if err != nil {
		return nil, []finding{signInFailed(name, err)}
	}
	switch {
	case x.s.AzureClientSecret != "":
		return roles, []finding{well(name, "it works, with a client secret; when that expires cannot be read without the app role Application.Read.All, "+
			"which Mailback does not need: Microsoft Entra shows it under App registrations, the app, Certificates & secrets")}
	case x.s.AzureCertificatePath != "":
		return roles, []finding{well(name, "it works, with a certificate")}
	case x.s.AzureFederatedTokenFile != "":
		return roles, []finding{well(name, "it works, with a federated token")}
	}
	return roles, []finding{well(name, "it works, with the machine's managed identity")}
}

// signInFailed says why there is no token, and what to do about it.
func signInFailed(name string, err error) finding {
	e, ok := errors.AsType[*recovery.Error](err)
	if !ok || e.Kind != recovery.SignedOut {
		return failed(name, entraDown, "Microsoft Entra does not answer: %v", err)
	}
	fix := map[string]string{
		recovery.SecretWrong:        "make a new client secret in Microsoft Entra, App registrations, the app, Certificates & secrets, and put its value, not its id, into AZURE_CLIENT_SECRET",
		recovery.SecretExpired:      "make a new client secret in Microsoft Entra, App registrations, the app, Certificates & secrets, and put it into AZURE_CLIENT_SECRET",
		recovery.CertificateRefused: "upload the certificate of AZURE_CLIENT_CERTIFICATE_PATH in Microsoft Entra, App registrations, the app, Certificates & secrets; an expired one has to be made anew",
		recovery.FederationRefused:  "compare issuer, subject and audience of the federated credential in Microsoft Entra with those of the token in AZURE_FEDERATED_TOKEN_FILE",
		recovery.AppUnknown:         "put the Application (client) ID of the app registration into AZURE_CLIENT_ID, and grant it admin consent in this tenant",
		recovery.AppDisabled:        "enable the app in Microsoft Entra, Enterprise applications, the app, Properties",
		recovery.TenantUnknown:      "put the Directory (tenant) ID into AZURE_TENANT_ID, and the right cloud into MAILBACK_CLOUD",
		recovery.PolicyBlocks:       "let the app through in the conditional access policies of Microsoft Entra",
	}[e.Detail]
	if fix == "" {
		fix = "look up the code at login.microsoftonline.com/error"
	}
	return failed(name, fix, "Microsoft Entra refuses the sign-in: %v", err)
}

// certificateWarns is how long before its end a certificate is warned about.
const certificateWarns = 30 * 24 * time.Hour

// certificateFinding says how long the certificate is good for, where one is used.
func (x examination) certificateFinding() []finding {
	const name, fix = "entra.certificate", "make a new certificate, upload it in Microsoft Entra, App registrations, the app, Certificates & secrets, and put it into AZURE_CLIENT_CERTIFICATE_PATH"
	if x.s.AzureCertificatePath == "" {
		return nil
	}
	ends, err := x.s.expiry()
	if err != nil {
		return nil // the sign-in says so
	}
	left := ends.Sub(x.now())
	days := int(math.Floor(left.Hours() / 24))
	switch day := ends.UTC().Format(time.DateOnly); {
	case left <= 0:
		return []finding{failed(name, fix, "it expired on %s", day)}
	case left < certificateWarns:
		return []finding{warned(name, fix, "it expires in %d days, on %s", days, day)}
	default:
		return []finding{well(name, "it expires in %d days, on %s", days, day)}
	}
}

// roleFindings compares the app's permissions on Graph with those that Mailback needs, and names those that it does not.
func (x examination) roleFindings(have []string) []finding {
	needed := map[string]bool{}
	var all []finding
	for _, r := range appRoles() {
		if r.name == "Mail.ReadWrite" && x.s.Exchange == "on" {
			continue // Exchange's cmdlets do it
		}
		needed[r.name] = true
		if r.among(have) {
			continue
		}
		f := failed("entra.role."+r.name, grantFix, "the app role %s is missing; without it: %s", r.name, r.without)
		if what := r.what(); what != "" {
			f.Text = fmt.Sprintf("the app role %s is missing (%s); without it: %s", r.name, what, r.without)
		}
		if f.Status = r.status; f.Status == statusNote {
			f.Fix = ""
		}
		all = append(all, f)
	}
	if !slices.ContainsFunc(all, func(f finding) bool { return f.Status != statusNote }) {
		all = append([]finding{well("entra.roles", "the app has all app roles on Microsoft Graph that Mailback needs")}, all...)
	}
	return append(all, idleRoles("entra.privilege", have, needed)...)
}

// idleRoles warns about permissions that are there and not needed.
func idleRoles(name string, have []string, needed map[string]bool) []finding {
	var idle []string
	for _, role := range have {
		if !needed[role] {
			idle = append(idle, role)
		}
	}
	if len(idle) == 0 {
		return nil
	}
	slices.Sort(idle)
	return []finding{warned(name, withdrawFix, "the app has app roles that Mailback does not need: %s", strings.Join(idle, ", "))}
}
