package m365fake

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

func (s *Server) listSKUs(c *call) (answer, error) {
	if c.URL.Query().Has("$filter") || c.URL.Query().Has("$top") {
		return answer{}, unsupportedQuery("Unsupported Query.")
	}
	value := []any{}
	for _, k := range s.skus {
		value = append(value, skuJSON(k))
	}
	return ok(map[string]any{"@odata.context": c.context("subscribedSkus", nil, false), "value": value}), nil
}

func (s *Server) getSKU(c *call) (answer, error) {
	k := s.sku(strings.TrimPrefix(strings.ToLower(c.args[0]), TenantID+"_"))
	if k == nil {
		return answer{}, notFound(c.args[0])
	}
	body := skuJSON(k)
	body["@odata.context"] = c.context("subscribedSkus", nil, true)
	return ok(body), nil
}

// assignLicense is learn.microsoft.com/graph/api/user-assignlicense. Both lists must be there.
func (s *Server) assignLicense(c *call) (answer, error) {
	var asked struct {
		AddLicenses []struct {
			SKUID         string   `json:"skuId"`
			DisabledPlans []string `json:"disabledPlans"`
		} `json:"addLicenses"`
		RemoveLicenses []string `json:"removeLicenses"`
	}
	if err := c.read("assignLicense", &asked, "addLicenses", "removeLicenses"); err != nil {
		return answer{}, err
	}
	if err := c.mustHave("assignLicense", "addLicenses", "removeLicenses"); err != nil {
		return answer{}, err
	}
	var add []assignment
	for _, a := range asked.AddLicenses {
		if uuid.Validate(a.SKUID) != nil {
			return answer{}, badRequestCode("Cannot convert a primitive value to the expected type 'Edm.Guid'. See the inner exception for more details.")
		}
		add = append(add, assignment{strings.ToLower(a.SKUID), lowered(a.DisabledPlans)})
	}
	u, err := s.findForWrite(c.args[0])
	if err != nil {
		return answer{}, err
	}
	after, err := s.assign(u, add, lowered(asked.RemoveLicenses))
	if err != nil {
		return answer{}, err
	}
	return ok(s.oneUser(c, after, nil)), nil
}

func lowered(list []string) []string {
	var out []string
	for _, x := range list {
		out = append(out, strings.ToLower(x))
	}
	return out
}

// mustHave refuses a body without one of the operation's parameters.
func (c *call) mustHave(operation string, names ...string) error {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(c.body, &fields) // read has decoded it before
	var missing []string
	for _, name := range names {
		if raw, there := fields[name]; !there || string(raw) == "null" {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return badRequestCode(fmt.Sprintf("One or more parameters of the operation '%s' are missing from the request payload. The missing parameters are: %s.",
		operation, strings.Join(missing, ", ")))
}

func (s *Server) reprocessLicenses(c *call) (answer, error) {
	u, err := s.findForWrite(c.args[0])
	if err != nil {
		return answer{}, err
	}
	return ok(s.oneUser(c, s.reprocess(u), nil)), nil
}

func (s *Server) licenseDetails(c *call) (answer, error) {
	u, err := s.find(c.args[0])
	if err != nil {
		return answer{}, err
	}
	value := []any{}
	for _, a := range u.assigned() {
		if k := s.sku(a.SKU); k != nil {
			value = append(value, map[string]any{
				"id": strings.ReplaceAll(u.ID+k.ID, "-", "")[:43], "skuId": k.ID, "skuPartNumber": k.Part, "servicePlans": plansJSON(k.Plans, a.Disabled),
			})
		}
	}
	return ok(map[string]any{"@odata.context": c.context("users('"+u.ID+"')/licenseDetails", nil, false), "value": value}), nil
}
