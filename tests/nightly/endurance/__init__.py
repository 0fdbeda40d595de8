"""Long use: what stays behind after many visits, what a cut or a kill loses."""
