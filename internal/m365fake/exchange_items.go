package m365fake

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// importExport is the management role that the two cmdlets belong to, which is in no role group by default
// (learn.microsoft.com/powershell/module/exchangepowershell/get-recoverableitems).
const importExport = "Mailbox Import Export"

// itemCmdlets are those about items and folders.
func itemCmdlets(s *Server) []cmdlet {
	filters := "Identity! EntryID:text FilterEndTime:date FilterItemType:text FilterStartTime:date LastParentFolderID:text MaxParallelSize:int PolicyTag:texts " +
		"ResultSize:limit SourceFolder:DeletedItems|RecoverableItems|PurgedItems|DiscoveryHoldsItems SubjectContains:text "
	return []cmdlet{
		{name: "Get-RecoverableItems", run: s.getRecoverableItems, role: importExport, parameters: filters + "SkipCount:int"},
		{
			name: "Get-MailboxFolderStatistics", run: s.getFolderStatistics,
			parameters: "Identity:text! Archive? DiagnosticInfo:text FolderScope:" + folderScopes + " IncludeAnalysis? IncludeOldestAndNewestItems? " +
				"IncludeSoftDeletedRecipients? ResultSize:limit SkipCount:int UseCustomRouting?",
		},
		{name: "Restore-RecoverableItems", run: s.restoreRecoverableItems, role: importExport, write: true, parameters: filters + "NoOutput? RestoreTargetFolder:text"},
	}
}

// itemFilter is what the filters of Get- and Restore-RecoverableItems select. They act on LastModifiedTime.
type itemFilter struct {
	entry                  []byte // nil for any
	class, parent, subject string
	sources                []string
	from, to               time.Time
	tagged                 bool
	skip, limit            int
}

// matches tells whether the filters let an item through. FilterItemType is the exact class, so that IPM.Schedule.Meeting.Request
// is found neither as IPM.Schedule nor as IPM.Appointment. Items here have no retention tag: any PolicyTag finds none.
func (f itemFilter) matches(m *mailbox, i *item) bool {
	switch {
	case !slices.Contains(f.sources, i.source()),
		f.class != "" && !strings.EqualFold(f.class, i.class),
		f.subject != "" && !strings.Contains(strings.ToLower(i.subject), strings.ToLower(f.subject)),
		!f.from.IsZero() && i.modified.Before(f.from),
		!f.to.IsZero() && i.modified.After(f.to),
		f.parent != "" && (i.last == nil || !strings.EqualFold(f.parent, upperHex(m.folderKey(i.last)))),
		f.tagged:
		return false
	}
	return true
}

// readItemFilter takes the filters from bound arguments.
func readItemFilter(a arguments) (itemFilter, error) {
	f := itemFilter{
		class: a.text("FilterItemType"), parent: a.text("LastParentFolderID"), subject: a.text("SubjectContains"),
		sources: []string{"DeletedItems", "RecoverableItems", "PurgedItems"}, tagged: len(a.strings("PolicyTag")) > 0, limit: defaultResultSize,
	}
	f.from, _ = a["filterstarttime"].(time.Time)
	f.to, _ = a["filterendtime"].(time.Time)
	f.skip, _ = a["skipcount"].(int)
	if limit, given := a["resultsize"].(int); given {
		f.limit = limit
	}
	if one := a.text("SourceFolder"); one != "" {
		f.sources = []string{one}
	}
	if n, given := a["maxparallelsize"].(int); given && (n < 1 || n > 10) {
		return f, badParameter(fmt.Sprintf("Cannot validate argument on parameter 'MaxParallelSize'. The argument %d is not between 1 and 10.", n))
	}
	if id := a.text("EntryID"); id != "" {
		// What Exchange says to an EntryID that is none is not known; one that names nothing finds nothing.
		entry, err := hex.DecodeString(id)
		if err != nil || !isEntry(entry) {
			return f, badParameter(fmt.Sprintf("The EntryID %q is not valid.", id))
		}
		f.entry = entry
	}
	return f, nil
}

// hit is an item with its mailbox.
type hit struct {
	m *mailbox
	i *item
}

// findItems are the items of the mailboxes that the filters let through, latest first in each mailbox, cut to ResultSize.
// No warning tells of the cut.
func findItems(boxes []*mailbox, f itemFilter) []hit {
	var out []hit
	for _, m := range boxes {
		if m.contents == nil {
			continue
		}
		start, candidates := len(out), m.contents.items
		if f.entry != nil {
			candidates = []*item{m.itemByEntry(f.entry)}
		}
		for _, i := range candidates {
			if i != nil && f.matches(m, i) {
				out = append(out, hit{m, i})
			}
		}
		slices.SortStableFunc(out[start:], func(a, b hit) int { return b.i.modified.Compare(a.i.modified) })
	}
	out = out[min(f.skip, len(out)):]
	return out[:min(f.limit, len(out))]
}

