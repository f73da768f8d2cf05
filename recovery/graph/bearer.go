package graph

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	abs "github.com/microsoft/kiota-abstractions-go"

	"mailback/recovery"
	"mailback/recovery/entra"
)

// errForeign says that a call would have left for a host that is not Graph's.
var errForeign = errors.New("the address is not below Graph's base URL")

// bearer signs calls with the app's token. Unlike Kiota's own provider, which sends a call to an unknown host without a
// token and without a word, it refuses such a call. Continuous access evaluation is not asked for: its tokens live for a
// day, and so long a newly granted permission would not be seen.
type bearer struct {
	credential azcore.TokenCredential
	scope      string
	base       *url.URL
}

// AuthenticateRequest puts the token on the call. Kiota repeats a call that was answered with a claims challenge, with
// the claims in extra.
func (b *bearer) AuthenticateRequest(ctx context.Context, request *abs.RequestInformation, extra map[string]any) error {
	uri, err := request.GetUri()
	if err != nil {
		return fmt.Errorf("build the URI: %w", err)
	}
	if !b.covers(uri) {
		return errForeign
	}
	challenge, _ := extra["claims"].(string)
	claims, err := base64.StdEncoding.DecodeString(challenge)
	if err != nil {
		return fmt.Errorf("decode the claims challenge: %w", err)
	}
	token, err := b.token(ctx, string(claims))
	if err != nil {
		return err
	}
	request.Headers.Remove("Authorization")
	request.Headers.Add("Authorization", "Bearer "+token)
	return nil
}

// covers says whether uri is Graph's: same scheme and host, below the same path.
func (b *bearer) covers(uri *url.URL) bool {
	return uri.Scheme == b.base.Scheme && strings.EqualFold(uri.Host, b.base.Host) && uri.User == nil &&
		strings.HasPrefix(uri.Path, b.base.Path+"/")
}

func (b *bearer) token(ctx context.Context, claims string) (string, error) {
	token, err := b.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{b.scope}, Claims: claims})
	if err != nil {
		return "", entra.SignInFailed(err)
	}
	return token.Token, nil
}

// roles gives the application permissions in the token, without a call while the credential has it in its cache.
func (b *bearer) roles(ctx context.Context) ([]string, error) {
	token, err := b.token(ctx, "")
	if err != nil {
		return nil, err
	}
	roles, err := entra.Roles(token)
	if err != nil {
		return nil, &recovery.Error{Kind: recovery.Internal, Peer: recovery.PeerGraph, Op: string(opSignIn), Err: err}
	}
	return roles, nil
}
