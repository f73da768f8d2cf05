package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kelseyhightower/envconfig"

	"mailback/commands"
)

// settings is the environment, read once. README.md explains each variable.
type settings struct {
	SlackBotToken string `envconfig:"SLACK_BOT_TOKEN" secret:"true"`
	SlackAppToken string `envconfig:"SLACK_APP_TOKEN" secret:"true"`
	SlackAPIURL   string `envconfig:"SLACK_API_URL" default:"https://slack.com/api/"`

	AzureTenantID            string `envconfig:"AZURE_TENANT_ID"`
	AzureClientID            string `envconfig:"AZURE_CLIENT_ID"`
	AzureClientSecret        string `envconfig:"AZURE_CLIENT_SECRET" secret:"true"`
	AzureCertificatePath     string `envconfig:"AZURE_CLIENT_CERTIFICATE_PATH"`
	AzureCertificatePassword string `envconfig:"AZURE_CLIENT_CERTIFICATE_PASSWORD" secret:"true"`
	AzureFederatedTokenFile  string `envconfig:"AZURE_FEDERATED_TOKEN_FILE"`
	AzureAuthorityHost       string `envconfig:"AZURE_AUTHORITY_HOST"`
	GraphBaseURL             string `envconfig:"GRAPH_BASE_URL"`
	ExchangeBaseURL          string `envconfig:"EXCHANGE_BASE_URL"`

	Cloud             string   `envconfig:"MAILBACK_CLOUD" default:"public"`
	CAFile            string   `envconfig:"MAILBACK_CA_FILE"`
	Approvers         scoped   `envconfig:"MAILBACK_APPROVERS"`
	Requesters        scoped   `envconfig:"MAILBACK_REQUESTERS"`
	ApprovalChannel   string   `envconfig:"MAILBACK_APPROVAL_CHANNEL"`
	ApprovalsRequired int      `envconfig:"MAILBACK_APPROVALS_REQUIRED" default:"1"`
	CommandLimits     limits   `envconfig:"MAILBACK_COMMAND_LIMITS" default:"30,600"`
	SelfApproval      bool     `envconfig:"MAILBACK_SELF_APPROVAL" default:"false"`
	RequestTTL        duration `envconfig:"MAILBACK_REQUEST_TTL" default:"24h"`
	Reminder          duration `envconfig:"MAILBACK_REMINDER" default:"30m"`
	Emergency         bool     `envconfig:"MAILBACK_EMERGENCY" default:"false"`
	ReasonRequired    bool     `envconfig:"MAILBACK_REASON_REQUIRED" default:"false"`
	TicketPattern     pattern  `envconfig:"MAILBACK_TICKET_PATTERN"`
	TicketURL         string   `envconfig:"MAILBACK_TICKET_URL"`
	DatabaseURL       string   `envconfig:"MAILBACK_DATABASE_URL" default:"sqlite:mailback.db" secret:"true"`
	Licenses          []string `envconfig:"MAILBACK_LICENSES"`
	UsageLocation     string   `envconfig:"MAILBACK_USAGE_LOCATION"`
	Exchange          string   `envconfig:"MAILBACK_EXCHANGE" default:"on"`
	Locale            string   `envconfig:"MAILBACK_LOCALE" default:"en"`
	BulkMax           int      `envconfig:"MAILBACK_BULK_MAX" default:"1000"`
	Retention         duration `envconfig:"MAILBACK_RETENTION" default:"400d"`
	LogLevel          string   `envconfig:"MAILBACK_LOG_LEVEL" default:"info"`
	LogFormat         string   `envconfig:"MAILBACK_LOG_FORMAT" default:"text"`
	StopTimeout       duration `envconfig:"MAILBACK_STOP_TIMEOUT" default:"25s"`
	Listen            string   `envconfig:"MAILBACK_LISTEN" default:"127.0.0.1:9090"`
}

// duration is a time.Duration that may also be written in days: 400d.
type duration time.Duration

