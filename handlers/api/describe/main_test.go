package main

import (
	"bytes"
	"testing"

	"console/handlers/api"
)

func TestDocumentIsFresh(t *testing.T) {
	made, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, api.Document()) {
		t.Error("openapi.json is not what the code says: run make generate")
	}
}
