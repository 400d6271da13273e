package notify

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"console/internal/fake"
	"console/store"
)

// holdOf is the hold of a target, or the zero one.
func (h *house) holdOf(target string) store.Hold {
	h.t.Helper()
	hold, err := h.options.DB.HoldOf(h.t.Context(), target)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		h.t.Fatal(err)
	}
	return hold
}

// waitHeld waits until a target is held and no probe is under way.
func (h *house) waitHeld(target string) store.Hold {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		hold := h.holdOf(target)
		if pause := hold.Until.Time().Sub(h.clock.Now()); pause > 0 && pause != lease {
			return hold
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("waited in vain for the hold of %s: %+v", target, hold)
		}
	}
}

// inAMinute is the most of these times that lie within one minute.
func inAMinute(times []time.Time) (most int) {
	for i, first := range times {
		n := 0
		for _, t := range times[i:] {
			if t.Sub(first) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// TestFC159_AMailServerThatTakesNothingIsHeld has a server take nothing for a while, as one does that counts connections.
func TestFC159_AMailServerThatTakesNothingIsHeld(t *testing.T) {
	t.Parallel()
	server := fake.NewMailServer(t, fake.MailOptions{})
	h := newHouse(t, func(o *Options) { o.Mail = mailer(t, server) })
	server.Limit(1000, time.Minute, h.clock.Now)
	server.Fail(fake.Fault{At: fake.AtMail, Answer: "450 4.7.1 Too many messages"})
	queued := []store.Delivery{h.queueInvitation("token")}
	began := store.At(h.clock.Now())
	h.start()
	h.waitHeld(mailTarget) // by one lane: none is under way when the clock moves
	for range 11 {
		queued = append(queued, h.queueInvitation("token"))
	}
	var pauses []time.Duration
	for range 8 {
		hold := h.waitHeld(mailTarget)
		if hold.Since != began || hold.Reason != "the mail server refused the sender (450 4.7.1)" {
			t.Fatalf("%+v", hold)
		}
		pauses = append(pauses, hold.Pause)
		h.pass(hold.Pause - time.Millisecond)
		time.Sleep(5 * time.Millisecond)
		h.pass(time.Millisecond)
	}
	h.waitHeld(mailTarget)
	want := []time.Duration{
		5 * time.Second, 15 * time.Second, 45 * time.Second, 135 * time.Second, 5 * time.Minute, 5 * time.Minute, 5 * time.Minute, 5 * time.Minute,
	}
	if !slices.Equal(pauses, want) {
		t.Errorf("pauses %v", pauses)
	}
	connections := server.Connections()
	probes := slices.DeleteFunc(slices.Clone(connections), func(c time.Time) bool { return store.At(c) == began })
	if first := len(connections) - len(probes); first > mailLanes || len(probes) != 8 || inAMinute(probes) > 3 {
		t.Errorf("%d connections at first, then %d, %d of them in a minute", first, len(probes), inAMinute(probes))
	}
	server.Accept()
	h.pass(longestHold)
	for _, d := range queued {
		if got := h.wait(d, delivered); got.Attempts != 1 || got.Error != "" {
			t.Errorf("%d attempts, %q", got.Attempts, got.Error)
		}
	}
	if hold := h.holdOf(mailTarget); hold.Target != "" {
		t.Errorf("it is still held: %+v", hold)
	}
}

// TestFC159_WhatIsAboutTheServer has a server refuse at each stage.
func TestFC159_WhatIsAboutTheServer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault            fake.Fault
		holds, permanent bool
	}{
		{fake.Fault{At: fake.AtGreeting, Answer: "421 4.3.2 Not now"}, true, false},
		{fake.Fault{At: fake.AtGreeting, Answer: "554 5.7.1 Not you"}, true, false},
		{fake.Fault{At: fake.AtGreeting, Silent: true, Close: true}, true, false},
		{fake.Fault{At: fake.AtHello, Answer: "451 Later"}, true, false},
		{fake.Fault{At: fake.AtAuth, Answer: "454 4.7.0 Temporary authentication failure"}, true, false},
		{fake.Fault{At: fake.AtAuth, Answer: "535 5.7.8 Wrong password"}, true, false},
		{fake.Fault{At: fake.AtMail, Answer: "451 Later"}, true, false},
		{fake.Fault{At: fake.AtMail, Answer: "450 4.7.1 Too many messages"}, true, false},
		{fake.Fault{At: fake.AtMail, Answer: "553 5.7.1 Sender refused"}, true, false},
		{fake.Fault{At: fake.AtMail, Answer: "552 5.3.4 Too large"}, false, true},
		{fake.Fault{At: fake.AtMail, Silent: true, Close: true}, true, false},
		{fake.Fault{At: fake.AtRecipient, Answer: "421 4.4.2 Closing"}, true, false},
		{fake.Fault{At: fake.AtRecipient, Answer: "450 4.3.2 Not now"}, true, false},
		{fake.Fault{At: fake.AtRecipient, Answer: "452 4.5.3 Too many recipients"}, true, false},
		{fake.Fault{At: fake.AtRecipient, Answer: "451 4.7.500 Server busy"}, true, false},
		{fake.Fault{At: fake.AtRecipient, Answer: "451 4.7.1 Greylisted, come back"}, false, false},
		{fake.Fault{At: fake.AtRecipient, Answer: "450 4.2.1 This mailbox gets too much"}, false, false},
		{fake.Fault{At: fake.AtRecipient, Answer: "452 4.2.2 Mailbox full"}, false, false},
		{fake.Fault{At: fake.AtRecipient, Answer: "451 Later"}, false, false},
		{fake.Fault{At: fake.AtRecipient, Answer: "550 5.1.1 Nobody"}, false, true},
		{fake.Fault{At: fake.AtRecipient, Answer: "550 5.7.1 Not from you"}, false, true},
		{fake.Fault{At: fake.AtRecipient, Silent: true, Close: true}, false, false},
		{fake.Fault{At: fake.AtData, Answer: "421 4.7.0 Closing"}, true, false},
		{fake.Fault{At: fake.AtMessage, Answer: "451 4.7.1 Too many messages"}, true, false},
		{fake.Fault{At: fake.AtMessage, Answer: "451 4.3.0 Local error"}, false, false},
		{fake.Fault{At: fake.AtMessage, Answer: "554 5.6.0 Spam"}, false, true},
		{fake.Fault{At: fake.AtMessage, Silent: true, Close: true}, false, false},
	} {
		t.Run(fmt.Sprintf("%s %s", c.fault.At, c.fault.Answer), func(t *testing.T) {
			t.Parallel()
			server := fake.NewMailServer(t, fake.MailOptions{TLS: fake.StartTLS, Username: "ann", Password: "hunter2"})
			server.Fail(c.fault)
			f := failureOf(mailer(t, server).Send(t.Context(), sampleMail()))
			if f.Holds != c.holds || f.Permanent != c.permanent {
				t.Errorf("%+v", f)
			}
		})
	}
	server := fake.NewMailServer(t, fake.MailOptions{})
	server.Close()
	if f := failureOf(mailer(t, server).Send(t.Context(), sampleMail())); !f.Holds || f.Reason != "connection refused" {
		t.Errorf("a closed port: %+v", f)
	}
}

// TestFC159_AHoldOutlivesARestart has a receiver be busy, then close its port, while the console is started again.
func TestFC159_AHoldOutlivesARestart(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Status: 503})
	h := newHouse(t)
	i := h.integration(KindSlack, Settings{"url": receiver.URL})
	first, second := h.queueSlack(i), h.queueSlack(i)
	h.start()
	h.waitHeld(first.Target)
	h.stop()
	h.start()
	h.pass(firstHold - time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	if n := len(receiver.Requests()); n != 1 {
		t.Fatalf("%d requests before the pause has ended", n)
	}
	receiver.Close()
	h.pass(time.Millisecond)
	h.wait(first, func(d store.Delivery) bool { return d.Error == "connection refused" })
	if hold := h.waitHeld(first.Target); hold.Pause != firstHold*holdGrowth || hold.Reason != "connection refused" {
		t.Errorf("%+v", hold)
	}
	for _, d := range []store.Delivery{first, second} {
		if got := h.wait(d, func(d store.Delivery) bool { return true }); got.State != store.Waiting || got.Attempts != 0 {
			t.Errorf("%s after %d attempts", got.State, got.Attempts)
		}
	}
}

