package m365fake

import (
	"net/http"

	"github.com/google/uuid"
)

// newID is the id of a thing in the tenant: the same in every run, so that scripts can hold on to it.
func newID(kind, name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://contoso.com/"+kind+"/"+name)).String()
}

func newRequestID(r *http.Request) string {
	if id := r.Header.Get("client-request-id"); id != "" {
		return id
	}
	return uuid.NewString()
}
