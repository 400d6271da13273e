package account

import (
	"cmp"
	"fmt"
	"strconv"

	"console/store"
)

// ocsfVersion is the version of the framework (OCSF) whose classes and activities these are.
const ocsfVersion = "1.4.0"

// ocsfClass is a class of the framework. Those here are of its category Identity & Access Management.
type ocsfClass struct {
	uid        int
	name       string
	activities map[int]string
}

// ocsfOther is the id of an activity for which its class has none.
const ocsfOther = 99

var (
	accountChange = &ocsfClass{3001, "Account Change", map[int]string{1: "Create", 2: "Enable", 3: "Password Change", 4: "Password Reset",
		5: "Disable", 6: "Delete", 9: "Lock", 10: "MFA Factor Enable", 11: "MFA Factor Disable"}}
	authentication   = &ocsfClass{3002, "Authentication", map[int]string{1: "Logon", 2: "Logoff"}}
	entityManagement = &ocsfClass{3004, "Entity Management", map[int]string{1: "Create", 2: "Read", 3: "Update", 4: "Delete", 8: "Enable",
		9: "Disable"}}
	userAccess = &ocsfClass{3005, "User Access Management", map[int]string{1: "Assign Privileges"}}
)

// ocsfActivity is what the framework calls an action. head is the JSON that says so.
type ocsfActivity struct {
	class *ocsfClass
	id    int
	head  string
}

// ocsfTable says for every action what the framework calls it. All classes but entityManagement are about a user.
var ocsfTable = withHeads(map[action]ocsfActivity{
	actSetUp:                {class: accountChange, id: 1},
	actSignIn:               {class: authentication, id: 1},
	actEnterPassword:        {class: authentication, id: 1},
	actSecondFactor:         {class: authentication, id: 1},
	actLockSignIn:           {class: accountChange, id: 9},
	actSignOut:              {class: authentication, id: 2},
	actConfirmPassword:      {class: authentication, id: ocsfOther},
	actChangePassword:       {class: accountChange, id: 3},
	actReplacePassword:      {class: accountChange, id: 3},
	actRequestReset:         {class: accountChange, id: 4},
	actSendReset:            {class: accountChange, id: 4},
	actResetPassword:        {class: accountChange, id: 3},
	actAddFactor:            {class: accountChange, id: 10},
	actRemoveFactor:         {class: accountChange, id: 11},
	actDisableFactors:       {class: accountChange, id: 11},
	actMakeCodes:            {class: accountChange, id: ocsfOther},
	actEditProfile:          {class: accountChange, id: ocsfOther},
	actAddUser:              {class: accountChange, id: 1},
	actEditUser:             {class: accountChange, id: ocsfOther},
	actChangeRole:           {class: userAccess, id: 1},
	actChangeGroups:         {class: userAccess, id: 1},
	actDisableAccess:        {class: accountChange, id: 5},
	actEnableAccess:         {class: accountChange, id: 2},
	actDeleteUser:           {class: accountChange, id: 6},
	actEndSession:           {class: authentication, id: 2},
	actEndSessions:          {class: authentication, id: 2},
	actIssueLink:            {class: accountChange, id: ocsfOther},
	actResendInvitation:     {class: accountChange, id: ocsfOther},
	actEndLink:              {class: accountChange, id: ocsfOther},
	actRevokeInvitation:     {class: accountChange, id: 6},
	actExportInvitation:     {class: accountChange, id: ocsfOther},
	actAcceptInvitation:     {class: accountChange, id: 2},
	actExportUsers:          {class: entityManagement, id: 2},
	actStartDisable:         {class: entityManagement, id: ocsfOther},
	actEndDisable:           {class: entityManagement, id: ocsfOther},
	actStartEnable:          {class: entityManagement, id: ocsfOther},
	actEndEnable:            {class: entityManagement, id: ocsfOther},
	actStartDelete:          {class: entityManagement, id: ocsfOther},
	actEndDelete:            {class: entityManagement, id: ocsfOther},
	actStartImport:          {class: entityManagement, id: ocsfOther},
	actEndImport:            {class: entityManagement, id: ocsfOther},
	actCreateGroup:          {class: entityManagement, id: 1},
	actChangeGroup:          {class: entityManagement, id: 3},
	actDeleteGroup:          {class: entityManagement, id: 4},
	actCreateTenant:         {class: entityManagement, id: 1},
	actRenameTenant:         {class: entityManagement, id: 3},
	actDisableTenant:        {class: entityManagement, id: 9},
	actEnableTenant:         {class: entityManagement, id: 8},
	actDeleteTenant:         {class: entityManagement, id: 4},
	actChangeCompany:        {class: entityManagement, id: 3},
	actChangeSignIn:         {class: entityManagement, id: 3},
	actChangeLogout:         {class: entityManagement, id: 3},
	actChangeRetention:      {class: entityManagement, id: 3},
	actSignOutAll:           {class: entityManagement, id: ocsfOther},
	actSignOutWithoutFactor: {class: entityManagement, id: ocsfOther},
	actTestMail:             {class: accountChange, id: ocsfOther},
	actCreateTrigger:        {class: entityManagement, id: 1},
	actChangeTrigger:        {class: entityManagement, id: 3},
	actEnableTrigger:        {class: entityManagement, id: 8},
	actDisableTrigger:       {class: entityManagement, id: 9},
	actDeleteTrigger:        {class: entityManagement, id: 4},
	actTestTrigger:          {class: entityManagement, id: ocsfOther},
	actCreateIntegration:    {class: entityManagement, id: 1},
	actChangeIntegration:    {class: entityManagement, id: 3},
	actEnableIntegration:    {class: entityManagement, id: 8},
	actDisableIntegration:   {class: entityManagement, id: 9},
	actSwitchOffIntegration: {class: entityManagement, id: 9},
	actDeleteIntegration:    {class: entityManagement, id: 4},
	actTestIntegration:      {class: entityManagement, id: ocsfOther},
	actCreateToken:          {class: entityManagement, id: 1},
	actRenewToken:           {class: entityManagement, id: 3},
	actTakeOverToken:        {class: entityManagement, id: 3},
	actEnableToken:          {class: entityManagement, id: 8},
	actDisableToken:         {class: entityManagement, id: 9},
	actDeleteToken:          {class: entityManagement, id: 4},
	actUseToken:             {class: entityManagement, id: ocsfOther},
	actMakeSigningSecret:    {class: entityManagement, id: 3},
	actSendAgain:            {class: entityManagement, id: ocsfOther},
	actExportActivity:       {class: entityManagement, id: 2},
	actSealEntries:          {class: entityManagement, id: ocsfOther},
	actRemoveEntries:        {class: entityManagement, id: 4},
	actRestore:              {class: entityManagement, id: ocsfOther},
	actRotateKey:            {class: entityManagement, id: 3},
	actRecover:              {class: accountChange, id: ocsfOther},
	actRefused:              {class: entityManagement, id: ocsfOther},
})

