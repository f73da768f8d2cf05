package commands

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailback/recovery"
)

// markup is text in Slack's mrkdwn, with everything that people or the tenant wrote escaped in it.
type markup string

// words finds sentences of one language.
type words struct {
	language
	suffixes []string // of keys: their sentences stand for those of the keys without, the newest suffix first
}

// maxArg is how much of one text of other people's stands in a sentence, in characters.
const maxArg = 300

// say gives a sentence as markup. Strings among its arguments are escaped, markup is taken as it is.
func (w words) say(key string, args ...any) markup {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = literal(s)
		}
	}
	return markup(w.format(key, args))
}

// plain gives a sentence for a place that takes no markup: buttons, heads, form fields.
func (w words) plain(key string, args ...any) string {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = cut(clean(s), maxArg)
		}
	}
	return w.format(key, args)
}

func (w words) format(key string, args []any) string {
	text, ok := w.sentence(key)
	switch {
	case !ok:
		return key // every key is in the table: TestWordsAreComplete
	case !strings.Contains(text, "%["): // it takes none of them
		return text
	default:
		return w.numbers.Sprintf(text, args...)
	}
}

// has says whether there is a sentence of this key.
func (w words) has(key string) bool {
	_, ok := w.sentence(key)
	return ok
}

// sentence gives the sentence of a key: that of the key with the newest suffix before all others.
func (w words) sentence(key string) (string, bool) {
	if n := len(w.suffixes); n > 0 {
		below := words{w.language, w.suffixes[:n-1]}
		if text, ok := below.sentence(key + w.suffixes[n-1]); ok {
			return text, true
		}
		return below.sentence(key)
	}
	text, ok := w.text[key]
	return text, ok
}

// count gives a number with its noun in the right form; the noun is a key with a form per plural.
func (w words) count(key string, n int) markup {
	text, _ := w.sentence(key + "." + w.plural(n))
	return markup(w.numbers.Sprintf(text, n))
}

// literal makes a text of somebody else's safe in markup, on one line and not endless.
func literal(s string) markup { return markup(escape(cut(clean(s), maxArg))) }

// literals joins texts of somebody else's.
func literals(list []string) markup {
	safe := make([]string, 0, min(len(list), maxListed))
	for i, s := range list {
		if i == maxListed {
			safe = append(safe, fmt.Sprintf("+%d", len(list)-i))
			break
		}
		safe = append(safe, string(literal(s)))
	}
	return markup(strings.Join(safe, ", "))
}

// maxListed is how many names stand in a list before the rest is counted.
const maxListed = 12

// mention names a Slack user, whose name Slack fills in for each reader.
func mention(userID string) markup {
	if !userIDPattern.MatchString(userID) {
		return literal(userID)
	}
	return markup("<@" + userID + ">")
}

// when gives a time in each reader's own zone (docs.slack.dev/messaging/formatting-message-text#date-formatting).
func (w words) when(t time.Time) markup {
	return markup("<!date^" + strconv.FormatInt(t.Unix(), 10) + "^{date_short} {time}|" + escape(w.date(t.UTC())) + ">")
}

// left says how much time there is until a deadline, in days, or in hours when it is near.
func (w words) left(deadline, now time.Time) markup {
	switch d := deadline.Sub(now); {
	case d <= 0:
		return w.say("left.over")
	case d < time.Hour:
		return w.say("left.minutes")
	case d < 48*time.Hour:
		return w.say("left", w.count("hours", int(d.Hours())))
	default:
		return w.say("left", w.count("days", int(d.Hours())/24))
	}
}

// size gives bytes in the unit that people use for mailboxes.
func (w words) size(bytes int64) markup {
	switch {
	case bytes >= 1<<30:
		return markup(w.numbers.Sprintf("%.1f GB", float64(bytes)/(1<<30)))
	case bytes >= 1<<20:
		return markup(w.numbers.Sprintf("%.0f MB", float64(bytes)/(1<<20)))
	default:
		return markup(w.numbers.Sprintf("%.0f KB", float64(bytes)/(1<<10)))
	}
}

// sizeArg reads a note's argument that is a number of bytes.
func (w words) sizeArg(arg string) markup {
	bytes, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return literal(arg)
	}
	return w.size(bytes)
}

