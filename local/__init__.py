"""Make and run what this machine lacks: tools, a cluster, images."""
