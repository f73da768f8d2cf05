// Package deploy holds no code, but what Mailback is installed with: scripts for Entra and Exchange Online, a unit for systemd, a container,
// manifests for Kubernetes, and alerts for Prometheus, which cmd/mailback tests. The tests here read each of the others with the parser of
// whoever will read it, and compare it with the program. They are a module of their own, so that Kubernetes' types and BuildKit's parser are
// no requirements of the program.
package deploy
