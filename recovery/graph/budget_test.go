package graph

import (
	"context"
	"net/http"
	"testing"
	"time"

	"mailback/recovery"
)

func TestOthersGoBeforeThoseOfMany(t *testing.T) {
	t.Parallel()
	b, now, many := newBudget(), time.Now(), recovery.WithBulk(context.Background())
	take := func(ctx context.Context) time.Duration {
		wait, err := b.take(ctx, opUser, now)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	gap := time.Duration(float64(time.Second) / firstRate)
	for i, want := range []time.Duration{0, gap, 2 * gap} {
		if got := take(many); got != want {
			t.Errorf("call %d of many waits %v, want %v", i, got, want)
		}
	}
	for range 2 {
		if got := take(context.Background()); got != 0 {
			t.Errorf("another call waits %v", got)
		}
	}
	if got := take(many); got != 5*gap {
		t.Errorf("the next of many waits %v, want %v", got, 5*gap)
	}
}

func TestARefusalHoldsAllOfMany(t *testing.T) {
	t.Parallel()
	b, now, many := newBudget(), time.Now(), recovery.WithBulk(context.Background())
	b.answered(&call{status: http.StatusOK}, now)
	now = now.Add(1500 * time.Millisecond)
	refused := func(after string) {
		b.answered(&call{status: http.StatusTooManyRequests, header: http.Header{"Retry-After": {after}}}, now)
	}
	refused("2")
	refused("2")
	if b.rate != firstRate*slowDown {
		t.Errorf("after two refusals at once the rate is %v", b.rate)
	}
	if wait, err := b.take(many, opUser, now); err != nil || wait != 2*time.Second {
		t.Errorf("waits %v, %v", wait, err)
	}
	if wait, err := b.take(context.Background(), opUser, now); err != nil || wait != 0 {
		t.Errorf("another call waits %v, %v", wait, err)
	}
	refused("60")
	if _, err := b.take(many, opUser, now); recovery.KindOf(err) != recovery.Throttled || recovery.Pause(err) != time.Minute {
		t.Errorf("a long pause: %v", err)
	}
	for range 1000 {
		now = now.Add(2 * time.Second)
		refused("1")
	}
	if b.rate != leastRate {
		t.Errorf("the rate sinks to %v", b.rate)
	}
	for range 1000 {
		now = now.Add(2 * time.Second)
		b.answered(&call{status: http.StatusOK}, now)
	}
	if b.rate != mostRate {
		t.Errorf("the rate rises to %v", b.rate)
	}
}
