package graph

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
	abs "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"mailback/recovery"
)

// mapping makes every refusal an ODataError, as the SDK's own methods do.
func mapping() abs.ErrorMappings {
	return abs.ErrorMappings{"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue}
}

// get sends a call, a read as a rule, and gives the resource it answers.
func get[T any](ctx context.Context, c *Client, op operation, ri *abs.RequestInformation, factory serialization.ParsableFactory) (T, recovery.Receipt, error) {
	var got serialization.Parsable
	var none T
	x, err := c.send(ctx, op, ri, func(ctx context.Context) (err error) {
		got, err = c.adapter.Send(ctx, ri, factory, mapping())
		return err
	})
	if err != nil {
		return none, recovery.Receipt{}, err
	}
	resource, ok := got.(T)
	if !ok {
		return none, recovery.Receipt{}, incomplete(x, errors.New("an empty answer"))
	}
	return resource, x.receipt(), nil
}

// send gives a call its id, its deadline and its record, and classifies what went wrong.
func (c *Client) send(ctx context.Context, op operation, ri *abs.RequestInformation, do func(context.Context) error) (*call, error) {
	x := &call{op: op, id: uuid.NewString()}
	leave, err := c.lane.enter(ctx)
	if err != nil {
		return x, fault(x, err)
	}
	defer leave()
	if err := c.budget.enter(ctx, op); err != nil {
		return x, fault(x, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ri.Headers.Remove("client-request-id")
	ri.Headers.Add("client-request-id", x.id)
	began := time.Now()
	err = do(context.WithValue(ctx, callKey{}, x))
	c.log.LogAttrs(ctx, slog.LevelDebug, "graph call", slog.String("op", string(op)), slog.Int("status", x.status),
		slog.Duration("took", time.Since(began)), slog.String("client_request_id", x.id), slog.String("request_id", x.header.Get("request-id")),
		requestOf(ctx))
	if err != nil {
		return x, fault(x, err)
	}
	return x, nil
}

// requestOf is the log attribute that names the request a call is made for; an empty one, which slog leaves out,
// where it is made for none.
func requestOf(ctx context.Context) slog.Attr {
	if ref := recovery.RequestRef(ctx); ref != "" {
		return slog.String("request", ref)
	}
	return slog.Attr{}
}

// page is any of the SDK's collection responses.
type page[T any] interface {
	GetValue() []T
	GetOdataNextLink() *string
}

// listing is a collection that is read page by page.
type listing[T any] struct {
	client  *Client
	op      operation
	factory serialization.ParsableFactory
	next    *abs.RequestInformation // the call for the next page; nil after the last
	seen    map[string]bool         // links to next pages
	all     []T
	first   recovery.Receipt // of the first page
}

func newListing[T any](c *Client, op operation, ri *abs.RequestInformation, factory serialization.ParsableFactory) *listing[T] {
	return &listing[T]{client: c, op: op, factory: factory, next: ri, seen: map[string]bool{}}
}

// page reads the next page. After the first one a failure makes the whole list Incomplete, but for a throttled one, whose
// time to wait is of use.
func (l *listing[T]) page(ctx context.Context) error {
	got, receipt, err := get[page[T]](ctx, l.client, l.op, l.next, l.factory)
	if err != nil {
		if len(l.seen) > 0 && recovery.KindOf(err) != recovery.Throttled {
			err = &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(l.op), Detail: "page " + strconv.Itoa(len(l.seen)+1), Err: err}
		}
		return err
	}
	if len(l.seen) == 0 {
		l.first = receipt
	}
	items, link := got.GetValue(), text(got.GetOdataNextLink())
	if err := whole(items, link, l.seen); err != nil {
		return &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(l.op), Receipt: receipt, Err: err}
	}
	l.all = append(l.all, items...)
	if link == "" {
		l.next = nil
		return nil
	}
	if l.next, err = follow(l.next, link); err != nil {
		return &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(l.op), Receipt: receipt, Err: err}
	}
	return nil
}

// list reads a collection to its last page. The receipt is that of the first page.
func list[T any](ctx context.Context, c *Client, op operation, ri *abs.RequestInformation, factory serialization.ParsableFactory) ([]T, recovery.Receipt, error) {
	l := newListing[T](c, op, ri, factory)
	for l.next != nil {
		if err := l.page(ctx); err != nil {
			return nil, recovery.Receipt{}, err
		}
	}
	return l.all, l.first, nil
}

// whole checks that a page is one, and that its link leads on; it notes the link in seen.
func whole[T any](items []T, next string, seen map[string]bool) error {
	if items == nil {
		return errors.New("an answer without a list")
	}
	for _, item := range items {
		if any(item) == nil {
			return errors.New("a list with holes")
		}
	}
	if next == "" {
		return nil
	}
	if seen[next] {
		return errors.New("the link to the next page leads in a circle")
	}
	seen[next] = true
	return nil
}

// follow makes the call for the next page: the same headers, the link as it is.
func follow(from *abs.RequestInformation, link string) (*abs.RequestInformation, error) {
	uri, err := url.Parse(link)
	if err != nil {
		return nil, errors.New("the link to the next page is no URL")
	}
	ri := abs.NewRequestInformation()
	ri.Method = abs.GET
	ri.Headers.AddAll(from.Headers)
	ri.SetUri(*uri)
	return ri, nil
}

// incomplete is for an answer that lacks what it must have.
func incomplete(x *call, err error) *recovery.Error {
	return &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(x.op), Receipt: x.receipt(), Err: err}
}

// wrong is for calls that make no sense and are not sent.
func wrong(op operation, err error) *recovery.Error {
	return &recovery.Error{Kind: recovery.Invalid, Peer: recovery.PeerGraph, Op: string(op), Err: err}
}
