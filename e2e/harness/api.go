package harness

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"console/e2e/apiclient"
	"console/handlers/api"
)

// API is the client that is made from the API's document. Each answer is compared with the document.
func (c *Console) API(token string) *apiclient.ClientWithResponses {
	c.T.Helper()
	made, err := apiclient.NewClientWithResponses(strings.TrimSuffix(c.URL.String(), "/")+"/api/v1",
		apiclient.WithHTTPClient(&http.Client{Transport: described{c}}),
		apiclient.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+token)
			return nil
		}))
	if err != nil {
		c.T.Fatal(err)
	}
	return made
}

// AskAPI sends a request as a script does that has no client, and compares the answer with the document, too. The path begins
// under /api/v1; what the document does not know may only be refused.
func (c *Console) AskAPI(token, method, path, body string, headers ...string) (*http.Response, string) {
	c.T.Helper()
	asked, err := http.NewRequestWithContext(c.T.Context(), method, strings.TrimSuffix(c.URL.String(), "/")+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		c.T.Fatal(err)
	}
	if token != "" {
		asked.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		asked.Header.Set(headers[i], headers[i+1])
	}
	answered, err := (&http.Client{Transport: described{c}}).Do(asked)
	if err != nil {
		c.T.Fatal(err)
	}
	defer answered.Body.Close()
	read, err := io.ReadAll(answered.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	return answered, string(read)
}

// described compares what is answered with the document of the API.
type described struct{ console *Console }

// RoundTrip implements http.RoundTripper.
func (d described) RoundTrip(asked *http.Request) (*http.Response, error) {
	transport := d.console.Transport
	if transport == nil {
		transport = directly
	}
	answered, err := transport.RoundTrip(asked)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answered.Body)
	if err != nil {
		return nil, err
	}
	_ = answered.Body.Close()
	answered.Body = io.NopCloser(bytes.NewReader(body))
	d.console.compare(asked, answered, body)
	return answered, nil
}

// compare reports an answer that is none of those that the document has for the request.
func (c *Console) compare(asked *http.Request, answered *http.Response, body []byte) {
	c.T.Helper()
	known, err := documented()
	if err != nil {
		c.T.Fatal(err)
	}
	inside := asked.Clone(asked.Context())
	_, inside.URL.Path, _ = strings.Cut(asked.URL.Path, "/api/v1")
	inside.URL.Path = "/api/v1" + inside.URL.Path
	inside.URL.Host, inside.URL.Scheme, inside.Host = "", "", ""
	route, params, err := known.FindRoute(inside)
	if err != nil {
		if answered.StatusCode < http.StatusBadRequest {
			c.T.Errorf("%s %s is answered %d, and the document knows no such operation", asked.Method, asked.URL.Path, answered.StatusCode)
		}
		return
	}
	err = openapi3filter.ValidateResponse(asked.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: inside, PathParams: params, Route: route},
		Status:                 answered.StatusCode, Header: answered.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		c.T.Errorf("%s %s is not answered as the document says: %v", asked.Method, asked.URL.Path, err)
	}
}

// documented finds operations in the document.
var documented = sync.OnceValues(func() (routers.Router, error) {
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/csv", openapi3filter.FileBodyDecoder) // as it is, not as a table
	document, err := openapi3.NewLoader().LoadFromData(api.Document())
	if err != nil {
		return nil, err
	}
	if err := document.Validate(context.Background()); err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(document)
})