// getRecoverableItems is learn.microsoft.com/powershell/module/exchangepowershell/get-recoverableitems. As the caution there
// says, an Identity that is null, empty or does not exist gives the items of every mailbox.
func (s *Server) getRecoverableItems(a arguments) ([]row, []string, error) {
	f, err := readItemFilter(a)
	if err != nil {
		return nil, nil, err
	}
	boxes, unknown, err := s.identities(a)
	if err != nil {
		return nil, nil, err
	}
	if unknown != "" || len(boxes) == 0 {
		boxes = s.inUse()
	}
	rows := []row{}
	for _, x := range findItems(boxes, f) {
		rows = append(rows, itemRow(x))
	}
	return rows, nil, nil
}

// restoreRecoverableItems is learn.microsoft.com/powershell/module/exchangepowershell/restore-recoverableitems. Without a filter it
// restores everything (its example 4). Items that cannot be restored are rows too; an EntryID that is gone gives no row and no
// error, which is not documented either way.
//
// The caution on an Identity that does not exist stands on the pages of Get- cmdlets alone: here it is refused.
func (s *Server) restoreRecoverableItems(a arguments) ([]row, []string, error) {
	f, err := readItemFilter(a)
	if err != nil {
		return nil, nil, err
	}
	boxes, unknown, err := s.identities(a)
	switch {
	case err != nil:
		return nil, nil, err
	case unknown != "":
		return nil, nil, objectNotFound(unknown)
	case len(boxes) == 0:
		return nil, nil, badParameter("Cannot process command because of one or more missing mandatory parameters: Identity.")
	}
	rows := []row{}
	for _, x := range findItems(boxes, f) {
		rows = append(rows, s.bringBack(x, a))
	}
	if a.on("NoOutput") {
		return []row{}, nil, nil
	}
	return rows, nil, nil
}

// bringBack restores one item and tells how it went. With -RestoreTargetFolder the item goes right into that folder, whether
// or not the folders that it was in should follow it there; the page does not say.
func (s *Server) bringBack(x hit, a arguments) row {
	r := itemRow(x) // as it was
	r["WasRestoredSuccessfully"], r["RestoredToFolderPath"] = !x.i.stuck, ""
	if x.i.stuck {
		return r
	}
	to := x.m.open().home(x.i)
	if a["restoretargetfolder"] != nil {
		to = x.m.open().at(a.text("RestoreTargetFolder"))
	}
	x.m.move(x.i, to, s.clock())
	r["RestoredToFolderPath"] = to.path()
	return r
}

// itemRow is the item as both cmdlets show it: without its sender, and with times as text, in UTC.
func itemRow(x hit) row {
	r := row{
		"Identity": x.m.Primary, "Subject": x.i.subject, "ItemClass": x.i.class, "SourceFolder": x.i.source(), "EntryID": upperHex(x.m.itemEntry(x.i)),
		"LastParentPath": "", "LastParentFolderID": "", "OriginalFolderExists": x.m.open().exists(x.i.last), "PolicyTag": "",
		"LastModifiedTime": x.i.modified.UTC().Format("01/02/2006 15:04:05"),
	}
	if x.i.last != nil {
		r["LastParentPath"], r["LastParentFolderID"] = x.i.last.path(), upperHex(x.m.folderKey(x.i.last))
	}
	return r
}

// identities are the mailboxes that -Identity names, one or several, and the first name that no mailbox in use has.
func (s *Server) identities(a arguments) (boxes []*mailbox, unknown string, err error) {
	names := items(a["identity"])
	if one := a.text("Identity"); one != "" {
		for name := range strings.SplitSeq(one, ",") {
			names = append(names, name)
		}
	}
	if v := a["identity"]; v != nil && v != "" && names == nil {
		return nil, "", badParameter(fmt.Sprintf("Cannot process argument transformation on parameter 'Identity'. Cannot convert value %q.", fmt.Sprint(v)))
	}
	for _, v := range names {
		name := strings.TrimSpace(text(v))
		n := len(boxes)
		for _, m := range s.mailboxes.named(strings.ToLower(name)) {
			if m.connected() && !slices.Contains(boxes, m) {
				boxes = append(boxes, m)
			}
		}
		if len(boxes) == n && unknown == "" && name != "" {
			unknown = name
		}
	}
	return boxes, unknown, nil
}

// inUse are all mailboxes that are neither soft-deleted nor inactive, oldest first.
func (s *Server) inUse() []*mailbox {
	var out []*mailbox
	for _, guid := range s.mailboxes.order {
		if m := s.mailboxes.all[guid]; m.connected() {
			out = append(out, m)
		}
	}
	return out
}
