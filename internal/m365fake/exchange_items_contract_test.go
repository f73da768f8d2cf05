package m365fake

import (
	"slices"
	"strings"
	"testing"
)

// TestItemCmdletsAsDocumented compares the parameters with the reference's.
func TestItemCmdletsAsDocumented(t *testing.T) {
	t.Parallel()
	reference := cmdletReference(t)
	types := map[string]string{
		"text": "String", "texts": "String[]", "date": "DateTime", "int": "Int32", "limit": "Unlimited", "switch": "SwitchParameter",
		"": "GeneralMailboxOrMailUserIdParameter", folderScopes: "ElcFolderType", "DeletedItems|RecoverableItems|PurgedItems|DiscoveryHoldsItems": "RecoverableItemsFolderType",
	}
	// The reference does not mark these as on-premises ones, but a database cannot be named online.
	left := []string{"Database", "StoreMailboxIdentity"}
	st := newStand(t)
	for _, c := range itemCmdlets(st.Server) {
		built, documented := parseParameters(c.parameters), reference[c.name].Parameters
		if len(documented) == 0 {
			t.Fatalf("%s is not documented", c.name)
		}
		for name, p := range documented {
			if (p.Online != nil && !*p.Online) || slices.Contains(left, name) {
				continue
			}
			b, there := built[strings.ToLower(name)]
			if identity := name == "Identity" && (b.kind == "" || b.kind == "text"); !there || b.name != name || (types[b.kind] != p.Type && !identity) {
				t.Errorf("%s -%s is %q, want %s", c.name, name, b.kind, p.Type)
			}
		}
		for _, b := range built {
			if _, there := documented[b.name]; !there {
				t.Errorf("%s has an invented -%s", c.name, b.name)
			}
		}
	}
}
