"""Workers and daemons that die at the worst moments, and an outside file that counts what was done."""
