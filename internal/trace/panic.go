package trace

import (
	"fmt"
	"runtime"
)

// Panic is what may be logged of the value of a panic: the words of Go's own, which are about indices and types, and of any other its
// type, as the value may hold what somebody has sent.
func Panic(value any) string {
	if own, is := value.(runtime.Error); is {
		return own.Error()
	}
	return fmt.Sprintf("%T", value)
}
