package views

import (
	"net/url"
	"slices"
)

// Form is what a person has filled in and what is wrong with it. The zero value is an empty form.
type Form struct {
	Values url.Values
	Errors map[string]string // field → what is wrong with it; "" → what is wrong with the whole
}

// Get returns the value of a field.
func (f Form) Get(name string) string { return f.Values.Get(name) }

// Has reports whether value is among the values of a field: whether its box is ticked.
func (f Form) Has(name, value string) bool { return slices.Contains(f.Values[name], value) }

// Error returns what is wrong with a field, or "".
func (f Form) Error(name string) string { return f.Errors[name] }

// summary is what is said above the fields.
func (f Form) summary() string {
	if whole := f.Errors[""]; whole != "" || len(f.Errors) == 0 {
		return whole
	}
	return "Something is missing or wrong. Look at the marked fields."
}

// field is a labelled input, select or box of a form.
type field struct {
	Name, Label string
	Type        string // of an input; empty: text
	Hint        string
	Placeholder string
	Autofill    string // the autocomplete token
	Optional    bool
	Focus       bool // the first one a person fills in
	Unsent      bool // a choice that is drawn again before it is saved
}

func (f field) id() string      { return "field-" + f.Name }
func (f field) hintID() string  { return "field-" + f.Name + "-hint" }
func (f field) errorID() string { return "field-" + f.Name + "-error" }

func (f field) inputType() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

// describedBy names the elements that explain the field.
func (f field) describedBy(form Form) string {
	wrong := form.Error(f.Name) != ""
	switch {
	case f.Hint != "" && wrong:
		return f.hintID() + " " + f.errorID()
	case f.Hint != "":
		return f.hintID()
	case wrong:
		return f.errorID()
	}
	return ""
}

type option struct{ Value, Label string }

// wholeOf is what is wrong with a form as a whole. A form of one field needs no word above it about the field.
func wholeOf(f Form) map[string]string {
	if whole := f.Errors[""]; whole != "" {
		return map[string]string{"": whole}
	}
	return nil
}
