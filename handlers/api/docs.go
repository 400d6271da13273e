package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"console/handlers"
	"console/views"
)

// What the page for people needs of the document.
type (
	document struct {
		Info struct {
			Description string `json:"description"`
		} `json:"info"`
		Paths      map[string]map[string]documented `json:"paths"`
		Components struct {
			Schemas   map[string]schema             `json:"schemas"`
			Responses map[string]documentedResponse `json:"responses"`
		} `json:"components"`
	}
	documented struct {
		ID         string                        `json:"operationId"`
		Summary    string                        `json:"summary"`
		Parameters []parameter                   `json:"parameters"`
		Body       content                       `json:"requestBody"`
		Responses  map[string]documentedResponse `json:"responses"`
	}
	parameter struct {
		Name     string `json:"name"`
		In       string `json:"in"`
		Required bool   `json:"required"`
		About    string `json:"description"`
		Schema   schema `json:"schema"`
	}
	content struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	}
	documentedResponse struct {
		content
		Ref   string `json:"$ref"`
		About string `json:"description"`
	}
	schema struct {
		Ref        string            `json:"$ref"`
		Type       any               `json:"type"` // a text or a list of them
		Format     string            `json:"format"`
		About      string            `json:"description"`
		Enum       []any             `json:"enum"`
		Items      *schema           `json:"items"`
		Properties map[string]schema `json:"properties"`
		Required   []string          `json:"required"`
	}
)

// readDocs is the document as the page shows it: the operations in the order of the map.
func readDocs() (views.APIDocs, error) {
	var d document
	if err := json.Unmarshal(described, &d); err != nil {
		return views.APIDocs{}, err
	}
	docs := views.APIDocs{About: d.Info.Description, Document: prefix + "/openapi.json"}
	for _, o := range Operations() {
		name, _, _ := strings.Cut(strings.TrimPrefix(o.Path, "/"), "/")
		section := slices.IndexFunc(docs.Sections, func(s views.APISection) bool { return s.Name == name })
		if section < 0 {
			section = len(docs.Sections)
			docs.Sections = append(docs.Sections, views.APISection{Name: name})
		}
		docs.Sections[section].Operations = append(docs.Sections[section].Operations, d.operation(o))
	}
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		docs.Types = append(docs.Types, views.APIType{Name: name, Fields: d.Components.Schemas[name].fields()})
	}
	return docs, nil
}

func (d document) operation(o Operation) views.APIOperation {
	said := d.Paths[o.Path][strings.ToLower(o.Method)]
	shown := views.APIOperation{Method: o.Method, Path: o.Path, ID: o.ID, About: o.About, Body: said.Body.typeName()}
	for _, p := range said.Parameters {
		field := p.Schema.field(p.Name, p.Required)
		field.In, field.About = p.In, p.About
		shown.Takes = append(shown.Takes, field)
	}
	for _, status := range slices.Sorted(maps.Keys(said.Responses)) {
		response := said.Responses[status]
		if response.Ref != "" {
			response = d.Components.Responses[lastPart(response.Ref)]
		}
		if kind := response.typeName(); kind == "Problem" {
			shown.Refusals = append(shown.Refusals, status)
		} else {
			shown.Answers = append(shown.Answers, views.APIAnswer{Status: status, About: response.About, Type: kind})
		}
	}
	if p, takes := o.Needs.Permission(); takes {
		shown.Permission = p.String()
	}
	return shown
}

// typeName is what a body is: the name of a type, or a kind of file.
func (c content) typeName() string {
	for kind, body := range c.Content {
		return cmp.Or(lastPart(body.Schema.Ref), kind)
	}
	return ""
}

func lastPart(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }

// fields are those of an object, by name.
func (s schema) fields() []views.APIField {
	var fields []views.APIField
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		fields = append(fields, s.Properties[name].field(name, slices.Contains(s.Required, name)))
	}
	return fields
}

func (s schema) field(name string, required bool) views.APIField {
	f := views.APIField{Name: name, Required: required, About: s.About}
	of := s
	if s.Items != nil {
		f.Kind, of = "list of", *s.Items
	}
	f.Of = cmp.Or(lastPart(of.Ref), of.Format, of.typeWords())
	for _, choice := range of.Enum {
		f.Choices = append(f.Choices, fmt.Sprint(choice))
	}
	return f
}

// typeWords are the types that a value can have.
func (s schema) typeWords() string {
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		words := make([]string, len(t))
		for i, one := range t {
			words[i] = fmt.Sprint(one)
		}
		return strings.Join(words, " or ")
	}
	return ""
}

// readPage is the page for people. It is the same for everybody.
func (a *API) readPage() ([]byte, error) {
	docs, err := readDocs()
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	framed := views.WithFrame(context.Background(), &views.Frame{Brand: a.brand, BasePath: a.basePath, Now: a.export.Now()})
	err = views.APIDocsPage(docs).Render(framed, &page)
	return page.Bytes(), err
}

// showDocs answers with the page for people. It says nothing of the account.
func (a *API) showDocs(c handlers.Request) error {
	page, err := a.docs()
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.HTMLBlob(http.StatusOK, page)
}
