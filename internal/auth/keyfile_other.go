//go:build !unix

package auth

import (
	"io/fs"
	"os"
)

// keepOwner does nothing: files inherit their access lists from the directory.
func keepOwner(*os.File, fs.FileInfo) error { return nil }
