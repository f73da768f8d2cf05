package main

import (
	"net"
	"strings"
	"testing"
)

// TestUsage: help is there for each command, and needs neither a setting nor a database; what is wrong is said, and ends with 2.
func TestUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	for line, want := range map[string]struct {
		code int
		says string
	}{
		"help":                {0, "usage: mailback COMMAND"},
		"help -h":             {0, "usage: mailback COMMAND"},
		"help sandbox":        {0, "usage: mailback sandbox"},
		"help audit":          {0, "usage: mailback audit"},
		"help version":        {0, "usage: mailback COMMAND"},
		"help servr":          {2, `unknown command "servr"`},
		"serve -h":            {0, "usage: mailback serve"},
		"doctor -h":           {0, "usage: mailback doctor"},
		"audit verify -h":     {0, "usage: mailback audit"},
		"audit export --help": {0, "usage: mailback audit"},
		"audit erase -h":      {0, "usage: mailback audit"},
		"audit erase":         {2, "say whom to erase"},
		"audit erase bob":     {2, `"bob" is no Slack user id`},
		"relink -h":           {0, "usage: mailback relink"},
		"relink":              {2, "relink takes one Slack user id"},
		"relink megan":        {2, "relink takes one Slack user id"},
		"backup-restored -h":  {0, "usage: mailback COMMAND"},
		"version -h":          {0, "usage: mailback COMMAND"},
		"version now":         {2, `version takes no argument, and got "now"`},
		"sandbox -h":          {0, "-services-only\n"},
		"sandbox --ply":       {2, "not defined: -ply"},
		"sandbox --play=foo":  {2, `unknown case "foo"`},
		"serve --port 3":      {2, "not defined: -port"},
		"sandbox --listen " + taken.Addr().String(): {1, "another program has " + taken.Addr().String() + "; --listen 127.0.0.1:0 takes any free port"},
	} {
		var out, errs strings.Builder
		code := 0
		err := command(t.Context(), strings.Fields(line), &out, &errs)
		if err != nil {
			code = exitCode(err)
			errs.WriteString("mailback: " + err.Error())
		}
		if said := out.String() + errs.String(); code != want.code || strings.Count(said, want.says) != 1 {
			t.Errorf("mailback %s: %d and\n%s\nwant %d and once %q", line, code, said, want.code, want.says)
		}
	}
}
