package m365fake

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestSeededItems(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for _, c := range []struct {
		alias           string
		listed, counted int
	}{
		{"leeg", 36, 36},
		{"jonis", 48, 48},
		{"theresag", 10_000, 10_000},
		{"ursulav", 1500, 1500},
		{"willemd", 8, 8},
		{"xeniap", 24, 24},
		{"yusufk", 6, 6},
		{"selmah", 11, 10},
		{"ottol", 0, 0},
		{"quentinr", 9, 9},
		{"vivianb", 0, 0},
	} {
		r := st.run("Get-RecoverableItems", params{"Identity": c.alias + "@contoso.com", "ResultSize": "Unlimited"}, "?$select=EntryID,Subject")
		got := len(r.rows())
		for next := r.body["@odata.nextLink"]; next != nil; {
			body := `{"CmdletInput":{"CmdletName":"Get-RecoverableItems","Parameters":{"Identity":"` + c.alias + `@contoso.com","ResultSize":"Unlimited"}}}`
			page := st.send("POST", next.(string), st.token(exchangeAudience), body)
			got += len(page.rows())
			next = page.body["@odata.nextLink"]
		}
		if _, counted := st.counts(c.alias + "@contoso.com"); got != c.listed || counted != c.counted {
			t.Errorf("%s lists %d items and counts %d, want %d and %d", c.alias, got, counted, c.listed, c.counted)
		}
	}
	for _, who := range []string{"leeg", "jonis"} {
		classes, folders := map[string]bool{}, map[string]bool{}
		for _, x := range st.recoverable(params{"Identity": who}).rows() {
			classes[x["ItemClass"].(string)], folders[x["LastParentPath"].(string)] = true, true
			if !strings.HasPrefix(x["Subject"].(string), ItemMarker) || x["OriginalFolderExists"] != true {
				t.Errorf("%s has %v", who, x)
			}
		}
		if len(classes) < 5 || len(folders) < 6 {
			t.Errorf("%s has %v in %v", who, classes, folders)
		}
	}
}

// TestMarkerIsTheItemsOwn: nothing else in the tenant has the word, so whoever finds it elsewhere has found a leak.
func TestMarkerIsTheItemsOwn(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(newStand(t).Tenant())
	if err != nil || len(raw) < 10_000 {
		t.Fatal(len(raw), err)
	}
	if bytes.Contains(bytes.ToLower(raw), []byte(strings.ToLower(ItemMarker))) {
		t.Errorf("%s is in the tenant outside its items", ItemMarker)
	}
}
