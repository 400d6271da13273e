package views

import "strings"

// APIDocs is the description of the API for programs, as a page for people.
type APIDocs struct {
	About    string
	Document string // path of the document that the page is made of
	Sections []APISection
	Types    []APIType
}

// APISection is the operations whose paths begin with the same word.
type APISection struct {
	Name       string
	Operations []APIOperation
}

// APIOperation is something that a program can ask for.
type APIOperation struct {
	Method, Path, ID, About string
	Takes                   []APIField // in the path, the query and the headers
	Body                    string     // the type of the body; empty: there is none
	Permission              string     // that it takes whatever it is about; empty: none
	Answers                 []APIAnswer
	Refusals                []string // the statuses with which it answers a Problem
}

// APIAnswer is one of the answers that an operation can give.
type APIAnswer struct{ Status, About, Type string }

// APIType is an object that programs send or are answered.
type APIType struct {
	Name   string
	Fields []APIField
}

// APIField is a value that programs send or are answered.
type APIField struct {
	Name     string
	Of       string // the type of the value: words, or the name of an APIType
	Kind     string // words before the type, such as "list of"
	About    string
	In       string // where it stands: "path", "query", "header"; empty for the fields of an object
	Required bool
	Choices  []string
}

// typeAnchor is where a type stands on the page; "" for words that are no type of it.
func (d APIDocs) typeAnchor(name string) string {
	for _, t := range d.Types {
		if t.Name == name {
			return "type-" + name
		}
	}
	return ""
}

// words are what is said of a field beside its name and type.
func (f APIField) words() string {
	words := []string{}
	if f.In != "" {
		words = append(words, "in the "+f.In)
	}
	if f.Required {
		words = append(words, "required")
	}
	if len(f.Choices) > 0 {
		words = append(words, "one of "+strings.Join(f.Choices, ", "))
	}
	return strings.Join(words, "; ")
}
