// Links to forms open them in a dialog over the page, which gives the focus back when it closes. Without script such a link leads
// to a page with the same form, and Cancel leads back.
import {focusAgain, focusFirstError} from "./focus.js";
import {buttonOf} from "./menu.js";
import {forgetSent, mayDiscard} from "./unsent.js";

const dialog = document.getElementById("dialog"); // signed-in pages only

let opener = null; // the element that led to the dialog

document.addEventListener("htmx:beforeRequest", (event) => {
	const {elt, target} = event.detail;
	if (target === dialog && !dialog.open) {
		opener = buttonOf(elt) || elt;
	}
});

document.addEventListener("htmx:afterSwap", (event) => {
	if (dialog && event.detail.target === dialog && !dialog.open) {
		dialog.showModal();
	}
});

document.addEventListener("htmx:afterSettle", (event) => {
	const target = event.detail.target;
	if (target.id === "group" && dialog.open) {
		dialog.close(); // what it asked about was refused, and is shown in the page
	}
	if (target.matches(".sheet-host") && !focusFirstError(target)) {
		const first = target.querySelector("[autofocus]");
		if (first) {
			first.focus();
		}
	}
});

// Nor is a secret lost by a stray click that is shown this once. The page behind it may not know yet what the secret is for: it has
// the address where it does.
const shownOnce = () => dialog.querySelector("[data-once]");

const mayClose = () => shownOnce() ? confirm("Close this? It is not shown again.") : mayDiscard(dialog);

const clear = () => {
	const once = shownOnce();
	dialog.replaceChildren(); // a signup link does not stay in the page
	forgetSent(opener);
	focusAgain(opener);
	opener = null;
	if (once && once.dataset.once) {
		location.assign(once.dataset.once);
	}
};

if (dialog) {
	dialog.addEventListener("cancel", (event) => {
		if (event.target === dialog && !mayClose()) {
			event.preventDefault();
		}
	});
	dialog.addEventListener("close", () => dialog.open || clear()); // it may have been opened again meanwhile
}

document.addEventListener("click", (event) => {
	const button = event.target.closest("[data-close]");
	if (button && button.closest("dialog")) {
		event.preventDefault();
		if (button.matches("a") || mayClose()) { // Cancel says what it does, the cross may be hit by chance
			dialog.close();
		}
	}
});
