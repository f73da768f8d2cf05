package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// How long the bot may take.
const (
	readyWithin = 30 * time.Second
	stopWithin  = 15 * time.Second // MAILBACK_STOP_TIMEOUT is 5 s
)

// Errors of starting and ending the bot.
var (
	errRunning    = errors.New("the bot is running")
	errNotRunning = errors.New("the bot is not running")
	errClosing    = errors.New("the sandbox is ending")
)

// bot is the unmodified bot as a child process. It is started and ended by this type alone, and ends with the sandbox.
type bot struct {
	sandbox *Sandbox
	n       int    // from 1
	logFile string // "" where Config.BotLog gets the log

	mu      sync.Mutex
	process *process // nil when there is none
	closed  bool     // the sandbox ends: no new process
}

// process is one run of the bot.
type process struct {
	cmd    *exec.Cmd
	health string        // host:port of /readyz
	ended  chan struct{} // closed when the process is gone
	err    error         // how it ended; readable once ended is closed

	mu    sync.Mutex
	was   bool // ready at least once
	asked bool // somebody asked for its end
}

// BotStatus is what /control/bot answers.
type BotStatus struct {
	Running bool `json:"running"`
	Ready   bool `json:"ready"` // it has a socket to Slack
	PID     int  `json:"pid"`   // 0 when it is not running
}

// newBot makes the replica with a number, from 1.
func newBot(s *Sandbox, n int) *bot {
	b := &bot{sandbox: s, n: n}
	if s.cfg.BotLog == nil {
		b.logFile = filepath.Join(s.dir, fmt.Sprintf("bot%d.log", n))
	}
	return b
}

// start starts the bot and waits until it is ready.
func (b *bot) start(ctx context.Context) error {
	p, err := b.launch(ctx)
	if err != nil {
		return err
	}
	return b.awaitReady(ctx, p)
}

func (b *bot) launch(ctx context.Context) (*process, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return nil, errClosing
	case b.process.alive():
		return nil, errRunning
	}
	l, err := listen(ctx, botPort())
	if err != nil { // not every system has the address
		l, err = listen(ctx, anyPort)
	}
	if err != nil {
		return nil, err
	}
	p := &process{health: l.Addr().String(), ended: make(chan struct{})}
	if err := l.Close(); err != nil {
		return nil, err
	}
	out, closeLog, err := b.openLog()
	if err != nil {
		return nil, err
	}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), b.sandbox.cfg.Program, "serve", "--clock", b.sandbox.ClockFile()) //nolint:gosec // the program is this one
	p.cmd.Env, p.cmd.Dir = b.sandbox.botEnv(b.n, p.health), b.sandbox.dir
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = endWithParent()
	if err := b.run(p, closeLog); err != nil {
		return nil, fmt.Errorf("start the bot: %w", err)
	}
	b.process = p
	return p, nil
}

func (b *bot) openLog() (io.Writer, func() error, error) {
	if b.logFile == "" {
		return b.sandbox.cfg.BotLog, func() error { return nil }, nil
	}
	f, err := os.OpenFile(b.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open the bot's log: %w", err)
	}
	return f, f.Close, nil
}

// run starts the process and waits for its end in a goroutine that has a thread of its own: Linux ends a child together
// with the thread that started it, which may be long before the parent ends.
func (b *bot) run(p *process, closeLog func() error) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
		}
		_ = closeLog() // what the bot wrote is there; nothing was written here
		close(p.ended)
		if told := b.sandbox.cfg.BotEnded; err == nil && told != nil && p.surprising() {
			told(b.story(p))
		}
	}()
	return <-started
}

// story says how the bot ended, with the end of its log.
func (b *bot) story(p *process) error {
	if p.err == nil {
		return b.withLog(errors.New("the bot ended by itself, without an error"))
	}
	return b.withLog(fmt.Errorf("the bot ended by itself: %w", p.err))
}

// logEnd is how much of the bot's log is shown.
const logEnd = 4096

func (b *bot) withLog(err error) error {
	if b.logFile == "" {
		return err
	}
	text, readErr := os.ReadFile(b.logFile)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	if len(text) > logEnd {
		text = text[len(text)-logEnd:]
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return fmt.Errorf("%w; its log ends with:\n%s", err, bytes.TrimSpace(text))
}

func (b *bot) awaitReady(ctx context.Context, p *process) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !p.ready(ctx) {
		select {
		case <-tick.C:
		case <-p.ended:
			return b.story(p)
		case <-ctx.Done():
			return b.withLog(fmt.Errorf("the bot is not ready: %w", ctx.Err()))
		}
	}
	p.wasReady()
	return nil
}

func (b *bot) current() *process {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.process
}

// signal does what POST /control/bot asks for.
func (b *bot) signal(ctx context.Context, name string) error {
	switch name {
	case "kill":
		return b.kill()
	case "stop":
		if !b.current().alive() {
			return errNotRunning
		}
		return b.stop()
	case "start":
		return b.start(ctx)
	default:
		return fmt.Errorf("unknown signal %q: it is one of kill, stop, start", name)
	}
}

// kill ends the bot at once, as a crash does.
func (b *bot) kill() error {
	p := b.current()
	if !p.alive() {
		return errNotRunning
	}
	return p.end(os.Kill, stopWithin)
}

// stop asks the bot to end and waits for it; one that does not end in time is killed. It is nil if there was none.
func (b *bot) stop() error {
	p := b.current()
	if !p.alive() {
		return nil
	}
	return p.end(syscall.SIGTERM, stopWithin)
}

// close is stop for good.
func (b *bot) close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	return b.stop()
}

// Health is the address of the first bot's own health page, as http://127.0.0.1:9090; empty while it is not there.
func (s *Sandbox) Health() string {
	if len(s.bots) == 0 || !s.bots[0].current().alive() {
		return ""
	}
	return "http://" + s.bots[0].current().health
}

func (b *bot) status(ctx context.Context) BotStatus {
	p := b.current()
	if !p.alive() {
		return BotStatus{}
	}
	return BotStatus{Running: true, Ready: p.ready(ctx), PID: p.cmd.Process.Pid}
}

func (p *process) alive() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// surprising reports whether nobody knows yet that the process ended: who started it hears what comes before it is ready.
func (p *process) surprising() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.was && !p.asked
}

func (p *process) wasReady() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.was = true
}

// end sends a signal and waits until the process is gone.
func (p *process) end(signal os.Signal, within time.Duration) error {
	p.mu.Lock()
	p.asked = true
	p.mu.Unlock()
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return errors.Join(err, p.cmd.Process.Kill())
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(within):
	}
	err := p.cmd.Process.Kill()
	<-p.ended
	return errors.Join(fmt.Errorf("the bot did not end within %v and was killed", within), err)
}

// ready asks /readyz.
func (p *process) ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.health+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close() // its status is all that counts
	return answer.StatusCode == http.StatusOK
}
