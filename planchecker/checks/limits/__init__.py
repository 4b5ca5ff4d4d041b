"""From published limits to findings: which apply, on which contour, with what verdict."""
