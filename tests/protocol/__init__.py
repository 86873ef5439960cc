"""What is said on the wire: the page that tells it, the codec, the grammar."""
