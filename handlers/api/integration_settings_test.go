package api

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"console/internal/notify"
)

// Each setting of each kind of integration is a field, and there are no others.
func TestSettingsAreThoseOfTheKinds(t *testing.T) {
	var fields, settings []string
	kindField, _ := reflect.TypeFor[newIntegration]().FieldByName("Kind")
	for _, f := range reflect.VisibleFields(reflect.TypeFor[integrationSettings]()) {
		fields = append(fields, jsonName(f))
	}
	for _, kind := range notify.Kinds() {
		if !slices.Contains(strings.Split(kindField.Tag.Get("enum"), ","), kind.Key) {
			t.Errorf("the API does not know the kind %s", kind.Key)
		}
		for _, f := range kind.Fields {
			settings = append(settings, f.Name)
			of, _ := reflect.TypeFor[integrationSettings]().FieldByNameFunc(func(name string) bool {
				field, _ := reflect.TypeFor[integrationSettings]().FieldByName(name)
				return jsonName(field) == f.Name
			})
			for _, o := range f.Options {
				if !slices.Contains(strings.Split(of.Tag.Get("enum"), ","), o.Value) {
					t.Errorf("the API does not know %s of %s", o.Value, f.Name)
				}
			}
		}
	}
	slices.Sort(fields)
	slices.Sort(settings)
	if settings = slices.Compact(settings); !slices.Equal(fields, settings) {
		t.Errorf("the API has the settings %v, the kinds have %v", fields, settings)
	}
}
