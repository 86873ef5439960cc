"""What the daemon promises, tried against real daemons over real sockets."""
