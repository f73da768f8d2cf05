package graph

import (
	"context"

	abs "github.com/microsoft/kiota-abstractions-go"

	"mailback/recovery"
)

// DeleteUser moves a live user to the deleted users, from where RestoreUser brings it back for 30 days (learn.microsoft.com/graph/api/user-delete).
// It is no part of recovery.Restorer, so that no request can delete anything: "mailback doctor --drill" alone calls it. Which application
// permission is enough Microsoft says in two ways: the page of the call names User.ReadWrite.All, the news of December 2024 User.DeleteRestore.All.
// Forbidden may mean either. NotFound means that no such user is live; after Unavailable it may have happened.
func (c *Client) DeleteUser(ctx context.Context, id string) (recovery.Receipt, error) {
	return c.change(ctx, opDelete, abs.DELETE, "/users/{id}", id, nil)
}

// RolesAssigned reads the admin roles that are assigned to a user directly, live or deleted, those for a part of the directory alone too, which
// membership does not show. Without the permission they are unknown, which is no error.
func (c *Client) RolesAssigned(ctx context.Context, id string) (recovery.Access, error) {
	if err := objectID(id); err != nil {
		return recovery.Access{}, wrong(opRoles, err)
	}
	return c.rolesOfDeleted(ctx, id)
}
