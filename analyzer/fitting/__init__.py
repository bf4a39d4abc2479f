"""From labelled texts to a calibration card, and how good it is; only here anything is fitted."""
