package cli

// forbidDumps does nothing: Windows dumps what crashes only where its administrator has told it to, and no program can refuse.
func forbidDumps() error { return nil }
