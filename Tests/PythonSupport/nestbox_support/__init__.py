"""What the Python suites share: a server of one's own, waiting, the wire by hand, and both official clients as one."""
