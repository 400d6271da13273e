package api

import "slices"

// Operations is the map of the API, in the order of the document. The first part of a path is the section that an operation stands in.
func Operations() []Operation {
	return slices.Concat(
		groupOperations(),
		groupMemberOperations(),
		userOperations(),
		sessionOperations(),
		invitationOperations(),
		jobOperations(),
		permissionOperations(),
		tenantOperations(),
		triggerOperations(),
		integrationOperations(),
		deliveryOperations(),
		activityOperations(),
		settingsOperations(),
		tokenOperations(),
	)
}
