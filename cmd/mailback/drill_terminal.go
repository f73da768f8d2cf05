package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"mailback/recovery"
)

// terminal is where a drill speaks with the administrator who started it.
type terminal struct {
	out   io.Writer
	lines <-chan string // closed at the end of what can be read
	real  bool          // somebody sits there: without, every answer is no
}

// newTerminal reads in line by line for as long as the process runs: a read of a terminal cannot be given up.
func newTerminal(in io.Reader, out io.Writer, isReal bool) *terminal {
	lines := make(chan string)
	if !isReal {
		close(lines)
		return &terminal{out: out, lines: lines}
	}
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(in); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	return &terminal{out: out, lines: lines, real: true}
}

// say prints lines. What the tenant can fill has no control characters then, with which it could draw over them.
func (t *terminal) say(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = printable(s)
		}
	}
	fmt.Fprintf(t.out, format+"\n", args...)
}

// printable leaves out what a terminal obeys rather than shows; a text of several lines stays one.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf)) {
			return -1
		}
		return r
	}, s)
}

// Why a question has no answer.
var (
	errNo       = errors.New("you did not say yes")
	errAnother  = errors.New("what you typed is not the address")
	errNobody   = errors.New("nobody is there to answer: the terminal was closed")
	errNoScreen = errors.New("there is no terminal to ask at, which counts as no")
)

// quietFor is how long nothing has to be typed before a question: what was typed before it was read is no answer to it.
const quietFor = 100 * time.Millisecond

// ask puts a question and gives the line that is typed after it.
func (t *terminal) ask(ctx context.Context, question string) (string, error) {
	for early := true; early && t.real; {
		select {
		case _, more := <-t.lines:
			early = more
		case <-time.After(quietFor):
			early = false
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	fmt.Fprint(t.out, printable(question)+" ")
	select {
	case line, more := <-t.lines:
		switch {
		case !t.real:
			fmt.Fprintln(t.out)
			return "", errNoScreen
		case !more:
			fmt.Fprintln(t.out)
			return "", errNobody
		}
		return strings.TrimSpace(line), nil
	case <-ctx.Done():
		fmt.Fprintln(t.out)
		return "", ctx.Err()
	}
}

// yes asks for a yes; everything else is errNo.
func (t *terminal) yes(ctx context.Context, question string) error {
	answer, err := t.ask(ctx, question+" [y/N]")
	if err != nil {
		return err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return nil
	}
	return errNo
}

// address asks for an address in full; everything else is errAnother.
func (t *terminal) address(ctx context.Context, question, address string) error {
	answer, err := t.ask(ctx, question)
	if err != nil {
		return err
	}
	if answer == "" || !recovery.SameAddress(answer, address) {
		return errAnother
	}
	return nil
}
