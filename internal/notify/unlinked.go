package notify

import "regexp"

var (
	// linkable finds what mail programs and chats make a link of by themselves.
	linkable = regexp.MustCompile(`[\p{L}\p{N}][.。．｡]\p{L}[\p{L}\p{N}]|[:：][/／]{2}`)
	// joints are what holds an address together.
	joints = regexp.MustCompile(`\s*([.。．｡:：])\s*`)
)

// unlinked returns a name as messages show it: in one line, and where programs would make a link of it, in quotation marks with
// spaces around the dots and colons of the address. Programs read names unchanged, in Details. Invisible characters in place of the
// spaces would look better, but mail filters take them within an address for phishing, programs that read hosts as browsers do (UTS 46)
// drop them and make the link all the same, and they would stay in what is copied.
func unlinked(name string) string {
	name = oneLine(name)
	if !linkable.MatchString(name) {
		return name
	}
	return "“" + oneLine(joints.ReplaceAllString(name, " $1 ")) + "”"
}
