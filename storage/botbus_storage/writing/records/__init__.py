"""Carrying out what is done to the records that bots share."""
