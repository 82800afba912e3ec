//go:build tools

// Package tools pins the Pulumi engine that the rehearsal builds: version and checksums are in go.mod and go.sum.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
