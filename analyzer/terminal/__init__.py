"""The session in a terminal: what is printed, the commands of ``analyzer guide``, progress and Ctrl-C."""
