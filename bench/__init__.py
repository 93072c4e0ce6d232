"""What the promises of speed come to on this machine: `make bench`."""
