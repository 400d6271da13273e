package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"testing"
)

func get(t *testing.T, method, path, acceptEncoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept-Encoding", acceptEncoding)
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestURL(t *testing.T) {
	t.Parallel()
	if got := URL("app.css"); !regexp.MustCompile(`^/static/app\.[0-9a-f]{8}\.css$`).MatchString(got) {
		t.Errorf("URL = %q", got)
	}
	if got := URL("htmx.min.js"); !regexp.MustCompile(`^/static/htmx\.min\.[0-9a-f]{8}\.js$`).MatchString(got) {
		t.Errorf("URL = %q", got)
	}
	main := regexp.MustCompile(`^/static/[0-9a-f]{8}/script/main\.js$`)
	if got := URL("script/main.js"); !main.MatchString(got) {
		t.Errorf("URL = %q", got)
	}
}

// TestModulesShareOneHash wants relative imports to lead to files of the same build, and each change to lead to new paths.
func TestModulesShareOneHash(t *testing.T) {
	t.Parallel()
	folder := path.Dir(URL("script/main.js"))
	for name := range read(script) {
		if got, want := URL(name), folder+"/"+path.Base(name); got != want {
			t.Errorf("URL = %q, want %q", got, want)
		}
	}
	one := map[string][]byte{"a": []byte("1"), "b": []byte("2")}
	for what, other := range map[string]map[string][]byte{
		"a content": {"a": []byte("1"), "b": []byte("3")},
		"a name":    {"a": []byte("1"), "c": []byte("2")},
		"an order":  {"a": []byte("2"), "b": []byte("1")},
		"a seam":    {"a": []byte("12"), "b": nil},
		"one less":  {"a": []byte("1")},
	} {
		if hashOfAll(one) == hashOfAll(other) {
			t.Errorf("another hash is wanted for %s", what)
		}
	}
	if hashOfAll(one) != hashOfAll(maps.Clone(one)) {
		t.Error("the same files have two hashes")
	}
}

func TestServesEveryFilePlainAndCompressed(t *testing.T) {
	t.Parallel()
	for name, url := range urls {
		want, err := embedded.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if path.Dir(name) == script {
			want = withoutComments(want)
		}
		plain := get(t, "GET", url, "identity")
		if got, _ := io.ReadAll(plain.Body); !bytes.Equal(got, want) {
			t.Errorf("%s: another content", name)
		}
		for header, value := range map[string]string{
			"Content-Type":     contentTypes[regexp.MustCompile(`\.\w+$`).FindString(name)],
			"Cache-Control":    "public, max-age=31536000, immutable",
			"Vary":             "Accept-Encoding",
			"Content-Encoding": "",
		} {
			if got := plain.Header.Get(header); got != value {
				t.Errorf("%s: %s = %q, want %q", name, header, got, value)
			}
		}
		small := get(t, "GET", url, "br, gzip")
		if small.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: not compressed", name)
		}
		r, err := gzip.NewReader(small.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(r); !bytes.Equal(got, want) {
			t.Errorf("%s: another content after decompression", name)
		}
	}
}

// withoutComments is a module as it is sent: each line stands where it stood.
func withoutComments(module []byte) []byte {
	lines := bytes.Split(module, []byte("\n"))
	for i, line := range lines {
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("//")) {
			lines[i] = nil
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

func TestServesNothingElse(t *testing.T) {
	t.Parallel()
	folder := path.Dir(URL("script/main.js"))
	for _, path := range []string{
		"/static/", "/static/app.css", "/static/static.go", "/static/app.000000000000.css", "/", "/app.css",
		"/static/script/main.js", "/static/000000000000/script/main.js", folder, folder + "/", folder + "/unknown.js", folder + "/../app.css",
	} {
		if got := get(t, "GET", path, "").StatusCode; got != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, got)
		}
	}
	if got := get(t, "POST", URL("app.css"), "").StatusCode; got != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got)
	}
	head := get(t, "HEAD", URL("app.css"), "")
	if body, _ := io.ReadAll(head.Body); head.StatusCode != http.StatusOK || len(body) != 0 {
		t.Errorf("HEAD: %d, %d bytes", head.StatusCode, len(body))
	}
}

func TestAcceptsGzip(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"": false, "gzip": true, "br, gzip": true, "GZIP;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0, br": false, "xgzip": false, "identity": false,
	} {
		if got := AcceptsGzip(header); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
