"""What players perform; each module is about one thing that is measured."""
