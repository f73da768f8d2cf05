package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"mailback/commands"
	"mailback/recovery"
)

const doctorUsage = `usage: mailback doctor [--json]
       mailback doctor --drill ADDRESS

Checks everything that "mailback serve" needs, with the same settings from the environment, and says what to do about what is wrong. It
changes nothing, and may run beside mailback serve. It exits with 1 where a check failed.

  --json     print an array of {name, status, text, fix}; status is ok, note, warning or failed
  --drill ADDRESS
             after the checks, walk the whole way on a practice account: delete it, restore it, and prove that all is back. It asks at the
             terminal before each change, and refuses an account that is not there for practice alone. It exits with 0 only if all is proven
`

// doctor is the subcommand that checks what serve needs.
func doctor(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON := flags.Bool("json", false, "")
	address := flags.String("drill", "", "")
	err := parseAll(flags, args)
	if err != nil || isHelp(args) {
		fmt.Fprint(stderr, doctorUsage)
		return err
	}
	x := examination{now: time.Now, limit: 20 * time.Second, json: *asJSON}
	drill := false
	flags.Visit(func(f *flag.Flag) { drill = drill || f.Name == "drill" })
	switch {
	case !drill:
		return examine(ctx, x, stdout)
	case *asJSON:
		return errUsage{"--drill asks at the terminal, so that it does not go with --json"}
	}
	if err := checkDrillAddress(*address); err != nil {
		return err
	}
	return runDrill(ctx, x, *address, newTerminal(os.Stdin, stdout, isTerminal(os.Stdin)), usualPace())
}

// isHelp says whether the arguments ask for help, which parseAll takes for no fault.
func isHelp(args []string) bool {
	for _, a := range args {
		if a == "-h" || a == "-help" || a == "--help" {
			return true
		}
	}
	return false
}

// status is how a check ended.
type status string

// The statuses of a check. Only the last one makes doctor exit with 1.
const (
	statusOK   status = "ok"
	statusNote status = "note"
	statusWarn status = "warning"
	statusFail status = "failed"
)

// finding is what a check has found.
type finding struct {
	Name   string `json:"name"` // of the check, with what it is about where it is about one of several: entra.role.User.Read.All
	Status status `json:"status"`
	Text   string `json:"text"`
	Fix    string `json:"fix"` // what to do about it; empty where there is nothing to do
}

func well(name, format string, args ...any) finding {
	return finding{Name: name, Status: statusOK, Text: fmt.Sprintf(format, args...)}
}

func note(name, format string, args ...any) finding {
	return finding{Name: name, Status: statusNote, Text: fmt.Sprintf(format, args...)}
}

func failed(name, fix, format string, args ...any) finding {
	return finding{Name: name, Status: statusFail, Text: fmt.Sprintf(format, args...), Fix: fix}
}

func warned(name, fix, format string, args ...any) finding {
	return finding{Name: name, Status: statusWarn, Text: fmt.Sprintf(format, args...), Fix: fix}
}

// unchecked is for a check that another one's fault stands in front of: the fault is said once.
func unchecked(name, because string) finding { return note(name, "not checked: %s", because) }

// examination is one run of doctor.
type examination struct {
	now   recovery.Clock
	limit time.Duration // for each check
	json  bool

	s         settings
	wrong     map[string]bool // settings that cannot be used
	transport http.RoundTripper
	dates     *dates
}

// examine makes all checks and prints what they found. Its error says how many failed.
func examine(ctx context.Context, x examination, stdout io.Writer) error {
	var all []finding
	s, faults := settingsAndFaults()
	x.s, x.wrong = s, map[string]bool{}
	for _, fault := range faults {
		for _, name := range settingsOf(fault) {
			x.wrong[name] = true
		}
	}
	all = append(all, settingsFindings(faults)...)
	all = append(all, misspelt(os.Environ())...)
	all = append(all, x.services(ctx)...)
	if err := x.print(stdout, all); err != nil {
		return fmt.Errorf("print the findings: %w", err)
	}
	n := 0
	for _, f := range all {
		if f.Status == statusFail {
			n++
		}
	}
	if n > 0 {
		return fmt.Errorf("%d of %d checks failed", n, len(all))
	}
	return nil
}

var settingName = regexp.MustCompile(`[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+`)

// settingsOf gives the settings that a fault is of, which it begins with.
func settingsOf(fault error) []string {
	names := settingName.FindAllString(subject(fault), -1)
	for i, name := range names {
		if secret, isFile := strings.CutSuffix(name, "_FILE"); isFile && name != "MAILBACK_CA_FILE" && name != "AZURE_FEDERATED_TOKEN_FILE" {
			names[i] = secret
		}
	}
	return names
}

// settingsFindings gives all faults of the settings at once.
func settingsFindings(faults []error) []finding {
	if len(faults) == 0 {
		return []finding{well("settings", "all of them can be read")}
	}
	var all []finding
	for _, fault := range faults {
		all = append(all, failed("settings", "set it as it says; README.md has a table of all settings", "%v", fault))
	}
	return all
}

// misspelt warns of variables that are no setting and nearly have a setting's name: serve does not read them, and cannot know of them.
func misspelt(environment []string) []finding {
	known := map[string]string{} // by the name in small letters
	for f := range reflect.TypeFor[settings]().Fields() {
		name := f.Tag.Get("envconfig")
		known[strings.ToLower(name)] = name
		if f.Tag.Get("secret") != "" {
			known[strings.ToLower(name)+"_file"] = name + "_FILE"
		}
	}
	names := slices.Sorted(maps.Keys(known))
	var all []finding
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		near := known[commands.Nearest(name, names)]
		if near != "" && near != name {
			all = append(all, warned("settings."+name, "name it "+near+", if that is what it was meant to be", "%s is no setting, and is not read", name))
		}
	}
	return all
}

// without names the first of the settings that cannot be used, as the reason why a check is left out; empty where all can.
func (x examination) without(names ...string) string {
	for _, name := range names {
		if x.wrong[name] {
			return name + " is wrong"
		}
	}
	return ""
}

// print prints a line for each finding, or all of them as JSON.
func (x examination) print(w io.Writer, all []finding) error {
	if x.json {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	for _, f := range all {
		line := fmt.Sprintf("%-7s  %s: %s", f.Status, f.Name, oneLine(f.Text))
		if f.Fix != "" {
			line += ". Fix: " + oneLine(f.Fix)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// oneLine puts a text on one line.
func oneLine(s string) string { return strings.TrimSuffix(strings.Join(strings.Fields(s), " "), ".") }
