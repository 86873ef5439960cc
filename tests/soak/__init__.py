"""Hours in small: a mixed load on one daemon, and whether what it holds of its machine levels off."""
