// Package static holds the files the pages load: one stylesheet, htmx, the modules of the script, the icons. They are part of
// the binary, and their paths carry their content, so that browsers keep them for good.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Prefix begins every path that URL returns.
const Prefix = "/static/"

// script is the folder of the script, whose first module is main.js. Its modules import each other by relative paths.
const script = "script"

//go:embed app.css htmx.min.js icons.svg favicon.svg script/*.js
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

// comment is a line of a module with nothing but a comment. Such lines are sent empty: comments would be a quarter of what the
// script weighs, and without the lines the browser's messages would name wrong ones.
var comment = regexp.MustCompile(`(?m)^[\t ]*//.*$`)

var files, urls = load()

// load takes the embedded files. The name of a file carries its own hash. The modules of the script stand under one hash over
// all of them: a module and what it imports are always of the same build, and none has to know the hash of another.
func load() (files map[string]file, urls map[string]string) {
	files, urls = map[string]file{}, map[string]string{}
	add := func(url, name string, plain []byte) {
		files[url] = file{contentType: contentTypes[path.Ext(name)], plain: plain, small: compress(plain)}
		urls[name] = url
	}
	for name, plain := range read(".") {
		ext := path.Ext(name)
		add(Prefix+strings.TrimSuffix(name, ext)+"."+hash(plain)+ext, name, plain)
	}
	modules := read(script)
	for name, plain := range modules {
		modules[name] = comment.ReplaceAll(plain, nil)
	}
	folder := Prefix + hashOfAll(modules) + "/"
	for name, plain := range modules {
		add(folder+name, name, plain)
	}
	return files, urls
}

// read returns the files of an embedded folder. What it cannot read, the compiler has not embedded: then the program is broken.
func read(folder string) map[string][]byte {
	contents := map[string][]byte{}
	entries, err := embedded.ReadDir(folder)
	if err != nil {
		panic(fmt.Sprintf("static files: %v", err))
	}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		name := path.Join(folder, entry.Name())
		plain, err := embedded.ReadFile(name)
		if err != nil {
			panic(fmt.Sprintf("static file %s: %v", name, err))
		}
		contents[name] = plain
	}
	return contents
}

// hash is what a path carries of a content: enough to tell its versions apart, and short, because a page has dozens of such paths.
func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:4])
}

// hashOfAll changes with the content of each file, and with its name.
func hashOfAll(contents map[string][]byte) string {
	var list bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		fmt.Fprintf(&list, "%x %s\n", sha256.Sum256(contents[name]), name)
	}
	return hash(list.Bytes())
}

func compress(plain []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails for an unknown level only
	_, _ = w.Write(plain)                                 // a bytes.Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// URL returns the path of an embedded file, such as "/static/app.0123456789ab.css" for "app.css", or
// "/static/0123456789ab/script/main.js" for "script/main.js". It panics for a name that is not embedded.
func URL(name string) string {
	url, ok := urls[name]
	if !ok {
		panic("static: no file " + name)
	}
	return url
}

var scripts = imported()

// Scripts returns the names of the modules that script/main.js imports, directly or not, in a fixed order. A browser would learn
// of them only when it has read main.js, so the page tells it at once.
func Scripts() []string { return scripts }

func imported() []string {
	var names []string
	for name := range urls {
		if path.Dir(name) == script && path.Base(name) != "main.js" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
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
	if AcceptsGzip(r.Header.Get("Accept-Encoding")) {
		header.Set("Content-Encoding", "gzip")
		body = f.small
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the browser went away: nobody is left to tell
	}
}

// AcceptsGzip reads an Accept-Encoding header (RFC 9110 §12.5.3): gzip counts unless its weight is 0.
func AcceptsGzip(header string) bool {
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
