// Package static holds the files the pages load: one stylesheet, two scripts, the icons. They are part of the binary,
// and their names carry their content, so that browsers keep them for good.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// Prefix begins every path that URL returns.
const Prefix = "/static/"

//go:embed app.css console.js htmx.min.js icons.svg favicon.svg
var embedded embed.FS

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml; charset=utf-8",
}

// file is a file as it is sent.
type file struct {
	contentType  string
	plain, small []byte // small: the same, compressed with gzip
}

var files, urls = load()

// load reads the embedded files. What it cannot read, the compiler has not embedded: then the program is broken.
func load() (files map[string]file, urls map[string]string) {
	files, urls = map[string]file{}, map[string]string{}
	entries, err := embedded.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("static files: %v", err))
	}
	for _, entry := range entries {
		name := entry.Name()
		plain, err := embedded.ReadFile(name)
		if err != nil {
			panic(fmt.Sprintf("static file %s: %v", name, err))
		}
		sum := sha256.Sum256(plain)
		ext := path.Ext(name)
		url := Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		files[url] = file{contentType: contentTypes[ext], plain: plain, small: compress(plain)}
		urls[name] = url
	}
	return files, urls
}

func compress(plain []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails for an unknown level only
	_, _ = w.Write(plain)                                 // a bytes.Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// URL returns the path of an embedded file, such as "/static/app.0123456789ab.css" for "app.css". It panics for a
// name that is not embedded.
func URL(name string) string {
	url, ok := urls[name]
	if !ok {
		panic("static: no file " + name)
	}
	return url
}

// Handler serves the paths that URL returns, and answers 404 to anything else. It expects them without a base path.
func Handler() http.Handler { return http.HandlerFunc(serve) }

func serve(w http.ResponseWriter, r *http.Request) {
	f, ok := files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	header, body := w.Header(), f.plain
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		header.Set("Content-Encoding", "gzip")
		body = f.small
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the browser went away: nobody is left to tell
	}
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110 §12.5.3): gzip counts unless its weight is 0.
func acceptsGzip(header string) bool {
	for coding := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		_, q, weighted := strings.Cut(weight, "=")
		if !weighted {
			return true
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err == nil && value > 0
	}
	return false
}
