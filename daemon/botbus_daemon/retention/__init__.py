"""What is not to be kept: which messages that is, and deleting them beside the traffic."""