// license names a SKU by its product name where that is well known, and by its part number.
func (w words) license(partNumber string) markup {
	if name := products[strings.ToUpper(partNumber)]; name != "" {
		return literal(name + " (" + partNumber + ")")
	}
	return literal(partNumber)
}

func (w words) licenses(partNumbers []string) markup {
	list := make([]string, len(partNumbers))
	for i, p := range partNumbers {
		list[i] = string(w.license(p))
	}
	return markup(strings.Join(list, ", "))
}

// reader is somebody who reads: in a language, and with the right to see who holds an address, seats and access lists, or not.
type reader struct {
	words
	approver bool
	ref      string // the request's id, R-142; empty where there is none
}

// note words a note for the reader. It gives "" for one that is not for this reader's eyes.
func (w reader) note(n recovery.Note) markup {
	key := "note." + string(n.Code)
	if !w.approver && w.has(key+".limited") {
		key += ".limited"
	}
	switch {
	case w.ref == "" && w.has(key+".general"):
		key += ".general"
	case (n.Code == recovery.NoteUnreadable || n.Code == recovery.NoteNotProven) && len(n.Args) > 0 && n.Args[0] == string(recovery.Internal):
		key += ".internal"
	case n.Code == recovery.NoteCopyWaits && w.approver && len(n.Args) > 1:
		key = "note.copy-suspended.why"
	case n.Code == recovery.NoteSignInFailed && len(n.Args) > 0 && n.Args[0] == string(recovery.PeerSlack):
		key = "note.sign-in-failed.slack"
	case n.Code == recovery.NoteSignInFailed && len(n.Args) > 1 && !w.has("sign-in."+n.Args[1]):
		key += ".other"
	case n.Code == recovery.NoteMissingCmdlet && strings.HasSuffix(strings.Join(n.Args, ""), "-RecoverableItems"):
		key += ".items"
	case n.Code == recovery.NoteSignInTaken || n.Code == recovery.NoteAddressTaken:
		if !strings.Contains(strings.Join(n.Args, " "), "@") { // a property's name, where Graph named no address
			key += ".unnamed"
		}
	}
	if text, _ := w.sentence(key); text == "" {
		return ""
	}
	said := w.say(key, append(w.noteArgs(n), w.ref)...)
	return said + w.checkAgain(n.Code)
}

// refusal words why a click is not obeyed, with the request's id in it.
func (w reader) refusal(a recovery.Action, n recovery.Note) markup {
	text := w.note(n)
	if act := forApprovers(a); act != "" && n.Code == recovery.NoteNotApprover {
		text = w.say("not-approver."+act, w.ref)
	}
	if strings.Contains(string(text), w.ref) {
		return text
	}
	return w.say("private", w.ref, text)
}

// forApprovers names what a button is for that only approvers may press; empty where it is for deciding, which is what the note speaks of.
func forApprovers(a recovery.Action) string {
	switch a {
	case recovery.ActConfirm:
		return "confirm"
	case recovery.ActCancel:
		return "cancel"
	case recovery.ActCheck:
		return "check"
	case recovery.ActRetry:
		return "retry"
	case recovery.ActResume:
		return "resume"
	case recovery.ActUndo:
		return "put-back"
	case recovery.ChooseAccount:
		return "choose"
	case recovery.ActBulkPause, recovery.ActBulkResume, recovery.ActBulkStop:
		return "bulk"
	default:
		return ""
	}
}

// checkAgain says, behind a sentence, what to do once an obstacle is removed: nothing where there is no request, or one that has ended.
func (w reader) checkAgain(code recovery.NoteCode) markup {
	switch code {
	case recovery.NoteNoSeat, recovery.NoteNoLicense, recovery.NoteNoLocation, recovery.NoteMissingRole, recovery.NoteMissingCmdlet,
		recovery.NoteMissingScope, recovery.NoteSignInFailed, recovery.NoteNobody:
		if w.ref != "" {
			return w.say("check-again")
		}
	}
	return ""
}

// notes words notes, leaving out those that are not for the reader's eyes.
func (w reader) notes(list []recovery.Note) []markup {
	var lines []markup
	for _, n := range list {
		if m := w.note(n); m != "" {
			lines = append(lines, m)
		}
	}
	return lines
}

