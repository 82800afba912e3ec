//go:build tools

// Package tools pins OpenTofu, which drives the AWS provider: version and checksums are in go.mod and go.sum.
package tools

import _ "github.com/opentofu/opentofu/cmd/tofu"
