//go:build tools

// Package tools pins the Vault server that the checks build: version and checksums are in go.mod and go.sum.
package tools

import _ "github.com/hashicorp/vault"
