package views

// What the “?” beside the title of a page says: what the page is for, what its words mean, and what cannot be seen on it.
const (
	usersHelp = "Everybody in the company account. Invited are those who have not signed up yet; people tagged By link were given " +
		"their link by hand, and appear under All once they have signed up. What a person may do comes from their groups: " +
		"Permissions in the menu of a row explains it. A role marked “by groups” is only a label."
	importHelp = "Adds many users at once from a CSV file, which spreadsheet programs can save. The columns email and role are needed; " +
		"first name and last name may be missing or empty. A role is written as the console shows it, such as Analyst or Read Only. " +
		"Nothing changes before you have seen, line by line, what will happen."
	importPreviewHelp = "Nothing has changed yet. Only the lines marked New are added when you confirm; the others are skipped. " +
		"To correct a line, change it in your file and choose the file again."
	jobHelp = "What you started goes on by itself, even when you leave this page. " +
		"Each user is changed or left as they were, with the reason. " +
		"The result can be seen here for 30 days."
	invitationMailHelp = "No mail server is set up, so the mail is kept here instead of being sent. " +
		"Give its link to the person: whoever has it can sign up in their name. It works once."
	userHelp = "One person: who they are and what can be done about them, what they may do, where they are signed in, and what happened. " +
		"Under Permissions, a cell without a group means: not allowed. The first table is about one tenant, the one under Account about " +
		"this console itself. Global Administrators may do everything without a group."
	groupsHelp = "A group gives its users permissions in its tenants. Somebody in several groups may do whatever any of them allows. " +
		"Groups tagged Auto are made from the roles that people are given, and disappear with their last user. " +
		"Global Administrators are in no group: they may do everything in every tenant."
	groupHelp = "The users of a group may do what its permissions say, in each of its tenants. " +
		"Permissions add up: what one group allows, no other group takes away. " +
		"A group tagged Auto follows the roles that people are given, so it cannot be changed here. " +
		"Every change counts at once for everybody concerned, also for people who are signed in."
	addMembersHelp = "Tick people you have searched for, or paste their email addresses; both work together. " +
		"Only people in the user list can be added, and nobody gets permissions that you do not have yourself."
	tenantsHelp = "A tenant is an environment of its own, such as production or staging; groups say who may do what in it. " +
		"The main tenant has the company's name, and decides who may use this console: it cannot be disabled or deleted. " +
		"A disabled tenant gives nobody access. Only a disabled tenant can be deleted."
	generalHelp = "Settings for everybody in the company; Administrators change them. " +
		"The idle timeout counts from the last thing a person did, the absolute one from signing in: whichever ends first signs them out. " +
		"What a page does by itself does not count, and new timeouts hold at once, also for people who are signed in. " +
		"Enforced two-factor authentication is asked for at each person's next sign-in. " +
		"The activity log is kept for ever, or entries go once they are older than you say: day by day, oldest first, and for good."
	tokensHelp = "Programs work with an API token in place of a password. A token may do what it was given, as far as its owner may do it: " +
		"what its owner loses, it loses at once. Personal ones are yours alone; shared ones are known by several people, " +
		"and can be taken over. " +
		"The value is shown once. Keep it like a password: it looks like any 64 characters of base64, so tools that look for lost secrets do " +
		"not recognise it."
	profileHelp = "Your name, and how the console looks to you. Your email cannot be changed; " +
		"your role and groups are set by an administrator. " +
		"With two-factor authentication, somebody who learns your password still cannot sign in. " +
		"A session is a browser in which you are signed in. My permissions shows what you may do, and which group allows it."
	triggersHelp = "A trigger tells people or programs when something happens: if its condition and filter are met, " +
		"each of its integrations gets a message. " +
		"User added happens once for everybody: when they are added or imported or, with a link made by hand, when they sign up. " +
		"Actions on more than 20 users at once make one message for all of them, except for webhooks. " +
		"A trigger belongs to the company account, and stays when the person who made it leaves."
	triggerHelp = "If the condition is met, and the user's role passes the filter, each ticked integration gets a message. " +
		"Sign-in locked is met when wrong passwords for a user's address have led to a pause of 15 minutes. " +
		"Test sends a message marked as a test to the ticked integrations now, and saves nothing. Restart empties the form."
	deliveriesHelp = "Each message of a trigger to one of its integrations, and what became of it. " +
		"What fails is tried again for about an hour. Messages for an integration that is disabled or switched off wait 72 hours, then fail. " +
		"Deliveries are kept for 30 days. Mails to people, such as invitations, are not listed here."
	deliveryHelp = "One message to one destination, as it was sent, without secrets. " +
		"Send again sends the same message once more, as a new delivery about the same event. " +
		"The long codes are those that the receiver of a webhook gets with the event and the delivery."
	integrationsHelp = "Where the console can send messages: mailboxes, chats and other systems. " +
		"A trigger says which message goes to which integration. " +
		"If 60 % of at least ten messages fail within 12 hours, the integration is switched off and administrators get a mail. " +
		"Messages then wait 72 hours for somebody to enable it again."
	activityHelp = "What happened in the account, newest first: who did what to whom, from where, and how it ended. " +
		"Click the name of a person or thing to see only what concerns it. " +
		"Refused means that a permission was missing, or that somebody had to wait; " +
		"of many such attempts in a minute one entry tells the number. " +
		"Entries keep the names of their time, cannot be changed, and hold no password, code or link."
	testHelp  = "What became of your test message at each destination. Nothing was saved or changed by the test."
	errorHelp = "The console could not do what you asked for; the text says why and what to do next. " +
		"With the request number, an administrator finds what happened in the server's log."
)
