package exchange

import (
	"context"
	"strings"
	"time"

	"mailback/recovery"
)

const cmdGetPending = "Get-PendingDelicenseUser"

// Delicensing tells when a mailbox in use, which Find or Mailbox gave, will be taken offline because its user's licence is gone,
// where the tenant delays that (learn.microsoft.com/powershell/module/exchangepowershell/get-pendingdelicenseuser); zero when
// it does not, or the user is not waiting for it. Forbidden where the app may not run the cmdlet or the tenant does not have it.
// The cmdlet's rows carry the sign-in name and not always the object id. Rows about others are dropped: the list of all who wait
// says that the user is not among them.
func (c *Client) Delicensing(ctx context.Context, m recovery.Mailbox) (time.Time, error) {
	type row struct {
		ObjectID string `json:"ExternalDirectoryObjectId"`
		Name     string `json:"UserPrincipalName"`
		Due      moment `json:"WhenDueForDelicensingUTC"`
	}
	id, err := identify(asAddress, m.SignInName)
	if err != nil {
		return time.Time{}, err
	}
	raw, _, err := c.read(ctx, command{name: cmdGetPending, about: map[string]identity{"Identity": id}})
	if recovery.KindOf(err) == recovery.NotFound {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	rows, err := decode[row](cmdGetPending, raw)
	if err != nil {
		return time.Time{}, err
	}
	var due []row
	for _, r := range rows {
		if strings.EqualFold(r.Name, m.SignInName) && (r.ObjectID == "" || strings.EqualFold(r.ObjectID, m.ObjectID)) {
			due = append(due, r)
		}
	}
	if len(due) == 0 {
		return time.Time{}, nil
	}
	r, err := only(cmdGetPending, due, func(row) bool { return true })
	return time.Time(r.Due), err
}
