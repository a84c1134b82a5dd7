"""The command line of axon, and what it needs to make a stack: tools, a cluster, images, reports."""
