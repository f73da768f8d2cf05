package m365fake

import "slices"

// sku is a subscription that the tenant has bought. Ids and plans are those of Microsoft's table "Product names and
// service plan identifiers for licensing".
type sku struct {
	ID, Part  string
	Plans     []servicePlan
	Enabled   int // seats bought
	Warning   int // seats in the grace period after an expiry, still usable
	Suspended int
	AppliesTo string // User or Company
	Status    string // Enabled, Warning, Suspended, …
	Consumed  int
}

type servicePlan struct {
	ID, Name, Service string
	Mailbox           bool // a mailbox comes with it
}

// The service plans of the seed. Many are named after Exchange; only those marked give a mailbox.
func knownPlans() map[string]servicePlan {
	plans := []servicePlan{
		{"9aaf7827-d63c-4b61-89c3-182f06f82e5c", "EXCHANGE_S_STANDARD", "exchange", true},
		{"efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE", "exchange", true},
		{"4a82b400-a79f-41a4-b4e2-e94f5787b113", "EXCHANGE_S_DESKLESS", "exchange", true},
		{"113feb6c-3fe4-4440-bddc-54d774bf0318", "EXCHANGE_S_FOUNDATION", "exchange", false},
		{"176a09a6-7ec5-4039-ac02-b2791c6ba793", "EXCHANGE_S_ARCHIVE_ADDON", "exchange", false},
		{"34c0d7a0-a70f-4668-9238-47f9fc208882", "EXCHANGE_ANALYTICS", "exchange", false},
		{"57ff2da0-773e-42df-b2af-ffb7a2317929", "TEAMS1", "TeamspaceAPI", false},
		{"5dbe027f-2339-4123-9542-606e4d348a72", "SHAREPOINTENTERPRISE", "SharePoint", false},
		{"c7699d2e-19aa-44de-8edf-1736da088ca1", "SHAREPOINTSTANDARD", "SharePoint", false},
		{"902b47e5-dcb2-4fdc-858b-c63a90a2bdb9", "SHAREPOINTDESKLESS", "SharePoint", false},
		{"43de0ff5-c92c-492b-9116-175376d08c38", "OFFICESUBSCRIPTION", "MicrosoftOffice", false},
		{"41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AAD_PREMIUM", "AADPremiumService", false},
		{"c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "INTUNE_A", "SCO", false},
	}
	byName := map[string]servicePlan{}
	for _, p := range plans {
		byName[p.Name] = p
	}
	return byName
}

// newSKUs returns the tenant's subscriptions. Seats are set by the seed, once it has counted what it uses.
func newSKUs() []*sku {
	known := knownPlans()
	bought := func(id, part string, plans ...string) *sku {
		s := &sku{ID: id, Part: part, AppliesTo: "User", Status: "Enabled"}
		for _, name := range plans {
			s.Plans = append(s.Plans, known[name])
		}
		return s
	}
	return []*sku{
		bought(SPE_E3, "SPE_E3", "EXCHANGE_S_ENTERPRISE", "TEAMS1", "SHAREPOINTENTERPRISE", "OFFICESUBSCRIPTION", "AAD_PREMIUM", "INTUNE_A"),
		bought(SPE_E5, "SPE_E5", "EXCHANGE_S_ENTERPRISE", "EXCHANGE_ANALYTICS", "TEAMS1", "SHAREPOINTENTERPRISE", "OFFICESUBSCRIPTION", "AAD_PREMIUM", "INTUNE_A"),
		bought(ENTERPRISEPACK, "ENTERPRISEPACK", "EXCHANGE_S_ENTERPRISE", "TEAMS1", "SHAREPOINTENTERPRISE", "OFFICESUBSCRIPTION"),
		bought(STANDARDPACK, "STANDARDPACK", "EXCHANGE_S_STANDARD", "TEAMS1", "SHAREPOINTSTANDARD"),
		bought(EXCHANGESTANDARD, "EXCHANGESTANDARD", "EXCHANGE_S_STANDARD"),
		bought(EXCHANGEENTERPRISE, "EXCHANGEENTERPRISE", "EXCHANGE_S_ENTERPRISE"),
		bought(SPE_F1, "SPE_F1", "EXCHANGE_S_DESKLESS", "TEAMS1", "SHAREPOINTDESKLESS", "AAD_PREMIUM", "INTUNE_A"),
		bought(M365_F1, "M365_F1", "EXCHANGE_S_FOUNDATION", "TEAMS1", "SHAREPOINTDESKLESS", "AAD_PREMIUM", "INTUNE_A"),
		bought(EMS, "EMS", "EXCHANGE_S_FOUNDATION", "AAD_PREMIUM", "INTUNE_A"),
		bought(EXCHANGEDESKLESS, "EXCHANGEDESKLESS", "EXCHANGE_S_DESKLESS"),
	}
}

// The skuIds of the tenant's subscriptions, named by their part numbers.
const (
	SPE_E3             = "05e9a617-0261-4cee-bb44-138d3ef5d965" //nolint:revive // Microsoft's own part number
	SPE_E5             = "06ebc4ee-1bb5-47dd-8120-11324bc54e06" //nolint:revive // likewise
	ENTERPRISEPACK     = "6fd2c87f-b296-42f0-b197-1e91e994b900"
	STANDARDPACK       = "18181a46-0d4e-45cd-891e-60aabd171b4e"
	EXCHANGESTANDARD   = "4b9405b0-7788-4568-add1-99614e613b69"
	EXCHANGEENTERPRISE = "19ec0d23-8335-4cbd-94ac-6050e30712fa"
	SPE_F1             = "66b55226-6b4f-492c-910c-a3b7a3c9d993" //nolint:revive // likewise
	M365_F1            = "44575883-256e-4a79-9da4-ebe9acabe2b2" //nolint:revive // likewise
	EMS                = "efccb6f7-5641-4e0e-bd10-b4976e1bf68e"
	EXCHANGEDESKLESS   = "80b2d799-d2ba-4d2a-8842-fb0d0f3a4b82"
)

func (t *tenant) sku(id string) *sku {
	for _, s := range t.skus {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// free is how many more users can be assigned. Seats in the grace period count.
func (s *sku) free() int { return s.Enabled + s.Warning - s.Consumed }

func (s *sku) assignable() bool {
	return s.AppliesTo == "User" && (s.Status == "Enabled" || s.Status == "Warning")
}

func (s *sku) has(plan string) bool {
	return slices.ContainsFunc(s.Plans, func(p servicePlan) bool { return p.ID == plan })
}
