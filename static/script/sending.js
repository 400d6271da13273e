// A form is sent once: the answer to the second click of a double click would take the place of the first, and say that the work is
// done already. The button stays as it is, so that its value is sent. Without script the second request is sent, and the server leads
// on whom it knows.
//
// What htmx sends does not come by here: it prevents the submit itself, and its forms drop the second request.

const patience = 10000; // ms after which a form may be sent again: the person may have stopped the browser from waiting

let sent = new WeakMap();

document.addEventListener("submit", (event) => {
	if (event.defaultPrevented || event.target.method !== "post") {
		return;
	}
	if (event.timeStamp - (sent.get(event.target) ?? -Infinity) < patience) {
		event.preventDefault();
	} else {
		sent.set(event.target, event.timeStamp);
	}
});

addEventListener("pageshow", () => { // also a page that the browser has kept
	sent = new WeakMap();
});
