package slackfake

import (
	"math"
	"sync"
	"time"
)

// tier is a Web API method's rate limit tier (docs.slack.dev/apis/web-api/rate-limits): calls per minute.
type tier int

// The tiers. Special is chat.postMessage's own rule: one message per second and channel, with a burst.
const (
	unlimited tier = 0
	tier2     tier = 20
	tier3     tier = 50
	tier4     tier = 100
	special   tier = -1
)

const (
	channelBurst     = 5   // messages at once into one channel; Slack publishes no number
	workspaceMinute  = 600 // messages a minute; Slack says "several hundred"
	workspaceMessage = "messages"
)

// limiter holds a token bucket per method and per channel. It runs on the wall clock, so that moving the stand-in's
// clock neither frees nor blocks anybody.
type limiter struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter() *limiter {
	return &limiter{now: time.Now, buckets: map[string]*bucket{}}
}

// take uses up one call of a bucket that holds at most burst and gains perMinute. If there is none left it returns how
// long to wait, in whole seconds as Retry-After has them.
func (l *limiter) take(name string, burst, perMinute float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b, ok := l.buckets[name]
	if !ok {
		b = &bucket{tokens: burst, at: now}
		l.buckets[name] = b
	}
	b.tokens = min(burst, b.tokens+now.Sub(b.at).Minutes()*perMinute)
	b.at = now
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	seconds := math.Ceil((1 - b.tokens) / perMinute * 60)
	return time.Duration(max(1, seconds)) * time.Second
}

// method takes one call of a method of a tier.
func (l *limiter) method(name string, t tier) time.Duration {
	if t <= unlimited {
		return 0
	}
	return l.take("method "+name, float64(t), float64(t))
}

// message takes one message into a channel.
func (l *limiter) message(channel string) time.Duration {
	if wait := l.take("channel "+channel, channelBurst, 60); wait > 0 {
		return wait
	}
	return l.take(workspaceMessage, workspaceMinute, workspaceMinute)
}
