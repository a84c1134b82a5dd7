"""One-node Kubernetes on this machine, from upstream's own binaries."""
