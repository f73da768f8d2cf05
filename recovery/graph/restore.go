package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	abs "github.com/microsoft/kiota-abstractions-go"

	"mailback/recovery"
)

// The bodies of the changes are written here and not by the SDK, whose builder for restore takes none, because the
// metadata that it is generated from leaves it out (microsoftgraph/msgraph-metadata issue 694). Without its serializer
// the linker drops what would write out each of six thousand resources.
type (
	// restoreBody is optional (Microsoft Graph: directory: deletedItems: restore).
	restoreBody struct {
		NewUserPrincipalName       string `json:"newUserPrincipalName,omitempty"`
		AutoReconcileProxyConflict bool   `json:"autoReconcileProxyConflict,omitempty"`
	}
	// assignBody must have both lists, the empty one too (Microsoft Graph: user: assignLicense).
	assignBody struct {
		AddLicenses    []addLicense `json:"addLicenses"`
		RemoveLicenses []uuid.UUID  `json:"removeLicenses"`
	}
	addLicense struct {
		SkuID         uuid.UUID   `json:"skuId"`
		DisabledPlans []uuid.UUID `json:"disabledPlans"`
	}
	// locationBody and enabledBody are parts of a user (Microsoft Graph: user: update).
	locationBody struct {
		UsageLocation string `json:"usageLocation"`
	}
	enabledBody struct {
		AccountEnabled bool `json:"accountEnabled"`
	}
)

// RestoreUser brings a deleted user back. Conflict names the property that somebody else holds by now; Forbidden with the
// permission in the token means that only a higher Entra role may restore this former administrator.
func (c *Client) RestoreUser(ctx context.Context, id string, as recovery.RestoreAs) (recovery.Receipt, error) {
	var body any
	if as != (recovery.RestoreAs{}) {
		body = restoreBody{as.UserPrincipalName, as.DropConflicts}
	}
	return c.change(ctx, opRestore, abs.POST, "/directory/deletedItems/{id}/restore", id, body)
}

// AssignLicense adds a SKU with exactly these plans switched off: Graph replaces the list of a SKU that is there already.
func (c *Client) AssignLicense(ctx context.Context, id string, license recovery.AssignedLicense) (recovery.Receipt, error) {
	sku, err := uuid.Parse(license.SKU)
	if err != nil {
		return recovery.Receipt{}, wrong(opAssign, fmt.Errorf("skuId %q: %w", license.SKU, err))
	}
	off := make([]uuid.UUID, len(license.DisabledPlans))
	for i, plan := range license.DisabledPlans {
		if off[i], err = uuid.Parse(plan); err != nil {
			return recovery.Receipt{}, wrong(opAssign, fmt.Errorf("disabled plan %q: %w", plan, err))
		}
	}
	body := assignBody{AddLicenses: []addLicense{{sku, off}}, RemoveLicenses: []uuid.UUID{}}
	return c.change(ctx, opAssign, abs.POST, "/users/{id}/assignLicense", id, body)
}

// RemoveLicense takes back a SKU that was assigned to the user directly (Microsoft Graph: user: assignLicense).
func (c *Client) RemoveLicense(ctx context.Context, id, sku string) (recovery.Receipt, error) {
	skuID, err := uuid.Parse(sku)
	if err != nil {
		return recovery.Receipt{}, wrong(opRemove, fmt.Errorf("skuId %q: %w", sku, err))
	}
	body := assignBody{AddLicenses: []addLicense{}, RemoveLicenses: []uuid.UUID{skuID}}
	return c.change(ctx, opRemove, abs.POST, "/users/{id}/assignLicense", id, body)
}

// ReprocessLicenses has Entra work out again which licenses the user has through groups.
func (c *Client) ReprocessLicenses(ctx context.Context, id string) (recovery.Receipt, error) {
	return c.change(ctx, opReprocess, abs.POST, "/users/{id}/reprocessLicenseAssignment", id, nil)
}

// SetUsageLocation sets the country (ISO 3166-1 alpha-2) without which no licence can be assigned. It is not seen by
// AssignLicense at once.
func (c *Client) SetUsageLocation(ctx context.Context, id, country string) (recovery.Receipt, error) {
	if len(country) != 2 {
		return recovery.Receipt{}, wrong(opLocation, errors.New("a country is two letters"))
	}
	return c.change(ctx, opLocation, abs.PATCH, "/users/{id}", id, locationBody{country})
}

// BlockSignIn switches the account off. Sessions that are open end as their tokens do.
func (c *Client) BlockSignIn(ctx context.Context, id string) (recovery.Receipt, error) {
	return c.change(ctx, opBlock, abs.PATCH, "/users/{id}", id, enabledBody{false})
}

// change sends a write, once. Its answer's body is not looked at, because what was done is read back later.
func (c *Client) change(ctx context.Context, op operation, method abs.HttpMethod, path, id string, body any) (recovery.Receipt, error) {
	if err := objectID(id); err != nil {
		return recovery.Receipt{}, wrong(op, err)
	}
	parameters := c.parameters()
	parameters["id"] = id
	ri, err := writing(method, path, parameters, body)
	if err != nil {
		return recovery.Receipt{}, wrong(op, err)
	}
	return c.once(ctx, op, ri)
}

// once sends a call whose answer's body does not matter.
func (c *Client) once(ctx context.Context, op operation, ri *abs.RequestInformation) (recovery.Receipt, error) {
	x, err := c.send(ctx, op, ri, func(ctx context.Context) error { return c.adapter.SendNoContent(ctx, ri, mapping()) })
	if err != nil {
		return recovery.Receipt{}, err
	}
	return x.receipt(), nil
}

// writing makes a call with a body, none where that is nil.
func writing(method abs.HttpMethod, path string, parameters map[string]string, body any) (*abs.RequestInformation, error) {
	ri := abs.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(method, "{+baseurl}"+path, parameters)
	ri.Headers.Add("Accept", "application/json")
	if body == nil {
		return ri, nil
	}
	content, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write the body: %w", err)
	}
	ri.SetStreamContentAndContentType(content, "application/json")
	ri.Headers.Add("Content-Length", strconv.Itoa(len(content))) // without it the body goes out in chunks, which some proxies refuse
	return ri, nil
}
