// Command describe writes the document of the API, openapi.json, from the operations in the code and the types that they are asked with
// and answer.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/swaggest/jsonschema-go"
	"github.com/swaggest/openapi-go"
	"github.com/swaggest/openapi-go/openapi31"

	"console/handlers/api"
)

func main() {
	document, err := Document()
	if err == nil {
		err = os.WriteFile("openapi.json", document, 0o644) //nolint:gosec // it is public
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// about is what the document says of the API as a whole.
const about = "What people do on the pages of the console, programs do here, by the same rules. A request carries an API token as " +
	"`Authorization: Bearer`. Times are UTC as in 2026-01-31T12:00:00Z; ids are those of the pages. Lists come in pages: `next` is " +
	"the `cursor` of the next one. Fields that an operation does not know are refused."

// Document is the document as it stands in openapi.json.
func Document() ([]byte, error) {
	reflector := openapi31.NewReflector()
	reflector.Spec.Info.WithTitle("Console API").WithVersion("1").WithDescription(about)
	reflector.Spec.WithServers(openapi31.Server{URL: "/api/v1"})
	reflector.Spec.SetHTTPBearerTokenSecurity("token", "", "An API token.")
	reflector.Spec.WithSecurity(map[string][]string{"token": {}})
	reflector.DefaultOptions = append(reflector.DefaultOptions, jsonschema.InterceptProp(answered), jsonschema.InterceptNullability(noNull),
		jsonschema.InterceptDefName(schemaName))
	for _, o := range api.Operations() {
		if err := describe(reflector, o); err != nil {
			return nil, fmt.Errorf("%s: %w", o.ID, err)
		}
	}
	compact, err := reflector.Spec.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var indented bytes.Buffer
	err = json.Indent(&indented, compact, "", "  ")
	return append(indented.Bytes(), '\n'), err
}

// schemaName is what a type is called in the document: a page of groups is a GroupPage.
func schemaName(t reflect.Type, name string) string {
	if items, is := t.FieldByName("Items"); is && strings.HasPrefix(t.Name(), "page[") {
		of := items.Type.Elem().Name()
		return strings.ToUpper(of[:1]) + of[1:] + "Page"
	}
	return strings.TrimPrefix(name, "Api")
}

// describe adds an operation to the document.
func describe(reflector *openapi31.Reflector, o api.Operation) error {
	described, err := reflector.NewOperationContext(o.Method, o.Path)
	if err != nil {
		return err
	}
	section, _, _ := strings.Cut(strings.TrimPrefix(o.Path, "/"), "/")
	described.SetID(o.ID)
	described.SetSummary(o.About)
	if p, takes := o.Needs.Permission(); takes {
		described.SetDescription("Takes the permission " + p.String() + ".")
	}
	described.SetTags(section)
	described.AddReqStructure(reflect.New(o.In).Interface())
	if o.Creates() {
		described.AddReqStructure(new(idempotent))
	}
	if o.File == "" {
		described.AddRespStructure(reflect.New(o.Out).Interface(), func(c *openapi.ContentUnit) { c.HTTPStatus = o.Status })
	} else {
		described.AddRespStructure(new(string), func(c *openapi.ContentUnit) { c.HTTPStatus, c.ContentType = o.Status, o.File })
	}
	for _, status := range api.Refusals(o) {
		described.AddRespStructure(new(api.Problem), func(c *openapi.ContentUnit) {
			c.HTTPStatus, c.ContentType, c.Description = status, "application/problem+json", http.StatusText(status)
		})
	}
	if err := reflector.AddOperation(described); err != nil {
		return err
	}
	operation := described.(openapi31.OperationExposer).Operation()
	for _, status := range api.Refusals(o) {
		share(reflector.Spec.ComponentsEns(), operation.Responses, status)
	}
	if operation.RequestBody != nil {
		operation.RequestBody.RequestBodyEns().WithRequired(true)
	}
	return nil
}

// share moves an answer, which other operations have too, to where they all find it.
func share(components *openapi31.Components, answers *openapi31.Responses, status int) {
	name := strings.ReplaceAll(http.StatusText(status), " ", "")
	code := strconv.Itoa(status)
	components.WithResponsesItem(name, answers.MapOfResponseOrReferenceValues[code])
	answers.WithMapOfResponseOrReferenceValuesItem(code, openapi31.ResponseOrReference{
		Reference: &openapi31.Reference{Ref: "#/components/responses/" + name},
	})
}

// idempotent is what each request may carry that makes something.
type idempotent struct {
	Key string `header:"Idempotency-Key" maxLength:"255" description:"A text of the program's choice. The same request with the same key is carried out once within 24 hours; sent again it answers what was made, without its secrets."`
}

// answered makes the document say of answers that all their fields are there, unless they are left out where they are empty.
func answered(p jsonschema.InterceptPropParams) error {
	if !p.Processed {
		return nil
	}
	tag := p.Field.Tag.Get("json")
	if tag == "" || tag == "-" || strings.Contains(tag, "omitempty") || p.Field.Tag.Get("required") == "true" ||
		p.Field.Type.Kind() == reflect.Pointer && p.Field.Tag.Get("required") == "false" {
		return nil
	}
	if !slices.Contains(p.ParentSchema.Required, p.Name) {
		p.ParentSchema.Required = append(p.ParentSchema.Required, p.Name)
	}
	return nil
}

// noNull makes the document say of lists and objects that they are never null.
func noNull(p jsonschema.InterceptNullabilityParams) {
	if p.Type.Kind() == reflect.Slice || p.Type.Kind() == reflect.Map {
		p.Schema.RemoveType(jsonschema.Null)
	}
}
