//go:build tools

// Package tools pins the AWS provider for OpenTofu: version and checksums are in go.mod and go.sum.
package tools

import _ "github.com/hashicorp/terraform-provider-aws"
