package notify

// attemptHeader says which attempt a request is. All else that a receiver reads is the same in every attempt, but for
// the time of the request and its signature.
const attemptHeader = "webhook-attempt"
