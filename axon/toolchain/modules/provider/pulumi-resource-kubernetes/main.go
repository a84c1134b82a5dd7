// Command pulumi-resource-kubernetes is Pulumi's Kubernetes provider. Upstream's own main embeds two files that its
// build makes; this one embeds the same files, copied beside it from the module (see local/toolbox/builds.py).
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var mapping []byte

func main() { provider.Serve("kubernetes", version.Version, schema, mapping) }
