package handlers

import (
	"net/http"
	"strings"

	"console/internal/permission"
)

// Route is one entry of the map: what answers where, and who may ask.
type Route struct {
	Method string
	Path   string
	Needs  Need
	Handle handler
}

// Need says who may use a route. The operation behind it checks again what depends on its object.
type Need struct {
	signedIn   bool
	settingUp  bool // also those who set up the second factor without which they are not let in
	holding    bool // permission is needed
	permission permission.Permission
}

// Anyone is the need of pages for visitors, SignedIn of pages for everybody who has signed in and has any access,
// SettingUp of those pages on which a second factor is set up.
var (
	Anyone    = Need{}
	SignedIn  = Need{signedIn: true}
	SettingUp = Need{signedIn: true, settingUp: true}
)

// Holding is the need of pages for those who hold p in the main tenant.
func Holding(p permission.Permission) Need { return Need{signedIn: true, holding: true, permission: p} }

// Permission returns the permission that is needed; ok is false where none is.
func (n Need) Permission() (p permission.Permission, ok bool) {
	return n.permission, n.holding
}

// SignedIn reports whether visitors are refused.
func (n Need) SignedIn() bool { return n.signedIn }

// covers says whether a path without query is one of the route's.
func (r Route) covers(path string) bool {
	parts, own := strings.Split(path, "/"), strings.Split(r.Path, "/")
	if len(parts) != len(own) {
		return false
	}
	for i, part := range own {
		if part != parts[i] && !strings.HasPrefix(part, ":") {
			return false
		}
	}
	return true
}

