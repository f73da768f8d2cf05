package recovery

import "context"

type (
	requestRef struct{}
	bulkWork   struct{}
)

// WithRequest notes in a context for which request calls are made, so that the adapters' log lines can say so.
func WithRequest(ctx context.Context, ref string) context.Context {
	return context.WithValue(ctx, requestRef{}, ref)
}

// RequestRef gives the request that calls are made for; empty where they are made for none.
func RequestRef(ctx context.Context) string {
	ref, _ := ctx.Value(requestRef{}).(string)
	return ref
}

// WithBulk notes in a context that calls are made for one account among many: they let all others go first.
func WithBulk(ctx context.Context) context.Context { return context.WithValue(ctx, bulkWork{}, true) }

// InBulk says whether calls are made for one account among many.
func InBulk(ctx context.Context) bool { return ctx.Value(bulkWork{}) != nil }