// Decode reads "90s", "24h" or "30d" (envconfig.Decoder).
func (d *duration) Decode(s string) error {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil {
			return fmt.Errorf("%q is no number of days", s)
		}
		*d = duration(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	v, err := time.ParseDuration(s)
	*d = duration(v)
	return err
}

// pattern is a regular expression of whole ticket numbers; nil where none is set.
type pattern struct{ *regexp.Regexp }

// Decode compiles the expression (envconfig.Decoder).
func (p *pattern) Decode(s string) (err error) {
	if s == "" {
		return nil
	}
	if p.Regexp, err = commands.WholeTicket(s); err != nil {
		return errForm(fmt.Sprintf("a regular expression such as INC-[0-9]+, not %q: %v", s, err))
	}
	return nil
}

// rules are what an ask has to have.
func (s *settings) rules() commands.Rules {
	return commands.Rules{ReasonRequired: s.ReasonRequired, TicketPattern: s.TicketPattern.Regexp, TicketURL: s.TicketURL}
}

// readSettings reads the environment and names all faults at once.
func readSettings() (settings, error) {
	s, faults := settingsAndFaults()
	if len(faults) > 0 {
		are := "settings are"
		if len(faults) == 1 {
			are = "setting is"
		}
		return s, fmt.Errorf("%d %s wrong:\n%w", len(faults), are, errors.Join(faults...))
	}
	return s, nil
}

// settingsAndFaults reads the environment and gives what is wrong in it; each fault begins with the settings that it is of.
func settingsAndFaults() (settings, []error) {
	var s settings
	faults := fileSecrets()
	unread := s.read()
	for i := range s.Licenses {
		s.Licenses[i] = strings.TrimSpace(s.Licenses[i])
	}
	for _, name := range slices.Sorted(maps.Keys(unread)) {
		faults = append(faults, fmt.Errorf("%s: %w", name, unread[name]))
	}
	files := map[string]bool{} // secrets that were to come out of a file, and did not
	for _, fault := range faults {
		if secret, isFile := strings.CutSuffix(subject(fault), "_FILE"); isFile {
			files[secret] = true
		}
	}
	for _, fault := range s.faults() {
		if name := subject(fault); unread[name] == nil && !files[name] { // what was not read has no value to judge
			faults = append(faults, fault)
		}
	}
	return s, faults
}

// subject is what a fault begins with: the name of a setting, or several.
func subject(fault error) string {
	name, _, _ := strings.Cut(fault.Error(), ":")
	return name
}

// read reads each variable by itself, since envconfig stops at the first that it cannot read, and gives what is wrong with
// each of those, by its name.
func (s *settings) read() map[string]error {
	unread := map[string]error{}
	all := reflect.ValueOf(s).Elem()
	for i := range all.NumField() {
		f := all.Type().Field(i)
		one := reflect.New(reflect.StructOf([]reflect.StructField{{Name: f.Name, Type: f.Type, Tag: f.Tag}}))
		err := envconfig.Process("", one.Interface())
		if bad, ok := errors.AsType[*envconfig.ParseError](err); ok {
			err = fmt.Errorf("%s, not %q", written(bad.TypeName), bad.Value)
			if form, ok := errors.AsType[errForm](bad.Err); ok {
				err = form
			}
		}
		if err != nil {
			unread[f.Tag.Get("envconfig")] = err
			continue
		}
		all.Field(i).Set(one.Elem().Field(0))
	}
	return unread
}

// secretFile is the file of X_FILE that the secret X was read from; empty where it was given otherwise.
func secretFile(x string) string { return os.Getenv(x + "_FILE") }

// written says how a value of a type is written, for people.
func written(typeName string) string {
	switch typeName {
	case "bool":
		return "true or false"
	case "int":
		return "a whole number"
	case "main.duration":
		return "a time such as 90s, 30m, 24h or 30d"
	default:
		return "a value of type " + typeName
	}
}

// currentSecret reads a secret anew, where it was read from a file; else it is what was given.
func currentSecret(x, given string) (string, error) {
	file := secretFile(x)
	if file == "" {
		return given, nil
	}
	b, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", x, err)
	}
	return strings.TrimSpace(string(b)), nil
}

// currentURL gives the database's URL as its file has it now.
func (s *settings) currentURL() (string, error) {
	return currentSecret("MAILBACK_DATABASE_URL", s.DatabaseURL)
}

// currentTokens gives Slack's tokens as their files have them now.
func (s *settings) currentTokens() (bot, app string, err error) {
	if bot, err = currentSecret("SLACK_BOT_TOKEN", s.SlackBotToken); err != nil {
		return "", "", err
	}
	app, err = currentSecret("SLACK_APP_TOKEN", s.SlackAppToken)
	return bot, app, err
}

