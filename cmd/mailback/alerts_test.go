package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// TestAlerts reads the rules as Prometheus does, and holds each to a metric that there is and to a paragraph for whoever is woken by it.
func TestAlerts(t *testing.T) {
	t.Parallel()
	groups := readAlerts(t)
	exported, paragraphs := exportedNames(), alertParagraphs(t)
	alerts := map[string]bool{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" || alerts[rule.Alert] {
				t.Errorf("a rule is no alert, or is there twice: %+v", rule)
			}
			alerts[rule.Alert] = true
			for _, key := range []string{"summary", "description"} {
				if strings.TrimSpace(rule.Annotations[key]) == "" {
					t.Errorf("%s has no %s", rule.Alert, key)
				}
			}
			if want := "docs/operating.md#" + strings.ToLower(rule.Alert); rule.Annotations["runbook"] != want {
				t.Errorf("the runbook of %s is %q, not %s", rule.Alert, rule.Annotations["runbook"], want)
			}
			if !slices.Contains([]string{"warning", "critical"}, rule.Labels["severity"]) {
				t.Errorf("the severity of %s is %q", rule.Alert, rule.Labels["severity"])
			}
			if len(strings.Fields(paragraphs[rule.Alert])) < 20 {
				t.Errorf("docs/operating.md says next to nothing of %s: %q", rule.Alert, paragraphs[rule.Alert])
			}
			names := metricsIn(t, rule.Expr)
			if len(names) == 0 {
				t.Errorf("%s looks at no metric", rule.Alert)
			}
			for _, name := range names {
				if !exported[name] {
					t.Errorf("%s looks at %s, which Mailback does not export", rule.Alert, name)
				}
			}
		}
	}
	for name := range paragraphs {
		if !alerts[name] {
			t.Errorf("docs/operating.md has a paragraph for %s, and there is no such alert", name)
		}
	}
}

func readAlerts(t *testing.T) *rulefmt.RuleGroups {
	t.Helper()
	text, err := os.ReadFile("../../deploy/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	groups, errs := rulefmt.Parse(text, false)
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil || len(groups.Groups) == 0 {
		t.Fatal("there are no rules")
	}
	return groups
}

// metricsIn gives the names of the metrics that an expression selects.
func metricsIn(t *testing.T, expr string) (names []string) {
	t.Helper()
	parsed, err := parser.ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %v", expr, err)
		return nil
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			names = append(names, selector.Name)
		}
		return nil
	})
	return names
}

// alertParagraphs gives what the section "Alerts" of docs/operating.md says of each.
func alertParagraphs(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## Alerts\n")
	if !ok {
		t.Fatal("docs/operating.md has no section Alerts")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	said := map[string]string{}
	for _, part := range strings.Split(section, "\n### ")[1:] {
		name, paragraph, _ := strings.Cut(part, "\n")
		said[name] = paragraph
	}
	return said
}

// exportedNames are the names of all series that Mailback can export.
func exportedNames() map[string]bool {
	m := newMetrics()
	m.stand(gauges{signIn: newSignIn(time.Now), expiry: time.Now})
	names := map[string]bool{}
	for _, name := range m.registry.Names() {
		names[name] = true
	}
	return names
}
