package api

import (
	"net/http"
	"slices"
)

// Operations is the map of the API, in the order of the document. The first part of a path is the section that an operation stands in.
func Operations() []Operation {
	const get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete
	const ok, created, empty = http.StatusOK, http.StatusCreated, http.StatusNoContent
	return slices.Concat([]Operation{
		{get, "/groups", "listGroups", "The groups, by name.", ok, by((*API).listGroups)},
		{post, "/groups", "createGroup", "Makes a group, whose permissions are those of a role or its own.", created, by((*API).createGroup)},
		{get, "/groups/{id}", "readGroup", "A group and the tenants it covers.", ok, by((*API).readGroup)},
		{patch, "/groups/{id}", "renameGroup", "Gives a group another name.", ok, by((*API).renameGroup)},
		{put, "/groups/{id}/permissions", "setGroupPermissions", "Gives a group another role, or other permissions of its own.", ok,
			by((*API).setGroupPermissions)},
		{del, "/groups/{id}", "deleteGroup", "Deletes a group. Its members lose what only it gave them.", empty, by((*API).deleteGroup)},
	}, tenantOperations(), triggerOperations(), integrationOperations(), deliveryOperations(), activityOperations(), settingsOperations(),
		tokenOperations())
}
