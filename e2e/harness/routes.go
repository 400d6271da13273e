package harness

import (
	"console/handlers"
	"console/internal/permission"
)

// Routes is the map of the console's pages.
func (c *Console) Routes() []handlers.Route {
	return handlers.New(handlers.Options{BaseURL: c.URL}).Routes()
}

// Visitor is the kind of actor who is not signed in, Nobody the kind who is in no group.
const (
	Visitor = permission.Role("visitor")
	Nobody  = permission.Role("nobody")
)