func withHeads(table map[action]ocsfActivity) map[action]ocsfActivity {
	for name, a := range table {
		table[name] = a.withHead(string(name))
	}
	return table
}

// withHead adds the JSON. An activity for which the class has no name is called as pages call the action.
func (a ocsfActivity) withHead(action string) ocsfActivity {
	name := cmp.Or(a.class.activities[a.id], ActionTitle(action))
	b := fmt.Appendf(nil, `,"category_uid":3,"category_name":"Identity & Access Management","class_uid":%d,"class_name":%q,"activity_id":%d`,
		a.class.uid, a.class.name, a.id)
	b = appendText(append(b, `,"activity_name":`...), name)
	b = strconv.AppendInt(append(b, `,"type_uid":`...), int64(a.class.uid*100+a.id), 10)
	a.head = string(appendText(append(b, `,"type_name":`...), a.class.name+": "+name))
	return a
}

// ocsfActivityOf returns what the framework calls the action of an entry. Where it is not about what its class demands, or no action of
// this version, it is another activity of the class for what it is about.
func ocsfActivityOf(e *store.Entry) ocsfActivity {
	about := entityManagement
	if e.ObjectType == objectUser {
		about = accountChange
	}
	known, is := ocsfTable[action(e.Action)]
	if is && (known.class == entityManagement) == (about == entityManagement) {
		return known
	}
	return ocsfActivity{class: about, id: ocsfOther}.withHead(e.Action)
}

// appendTarget appends what the entry is about, as the class of its activity demands.
func (a ocsfActivity) appendTarget(b []byte, e *store.Entry) []byte {
	if a.class == entityManagement {
		b = append(b, `,"entity":{`...)
		if e.ObjectID != 0 {
			b = append(strconv.AppendInt(append(b, `"uid":"`...), e.ObjectID, 10), `",`...)
		}
		title := ObjectTitle(e.ObjectType)
		b = appendText(append(b, `"name":`...), cmp.Or(e.Object, title, "Console"))
		return append(appendField(b, `,"type":`, title), '}')
	}
	b = append(appendPerson(append(b, `,"user":{`...), e.ObjectID, e.Object), '}')
	switch a.class {
	case authentication:
		b = append(b, `,"service":{"name":"Console"}`...)
	case userAccess:
		b = append(b, `,"privileges":[`...)
		changes, first := changesOf(*e), len(b)
		for _, field := range []string{"role", "groups"} {
			if granted := changes[field][1]; granted != "" {
				if len(b) > first {
					b = append(b, ',')
				}
				b = appendText(b, granted)
			}
		}
		b = append(b, ']')
	}
	return b
}
