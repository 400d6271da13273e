// Console manages who may do what in a company account.
package main

import (
	"os"

	"console/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