// fileSecrets puts the contents of the file that X_FILE names into X, for every secret X.
func fileSecrets() []error {
	var faults []error
	for f := range reflect.TypeFor[settings]().Fields() {
		name := f.Tag.Get("envconfig")
		path := secretFile(name)
		if f.Tag.Get("secret") == "" || path == "" {
			continue
		}
		if os.Getenv(name) != "" {
			faults = append(faults, fmt.Errorf("%s and %s_FILE are both set: keep one", name, name))
			continue
		}
		b, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			faults = append(faults, fmt.Errorf("%s_FILE: %w", name, err))
			continue
		}
		if err := os.Setenv(name, strings.TrimSpace(string(b))); err != nil {
			faults = append(faults, fmt.Errorf("%s_FILE: %w", name, err))
		}
	}
	return faults
}

var (
	slackPeople  = regexp.MustCompile(`^[UWS][A-Z0-9]{2,}$`)
	slackChannel = regexp.MustCompile(`^[CG][A-Z0-9]{2,}$`)
	country      = regexp.MustCompile(`^[A-Z]{2}$`)
)

// faults names everything that is missing or wrong.
func (s *settings) faults() []error {
	var list []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			list = append(list, fmt.Errorf(format, args...))
		}
	}
	bad(!strings.HasPrefix(s.SlackBotToken, "xoxb-"), "SLACK_BOT_TOKEN: the bot token of the Slack app, which begins with xoxb-")
	bad(!strings.HasPrefix(s.SlackAppToken, "xapp-"), "SLACK_APP_TOKEN: an app-level token with connections:write, which begins with xapp-")
	bad(!strings.HasSuffix(s.SlackAPIURL, "/") || !isURL(s.SlackAPIURL),
		"SLACK_API_URL: an https URL that ends in a slash, not %q; plain http is for a loopback host alone", s.SlackAPIURL)
	bad(s.AzureTenantID == "", "AZURE_TENANT_ID: the tenant's id")
	bad(s.AzureClientID == "", "AZURE_CLIENT_ID: the app registration's client id")
	list = append(list, s.credentialFaults()...)
	for name, u := range map[string]string{
		"AZURE_AUTHORITY_HOST": s.AzureAuthorityHost, "GRAPH_BASE_URL": s.GraphBaseURL, "EXCHANGE_BASE_URL": s.ExchangeBaseURL,
	} {
		bad(u != "" && !isURL(u), "%s: %q is no https URL; plain http is for a loopback host alone", name, u)
	}
	bad(!slices.Contains([]string{"public", "usgov"}, s.Cloud), "MAILBACK_CLOUD: public or usgov, not %q", s.Cloud)
	bad(len(s.Approvers.people) == 0 && len(s.Approvers.scopes) == 0, "MAILBACK_APPROVERS: Slack user ids and user-group ids, such as U0123456789,S0123456789")
	bad(len(s.Approvers.people) == 0 && len(s.Approvers.scopes) > 0, "MAILBACK_APPROVERS: say also who approves, for all that no scope fits")
	bad(len(s.Requesters.people) == 0 && len(s.Requesters.scopes) > 0, "MAILBACK_REQUESTERS: say also who may ask for what no scope fits")
	list = append(list, s.Approvers.faults("MAILBACK_APPROVERS")...)
	list = append(list, s.Requesters.faults("MAILBACK_REQUESTERS")...)
	bad(!slackChannel.MatchString(s.ApprovalChannel), "MAILBACK_APPROVAL_CHANNEL: a channel id such as C0123456789, not a name")
	bad(s.ApprovalsRequired < 1, "MAILBACK_APPROVALS_REQUIRED: at least 1")
	bad(s.BulkMax < 1, "MAILBACK_BULK_MAX: at least 1")
	bad(time.Duration(s.RequestTTL) < time.Minute, "MAILBACK_REQUEST_TTL: at least one minute, such as 24h")
	bad(!strings.HasPrefix(s.DatabaseURL, "sqlite:") && !strings.HasPrefix(s.DatabaseURL, "postgres://") && !strings.HasPrefix(s.DatabaseURL, "postgresql://"),
		"MAILBACK_DATABASE_URL: sqlite:FILE or postgres://…")
	bad(time.Duration(s.Retention) < 30*24*time.Hour, "MAILBACK_RETENTION: at least 30d, since a restore may be questioned that long")
	bad(s.UsageLocation != "" && !country.MatchString(s.UsageLocation), "MAILBACK_USAGE_LOCATION: a country code of two capital letters, such as LV, not %q", s.UsageLocation)
	bad(s.Exchange != "on" && s.Exchange != "off", "MAILBACK_EXCHANGE: on or off, not %q", s.Exchange)
	bad(!commands.Spoken(s.Locale), "MAILBACK_LOCALE: en or lv, not %q", s.Locale)
	bad(s.Reminder != 0 && time.Duration(s.Reminder) < time.Minute, "MAILBACK_REMINDER: at least one minute, such as 30m, or 0 for none")
	bad(s.TicketURL != "" && (!isURL(strings.ReplaceAll(s.TicketURL, "{ticket}", "1")) || !strings.Contains(s.TicketURL, "{ticket}")),
		"MAILBACK_TICKET_URL: an https URL with {ticket} where the number goes, not %q", s.TicketURL)
	bad(s.level(new(slog.LevelVar)) != nil, "MAILBACK_LOG_LEVEL: debug, info, warn or error, not %q", s.LogLevel)
	bad(s.LogFormat != "text" && s.LogFormat != "json", "MAILBACK_LOG_FORMAT: text or json, not %q", s.LogFormat)
	bad(!isHostPort(s.Listen), "MAILBACK_LISTEN: an address with a port, such as 127.0.0.1:9090, not %q", s.Listen)
	bad(time.Duration(s.StopTimeout) < time.Second, "MAILBACK_STOP_TIMEOUT: at least one second, such as 25s")
	if _, err := s.transport(); err != nil {
		list = append(list, err)
	}
	return list
}

