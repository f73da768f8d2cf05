package deploy

import (
	"os/exec"
	"testing"
)

// TestShellScripts lets the shell and shellcheck read the scripts.
func TestShellScripts(t *testing.T) {
	t.Parallel()
	for _, check := range [][]string{{"bash", "-n"}, {"shellcheck", "--severity=style"}} {
		for _, script := range []string{"entra.sh"} {
			args := append(check[1:], script)
			if out, err := exec.CommandContext(t.Context(), check[0], args...).CombinedOutput(); err != nil {
				t.Errorf("%s %q: %v (Debian's package %s)\n%s", check[0], args, err, check[0], out)
			}
		}
	}
}
