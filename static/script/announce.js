// A list that is drawn again says aloud what it holds now, and long work how far it is; what may take long says so where its result
// will stand. Without script every answer is a page of its own, which browsers show to be loading and which is read from its title.

const pause = 5000; // milliseconds: somebody who listens is not told at every step
const announcer = document.getElementById("announcer");

let announced = -Infinity;

// asksAgain says that the page asks for something by itself, again and again: nobody waits for that answer.
export const asksAgain = (element) => element.matches('[data-hx-trigger^="every"]');

document.addEventListener("htmx:afterSettle", (event) => {
	const {target} = event.detail;
	const list = target.id && document.getElementById(target.id); // in place of the target
	if (!list || !list.dataset.announce) {
		return;
	}
	if (!asksAgain(list) || event.timeStamp - announced >= pause) {
		announcer.textContent = list.dataset.announce;
		announced = event.timeStamp;
	}
});

document.addEventListener("htmx:beforeRequest", (event) => {
	const {elt, target} = event.detail;
	if (elt.dataset.busy) {
		target.textContent = elt.dataset.busy;
	}
});

document.addEventListener("htmx:afterRequest", (event) => {
	const {elt, requestConfig: {target}} = event.detail;
	if (elt.dataset.busy && target.textContent === elt.dataset.busy) {
		target.textContent = ""; // there is no result
	}
});