func TestFC159_NobodyWaitsForAServerLongerThanADay(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Status: 503})
	h := newHouse(t)
	i := h.integration(KindSlack, Settings{"url": receiver.URL})
	old := []store.Delivery{h.queueSlack(i), h.queueSlack(i), h.queueSlack(i)}
	h.start()
	h.waitHeld(old[0].Target)
	h.pass(23 * time.Hour)
	young := h.queueSlack(i)
	h.waitHeld(old[0].Target)
	h.pass(time.Hour)
	for _, d := range old {
		if got := h.wait(d, func(d store.Delivery) bool { return d.State == store.Failed }); got.Error != "answered 503" {
			t.Errorf("%q", got.Error)
		}
	}
	if got := h.wait(young, func(store.Delivery) bool { return true }); got.State != store.Waiting {
		t.Errorf("the later one: %s", got.State)
	}
}

// TestFC159_AMessageThatAloneIsRefusedEnds has a receiver be busy for one message only.
func TestFC159_AMessageThatAloneIsRefusedEnds(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Status: 503}, fake.Response{Status: 503}, fake.Response{Status: 503}, fake.Response{Body: "ok"}, fake.Response{Status: 503})
	h := newHouse(t)
	i := h.integration(KindSlack, Settings{"url": receiver.URL})
	alone := h.queueSlack(i)
	h.start()
	h.waitHeld(alone.Target)
	h.pass(23 * time.Hour)
	h.waitHeld(alone.Target)
	other := h.queueSlack(i)
	h.pass(longestHold) // the one that was tried first comes first again
	h.waitHeld(alone.Target)
	h.pass(longestHold)
	h.wait(other, delivered)
	if hold := h.waitHeld(alone.Target); hold.Since != store.At(h.clock.Now()) {
		t.Errorf("one was taken, and it is held since %s", hold.Since.Time())
	}
	h.pass(time.Hour)
	if got := h.wait(alone, func(d store.Delivery) bool { return d.State == store.Failed }); got.Error != "answered 503" || got.Attempts != 1 {
		t.Errorf("%d attempts, %q", got.Attempts, got.Error)
	}
}
