// Command constant answers every request with the bytes of one file: the most that echo can do with a page of that size.
// It is what the console's users page is measured against.
package main

import (
	"flag"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	file := flag.String("file", "", "page to answer with")
	flag.Parse()
	page, err := os.ReadFile(*file)
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.Any("/*", func(c echo.Context) error { return c.HTMLBlob(http.StatusOK, page) })
	server := &http.Server{Addr: *listen, Handler: e, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
