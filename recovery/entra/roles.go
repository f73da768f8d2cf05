package entra

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// Roles gives the application permissions in an access token: its claim roles (learn.microsoft.com/entra/identity-platform/
// access-token-claims-reference). The token is our own and was fetched over TLS, so its signature is not checked. No error quotes it.
func Roles(token string) ([]string, error) {
	var claims struct {
		Roles []string `json:"roles"`
	}
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return nil, errors.New("the access token is not a JSON web token")
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return nil, errors.New("the access token has no readable claims")
	}
	return claims.Roles, nil
}
