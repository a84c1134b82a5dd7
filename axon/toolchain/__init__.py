"""Tools that axon needs: found on the machine, or built."""
