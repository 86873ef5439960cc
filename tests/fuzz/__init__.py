"""What is almost right, in great numbers: the codec and a running daemon fed with mutated frames."""
