// What a refused request leads to: a form with its errors takes the place of the form, a message appears as a toast, and where the
// server has no words for it the script has some. Without script each of these is a page.
import {asksAgain} from "./announce.js";
import {focusInstead} from "./focus.js";
import {toast, toasts, toastsInSight} from "./toast.js";

const failed = "That did not work. Try again, or reload the page.";
const unreachable = "The server cannot be reached. Check your connection, then try again.";

let swapsFocus = false; // what has the focus is about to be exchanged

// isForm says that the answer is the form again, as it was sent: with its errors, or because somebody else has changed the same.
const isForm = (xhr, retarget) => xhr.status === 422 || xhr.status === 409 && retarget !== "#toasts";

const showAnswer = (detail) => {
	detail.shouldSwap = true;
	detail.isError = false;
};

document.addEventListener("htmx:beforeSwap", (event) => {
	const {detail} = event;
	const {elt, xhr} = detail;
	const retarget = xhr.getResponseHeader("HX-Retarget");
	swapsFocus = detail.target.contains(document.activeElement);
	if (detail.isError && asksAgain(elt)) {
		toast(failed, true); // not in the words of the server, which change
	} else if (isForm(xhr, retarget)) {
		showAnswer(detail);
	} else if (detail.isError && retarget) { // the server has found words for it
		showAnswer(detail);
		detail.swapOverride = "innerHTML";
		if (detail.target === toasts) {
			detail.target = toastsInSight();
		}
	} else if (detail.isError) {
		toast(failed, false);
	}
});

document.addEventListener("htmx:sendError", (event) => toast(unreachable, asksAgain(event.detail.elt)));

document.addEventListener("htmx:afterSettle", (event) => {
	if (swapsFocus) {
		focusInstead(event.detail.target.querySelector("#dialog-title"));
	}
});
