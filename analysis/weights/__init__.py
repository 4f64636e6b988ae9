"""After fieldwork: base weights, non-response, and calibration to known totals."""