// noteArgs turns a note's arguments into what its sentence takes.
func (w reader) noteArgs(n recovery.Note) []any {
	switch n.Code {
	case recovery.NoteHadRoles, recovery.NoteRolesCameBack, recovery.NoteAddressTaken, recovery.NoteHoldersUnknown:
		return []any{literals(n.Args), "", "", ""}
	case recovery.NoteMovedOn:
		return []any{w.eachOf("moved.", n.Args), "", "", ""}
	case recovery.NoteNoSeat:
		return []any{w.licenses(n.Args), "", "", ""}
	case recovery.NoteLarge:
		return []any{w.eachOf("large.", n.Args), "", "", ""}
	}
	if len(n.Args) == 1 && (n.Code == recovery.NoteUnreadable || n.Code == recovery.NoteWaitThrottled) {
		n.Args = append(slices.Clone(n.Args), "") // of nobody knows whom
	}
	args := make([]any, 4) // no note has more; what is missing reads as ""
	for i := range args {
		args[i] = markup("")
		if i < len(n.Args) {
			args[i] = w.noteArg(n.Code, i, n.Args[i])
		}
	}
	return args
}

// noteSets are the notes whose arguments are all of one known set, with the prefix of its words.
var noteSets = map[recovery.NoteCode]string{
	recovery.NoteStepMissing: "missing.", recovery.NoteStays: "stays.", recovery.NoteCopyFailed: "copy.", recovery.NoteState: "state.",
	recovery.NoteChooseFirst: "action.", recovery.NotePlanDiffers: "differs.", recovery.NoteCaseDiffers: "case.noun.",
	recovery.NoteChannel: "channel.", recovery.NoteExchangeType: "type.",
}

func (w reader) noteArg(code recovery.NoteCode, i int, arg string) markup {
	if prefix, ok := noteSets[code]; ok {
		return w.oneOf(prefix, arg)
	}
	switch code {
	case recovery.NotePlanOff, recovery.NoteGraceSeats, recovery.NoteLicenseWithIt,
		recovery.NoteFromGroup, recovery.NoteMailboxGoes, recovery.NoteTaken, recovery.NoteTurnedOff:
		return w.license(arg)
	case recovery.NoteGroupLicense, recovery.NoteOverConsumed:
		if i == 0 {
			return w.license(arg)
		}
	case recovery.NoteFailedStep:
		if i == 0 {
			return w.oneOf("step.noun.", arg)
		}
		return w.oneOf("kind.", arg)
	case recovery.NoteSignInFailed:
		switch {
		case i == 0:
			return w.oneOf("peer.", arg)
		case w.has("sign-in." + arg):
			return w.say("sign-in." + arg)
		}
	case recovery.NoteUndoGoesOn:
		if i == 1 {
			return w.oneOf("state.", arg)
		}
	case recovery.NoteUnreadable, recovery.NoteNotProven, recovery.NoteAfterUnknown, recovery.NoteGrantsUnread:
		if i == 1 {
			return w.oneOf("peer.", arg)
		}
		return w.oneOf("kind.", arg)
	case recovery.NoteWaitThrottled:
		if i == 1 {
			return w.oneOf("peer.", arg)
		}
	case recovery.NoteApproverLost, recovery.NoteLeft:
		return mention(arg)
	case recovery.NoteTargetFull, recovery.NoteArchiveFull:
		return w.sizeArg(arg)
	}
	if t, err := time.Parse(time.RFC3339, arg); err == nil {
		return w.when(t)
	}
	return literal(arg)
}

// noteTime is a note's first argument as a time; empty where it is none.
func (w words) noteTime(n recovery.Note) markup {
	if len(n.Args) == 0 {
		return ""
	}
	t, err := time.Parse(time.RFC3339, n.Args[0])
	if err != nil {
		return ""
	}
	return w.when(t)
}

// oneOf words a value of a known set; one that is not in it stands as it is.
func (w words) oneOf(prefix, value string) markup {
	if w.has(prefix + value) {
		return w.say(prefix + value)
	}
	return literal(value)
}

// eachOf words values of a known set.
func (w words) eachOf(prefix string, values []string) markup {
	var all []string
	for _, v := range values[:min(len(values), maxListed)] {
		all = append(all, string(w.oneOf(prefix, v)))
	}
	return markup(strings.Join(all, ", "))
}

// lasting words a time of whole minutes, of whole hours where it is some.
func (w words) lasting(d time.Duration) markup {
	if d >= time.Hour && d%time.Hour == 0 {
		return w.count("hours", int(d.Hours()))
	}
	return w.count("minutes", int(d.Minutes()))
}
