"""Calibration cards that come with the program."""