// credentialFaults checks that there is at most one way to sign in. None of the three is a managed identity.
func (s *settings) credentialFaults() []error {
	var given []string
	for name, v := range map[string]string{
		"AZURE_CLIENT_SECRET": s.AzureClientSecret, "AZURE_CLIENT_CERTIFICATE_PATH": s.AzureCertificatePath,
		"AZURE_FEDERATED_TOKEN_FILE": s.AzureFederatedTokenFile,
	} {
		if v != "" {
			given = append(given, name)
		}
	}
	if len(given) > 1 {
		slices.Sort(given)
		return []error{fmt.Errorf("%s: give one way to sign in, not %d", strings.Join(given, ", "), len(given))}
	}
	if s.AzureCertificatePassword != "" && s.AzureCertificatePath == "" {
		return []error{errors.New("AZURE_CLIENT_CERTIFICATE_PASSWORD: there is no AZURE_CLIENT_CERTIFICATE_PATH for it")}
	}
	return nil
}

// isHostPort tells an address that can be listened at: a host or none, and a port by its number or its service's name.
func isHostPort(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = net.DefaultResolver.LookupPort(context.Background(), "tcp", port)
	return err == nil
}

// isURL tells a URL that tokens may be sent to: of https, or of plain http where they do not leave the machine.
func isURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return false
	}
	loopback := u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && loopback
}

// level sets the log level.
func (s *settings) level(v *slog.LevelVar) error {
	var l slog.Level
	if err := l.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return fmt.Errorf("log level: %w", err)
	}
	v.Set(l)
	return nil
}

// cloud is where a Microsoft cloud's services are (Microsoft Graph: national cloud deployments).
type cloud struct {
	authority, graph, graphScope, exchange, exchangeScope string
}

// endpoints gives the services' addresses: the cloud's own, where no other was set. Token scopes come from the cloud alone.
func (s *settings) endpoints() cloud {
	c := cloud{
		"https://login.microsoftonline.com/", "https://graph.microsoft.com/v1.0", "https://graph.microsoft.com/.default",
		"https://outlook.office365.com", "https://outlook.office365.com/.default",
	}
	if s.Cloud == "usgov" {
		c = cloud{
			"https://login.microsoftonline.us/", "https://graph.microsoft.us/v1.0", "https://graph.microsoft.us/.default",
			"https://outlook.office365.us", "https://outlook.office365.us/.default",
		}
	}
	for _, o := range []struct {
		to   *string
		from string
	}{{&c.authority, s.AzureAuthorityHost}, {&c.graph, s.GraphBaseURL}, {&c.exchange, s.ExchangeBaseURL}} {
		if o.from != "" {
			*o.to = o.from
		}
	}
	return c
}
