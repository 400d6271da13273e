package handlers

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Of a field that stands in an object twice, encoding/json takes the last one, and it takes names in any case. A proxy or a script that
// looks at a request before the console may take the first, or knows the exact name only: it would let something pass that is not done.

// FieldTwice returns where valid JSON has a field twice in the same object, at any depth, as in filter.id, and whether it has one.
func FieldTwice(valid []byte) (path string, is bool) {
	decoder := json.NewDecoder(bytes.NewReader(valid))
	decoder.UseNumber() // numbers that are too large are refused later
	names := firstTwice(decoder, nil)
	return strings.Join(names, "."), names != nil
}

// firstTwice is FieldTwice for the value that comes next, within the fields named above. It returns nil where there is none.
func firstTwice(decoder *json.Decoder, above []string) []string {
	token, _ := decoder.Token() // what is valid can be read
	delim, opens := token.(json.Delim)
	if !opens {
		return nil
	}
	seen := map[string]bool{}
	for decoder.More() {
		if delim == '[' {
			if twice := firstTwice(decoder, above); twice != nil {
				return twice
			}
			continue
		}
		token, _ := decoder.Token()
		name, _ := token.(string)
		above = append(above, name)
		if seen[name] {
			return above
		}
		seen[name] = true
		if twice := firstTwice(decoder, above); twice != nil {
			return twice
		}
		above = above[:len(above)-1]
	}
	_, _ = decoder.Token() // where it ends
	return nil
}

// ExactFields returns valid JSON, which is to be read into a type, without the fields that its structs do not have by that very name,
// and the names of these. What reads itself, as a time does, is left as it is.
func ExactFields(valid json.RawMessage, into reflect.Type) (known json.RawMessage, unknown []string) {
	for into.Kind() == reflect.Pointer {
		into = into.Elem()
	}
	valid = bytes.TrimSpace(valid)
	switch {
	case reflect.PointerTo(into).Implements(reflect.TypeFor[json.Unmarshaler]()) || len(valid) == 0:
	case into.Kind() == reflect.Struct && valid[0] == '{':
		return exactObject(valid, into)
	case into.Kind() == reflect.Slice && valid[0] == '[':
		return exactList(valid, into.Elem())
	}
	return valid, nil
}

// exactObject is ExactFields of an object.
func exactObject(valid json.RawMessage, into reflect.Type) (known json.RawMessage, unknown []string) {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(valid, &fields) != nil {
		return valid, nil
	}
	types := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(into) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			types[name] = f.Type
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		of, has := types[name]
		if !has {
			unknown = append(unknown, name)
			delete(fields, name)
			continue
		}
		value, without := ExactFields(fields[name], of)
		fields[name], unknown = value, append(unknown, without...)
	}
	known, err := json.Marshal(fields)
	if err != nil {
		return valid, unknown
	}
	return known, unknown
}

// exactList is ExactFields of a list.
func exactList(valid json.RawMessage, each reflect.Type) (known json.RawMessage, unknown []string) {
	var values []json.RawMessage
	if json.Unmarshal(valid, &values) != nil {
		return valid, nil
	}
	for i := range values {
		value, without := ExactFields(values[i], each)
		values[i], unknown = value, append(unknown, without...)
	}
	known, err := json.Marshal(values)
	if err != nil {
		return valid, unknown
	}
	return known, unknown
}
