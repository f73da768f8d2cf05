package commands

import (
	"fmt"
	"maps"
	"strconv"
	"time"

	textlanguage "golang.org/x/text/language"
	"golang.org/x/text/message"
)

// latvian is the second language. Its terms are Microsoft's, of its page "Izdzēstas pastkastes atjaunošana".
func latvian() language {
	l := language{
		code: "lv", name: "latviešu", english: "Latvian", also: []string{"latviesu", "latviski"},
		tag: textlanguage.Latvian, numbers: message.NewPrinter(textlanguage.Latvian),
		ordinal: func(n int) string { return strconv.Itoa(n) + "." },
		text:    map[string]string{},
		date:    latvianDate,
	}
	for _, part := range []map[string]string{
		latvianCommon(), latvianPeers(), latvianCards(), latvianPlan(), latvianExchange(), latvianLines(), latvianNotes(),
		latvianSyntax(), latvianCommands(), latvianUndo(), latvianItems(), latvianBulk(), latvianHome(),
	} {
		maps.Copy(l.text, part)
	}
	return l
}

var latvianMonths = [...]string{
	"janvāris", "februāris", "marts", "aprīlis", "maijs", "jūnijs", "jūlijs", "augusts", "septembris", "oktobris", "novembris", "decembris",
}

// latvianDate writes a date as Latvian does: 2026. gada 22. novembris, 15:04 UTC.
func latvianDate(t time.Time) string {
	return fmt.Sprintf("%d. gada %d. %s, %s", t.Year(), t.Day(), latvianMonths[t.Month()-1], t.Format("15:04 UTC"))
}