// Routes is the map of the console's pages.
func (h *Console) Routes() []Route {
	const get, post = http.MethodGet, http.MethodPost
	return []Route{
		{get, "/", SignedIn, h.home},

		{get, "/setup", Anyone, h.setupForm},
		{post, "/setup", Anyone, h.setUp},
		{get, "/signin", Anyone, h.signInForm},
		{post, "/signin", Anyone, h.signIn},
		{get, "/signin/2fa", Anyone, h.secondFactorForm}, // for those who have given the right password
		{post, "/signin/2fa", Anyone, h.secondFactor},
		{post, "/signin/2fa/passkey", Anyone, h.secondFactorByPasskey},
		{post, "/signout", Anyone, h.signOut},
		{get, "/forgot", Anyone, h.forgotForm},
		{post, "/forgot", Anyone, h.forgot},
		{get, "/reset/:token", Anyone, h.resetForm},
		{post, "/reset/:token", Anyone, h.reset},
		{get, "/signup/:token", Anyone, h.signUpForm},
		{post, "/signup/:token", Anyone, h.signUp},

		{get, "/session", Anyone, h.sessionTime},

		{get, "/settings/profile", SignedIn, h.profile},
		{post, "/settings/profile", SignedIn, h.editProfile},
		{post, "/settings/profile/sessions/end", SignedIn, h.endOwnSessions},
		{get, "/settings/profile/password", SignedIn, h.changePasswordForm},
		{post, "/settings/profile/password", SignedIn, h.changePassword},
		{post, "/settings/profile/authenticator/start", SettingUp, h.startAuthenticator},
		{get, "/settings/profile/authenticator", SettingUp, h.authenticatorForm},
		{post, "/settings/profile/authenticator", SettingUp, h.confirmAuthenticator},
		{get, "/settings/profile/authenticator/remove", SignedIn, h.removeAuthenticatorForm},
		{post, "/settings/profile/authenticator/remove", SignedIn, h.removeAuthenticator},
		{get, "/settings/profile/passkeys/new", SettingUp, h.newPasskeyForm},
		{post, "/settings/profile/passkeys/new", SettingUp, h.newPasskey},
		{post, "/settings/profile/passkeys", SettingUp, h.addPasskey},
		{get, "/settings/profile/passkeys/:id/remove", SignedIn, withID(h.removePasskeyForm)},
		{post, "/settings/profile/passkeys/:id/remove", SignedIn, withID(h.removePasskey)},
		{get, "/settings/profile/recovery-codes", SignedIn, h.recoveryCodesForm},
		{post, "/settings/profile/recovery-codes", SignedIn, h.once(h.newRecoveryCodes)},
		{get, "/settings/profile/disable-2fa", SignedIn, h.disableOwnSecondFactorForm},
		{post, "/settings/profile/disable-2fa", SignedIn, h.disableOwnSecondFactor},

		{get, "/settings/general", Holding(permission.GeneralView), h.general},
		{post, "/settings/general/company", Holding(permission.GeneralUpdate), h.setCompany},
		{post, "/settings/general/signin", Holding(permission.GeneralUpdate), h.setSignInManagement},
		{get, "/settings/general/signout-everybody", Holding(permission.GeneralUpdate), h.signOutEverybodyForm},
		{post, "/settings/general/signout-everybody", Holding(permission.GeneralUpdate), h.signOutEverybody},
		{get, "/settings/general/signout-without-2fa", Holding(permission.GeneralUpdate), h.signOutWithoutSecondFactorForm},
		{post, "/settings/general/signout-without-2fa", Holding(permission.GeneralUpdate), h.signOutWithoutSecondFactor},
		{post, "/settings/general/logout", Holding(permission.GeneralUpdate), h.setLogoutManagement},
		{post, "/settings/general/activity", Holding(permission.GeneralUpdate), h.setActivityRetention},
		{post, "/settings/general/test-mail", Holding(permission.GeneralUpdate), h.sendTestMail},

		{get, "/settings/users", Holding(permission.UsersView), h.users},
		{get, "/settings/users/new", Holding(permission.UsersCreate), h.addUserForm},
		{post, "/settings/users/new", Holding(permission.UsersCreate), h.addUser},
		{get, "/settings/users/invite-link", Holding(permission.UsersCreate), h.inviteLinkForm},
		{post, "/settings/users/invite-link", Holding(permission.UsersCreate), h.inviteByLink},
		{get, "/settings/users/bulk", Holding(permission.UsersView), h.bulkForm},
		{post, "/settings/users/bulk", Holding(permission.UsersView), h.bulk}, // what it needs depends on the action
		{get, "/settings/users/import", Holding(permission.UsersCreate), h.importForm},
		{post, "/settings/users/import", Holding(permission.UsersCreate), h.importUsers},
		{get, "/settings/users/export.csv", Holding(permission.UsersExport), h.exportUsers},
		{get, "/settings/users/:id", Holding(permission.UsersView), withID(h.user)},
		{get, "/settings/users/:id/edit", Holding(permission.UsersUpdate), withID(h.editUserForm)},
		{post, "/settings/users/:id/edit", Holding(permission.UsersUpdate), withID(h.editUser)},
		{get, "/settings/users/:id/disable", Holding(permission.UsersUpdate), withID(h.disableForm)},
		{post, "/settings/users/:id/disable", Holding(permission.UsersUpdate), withID(h.disableUser)},
		{post, "/settings/users/:id/enable", Holding(permission.UsersUpdate), withID(h.enableUser)},
		{get, "/settings/users/:id/disable-2fa", Holding(permission.UsersUpdate), withID(h.disableSecondFactorForm)},
		{post, "/settings/users/:id/disable-2fa", Holding(permission.UsersUpdate), withID(h.disableSecondFactor)},
		{get, "/settings/users/:id/delete", Holding(permission.UsersDelete), withID(h.deleteUserForm)},
		{post, "/settings/users/:id/delete", Holding(permission.UsersDelete), withID(h.deleteUser)},

		{get, "/settings/users/:id/menu", Holding(permission.UsersView), withID(h.userMenu)}, // a part of the list
		{get, "/settings/users/:id/groups", Holding(permission.GroupsUpdate), withID(h.userGroupsForm)},
		{post, "/settings/users/:id/groups", Holding(permission.GroupsUpdate), withID(h.postUserGroups)},
		{get, "/settings/users/:id/permissions", Holding(permission.UsersView), withID(h.userPermissions)},
		{post, "/settings/users/:id/sessions/end", Holding(permission.UsersUpdate), withID(h.endSessions)},
		{post, "/settings/users/:id/password-reset", Holding(permission.UsersUpdate), withID(h.sendPasswordReset)},

		{get, "/settings/groups", Holding(permission.GroupsView), h.groups},
		{get, "/settings/groups/new", Holding(permission.GroupsCreate), h.newGroupForm},
		{post, "/settings/groups/new", Holding(permission.GroupsCreate), h.createGroup},
		{get, "/settings/groups/:id", Holding(permission.GroupsView), withID(h.group)},
		{get, "/settings/groups/:id/edit", Holding(permission.GroupsUpdate), withID(h.renameGroupForm)},
		{post, "/settings/groups/:id/edit", Holding(permission.GroupsUpdate), withID(h.renameGroup)},
		{get, "/settings/groups/:id/permissions", Holding(permission.GroupsUpdate), withID(h.reviewPermissions)},
		{post, "/settings/groups/:id/permissions", Holding(permission.GroupsUpdate), withID(h.setPermissions)},
		{post, "/settings/groups/:id/tenants", Holding(permission.GroupsUpdate), withID(h.addGroupTenants)},
		{get, "/settings/groups/:id/tenants/remove", Holding(permission.GroupsUpdate), withID(h.removeGroupTenantForm)},
		{post, "/settings/groups/:id/tenants/remove", Holding(permission.GroupsUpdate), withID(h.removeGroupTenant)},
		{get, "/settings/groups/:id/users/add", Holding(permission.GroupsUpdate), withID(h.addMembersForm)},
		{post, "/settings/groups/:id/users/add", Holding(permission.GroupsUpdate), withID(h.addMembers)},
		{get, "/settings/groups/:id/users/remove", Holding(permission.GroupsUpdate), withID(h.removeMembersForm)},
		{post, "/settings/groups/:id/users/remove", Holding(permission.GroupsUpdate), withID(h.removeMembers)},
		{get, "/settings/groups/:id/delete", Holding(permission.GroupsDelete), withID(h.deleteGroupForm)},
		{post, "/settings/groups/:id/delete", Holding(permission.GroupsDelete), withID(h.deleteGroup)},

		{post, "/settings/tenant", SignedIn, h.switchTenant},
		{get, "/settings/tenants", Holding(permission.TenantsUpdate), h.tenants},
		{get, "/settings/tenants/new", Holding(permission.TenantsCreate), h.newTenantForm},
		{post, "/settings/tenants/new", Holding(permission.TenantsCreate), h.createTenant},
		{get, "/settings/tenants/:id/edit", Holding(permission.TenantsUpdate), withID(h.renameTenantForm)},
		{post, "/settings/tenants/:id/edit", Holding(permission.TenantsUpdate), withID(h.renameTenant)},
		{get, "/settings/tenants/:id/disable", Holding(permission.TenantsUpdate), withID(h.disableTenantForm)},
		{post, "/settings/tenants/:id/disable", Holding(permission.TenantsUpdate), withID(h.disableTenant)},
		{post, "/settings/tenants/:id/enable", Holding(permission.TenantsUpdate), withID(h.enableTenant)},
		{get, "/settings/tenants/:id/delete", Holding(permission.TenantsDelete), withID(h.deleteTenantForm)},
		{post, "/settings/tenants/:id/delete", Holding(permission.TenantsDelete), withID(h.deleteTenant)},

		{get, "/settings/jobs/:id", SignedIn, withID(h.job)}, // one's own
		{get, "/settings/jobs/:id/report.csv", SignedIn, withID(h.jobReport)},

		{post, "/settings/invitations/:id/resend", Holding(permission.UsersCreate), withID(h.resendInvitation)},
		{post, "/settings/invitations/:id/link", Holding(permission.UsersCreate), h.once(withID(h.newLink))},
		{get, "/settings/invitations/:id/mail", Holding(permission.UsersCreate), withID(h.invitationMail)},
		{get, "/settings/invitations/:id/role", Holding(permission.UsersUpdate), withID(h.changeRoleForm)},
		{post, "/settings/invitations/:id/role", Holding(permission.UsersUpdate), withID(h.changeRole)},
		{get, "/settings/invitations/:id/revoke", Holding(permission.UsersCreate), withID(h.revokeForm)},
		{post, "/settings/invitations/:id/revoke", Holding(permission.UsersCreate), withID(h.revokeInvitation)},

		{get, "/settings/integrations", Holding(permission.IntegrationsView), h.integrations},
		{get, "/settings/integrations/new", Holding(permission.IntegrationsCreate), h.newIntegration},
		{post, "/settings/integrations/new", Holding(permission.IntegrationsCreate), h.once(h.createIntegration)},
		{get, "/settings/integrations/:id/edit", Holding(permission.IntegrationsUpdate), withID(h.editIntegration)},
		{post, "/settings/integrations/:id/edit", Holding(permission.IntegrationsUpdate), withID(h.updateIntegration)},
		{post, "/settings/integrations/test", Holding(permission.IntegrationsUpdate), h.testNewIntegration},
		{post, "/settings/integrations/:id/test", Holding(permission.IntegrationsUpdate), withID(h.testIntegration)},
		{post, "/settings/integrations/:id/enable", Holding(permission.IntegrationsUpdate), withID(h.enableIntegration)},
		{post, "/settings/integrations/:id/disable", Holding(permission.IntegrationsUpdate), withID(h.disableIntegration)},
		{get, "/settings/integrations/:id/secret", Holding(permission.IntegrationsUpdate), withID(h.signingSecretForm)},
		{post, "/settings/integrations/:id/secret", Holding(permission.IntegrationsUpdate), h.once(withID(h.newSigningSecret))},
		{get, "/settings/integrations/:id/delete", Holding(permission.IntegrationsDelete), withID(h.deleteIntegrationForm)},
		{post, "/settings/integrations/:id/delete", Holding(permission.IntegrationsDelete), withID(h.deleteIntegration)},

		{get, "/settings/triggers", Holding(permission.TriggersView), h.triggers},
		{get, "/settings/triggers/new", Holding(permission.TriggersCreate), h.newTrigger},
		{post, "/settings/triggers/new", Holding(permission.TriggersCreate), h.createTrigger},
		{get, "/settings/triggers/:id/edit", Holding(permission.TriggersUpdate), withID(h.editTrigger)},
		{post, "/settings/triggers/:id/edit", Holding(permission.TriggersUpdate), withID(h.updateTrigger)},
		{post, "/settings/triggers/add", Holding(permission.IntegrationsCreate), h.addReaction},
		{post, "/settings/triggers/draft", Holding(permission.TriggersView), h.resumeTrigger},
		{post, "/settings/triggers/to-me", Holding(permission.TriggersView), h.sendToMe},
		{post, "/settings/triggers/test", Holding(permission.TriggersUpdate), h.testTrigger},
		{post, "/settings/triggers/:id/enable", Holding(permission.TriggersUpdate), withID(h.enableTrigger)},
		{post, "/settings/triggers/:id/disable", Holding(permission.TriggersUpdate), withID(h.disableTrigger)},
		{post, "/settings/triggers/:id/duplicate", Holding(permission.TriggersCreate), withID(h.duplicateTrigger)},
		{get, "/settings/triggers/:id/delete", Holding(permission.TriggersDelete), withID(h.deleteTriggerForm)},
		{post, "/settings/triggers/:id/delete", Holding(permission.TriggersDelete), withID(h.deleteTrigger)},

		{get, "/settings/activity", Holding(permission.ActivityView), h.activity},
		{get, "/settings/activity/:id", Holding(permission.ActivityView), withID(h.activityEntry)},

		{get, "/settings/deliveries", Holding(permission.TriggersView), h.deliveries},
		{get, "/settings/deliveries/:id", Holding(permission.TriggersView), withID(h.delivery)},
		{post, "/settings/deliveries/:id/resend", Holding(permission.TriggersUpdate), withID(h.sendAgain)},

		{get, "/settings/activity/export.csv", Holding(permission.ActivityExport), h.exportActivityCSV},
		{get, "/settings/activity/export.ndjson", Holding(permission.ActivityExport), h.exportActivityLines},

		{get, "/healthz", Anyone, h.healthy},
		{get, "/readyz", Anyone, h.ready},
	}
}
