//go:build tools

// Package tools pins OpenTofu, which drives the AWS provider: version and checksums are in go.mod and go.sum.
// OpenTofu is built on a changed HCL; go.mod has the replacement from OpenTofu's own.
package tools

import _ "github.com/opentofu/opentofu/cmd/tofu"
