// What has been entered and not sent is not lost by a stray click: the person is asked first. Without script nobody is asked, and
// the browser's way back leads to what was entered.
//
// A form that was refused, or drawn again for another reason, holds what was entered as if it had been there from the start. A
// password may be there because the browser knows it.

const dialog = document.getElementById("dialog"); // signed-in pages only

// guarded are the forms that this is about.
export const guarded = 'form[method="post"], form.sheet, .permissions-form';

const sent = new WeakSet();
let leaving = false;

// leaveUnasked says that the page is left whatever has been entered.
export const leaveUnasked = () => {
	leaving = true;
};

// forgetSent says that what was sent came to nothing, so that it can be lost again.
export const forgetSent = (form) => sent.delete(form);

const isChanged = (input) => {
	if (input.options) {
		const first = [...input.options].find((option) => option.defaultSelected) || input.options[0];
		return first !== undefined && !first.selected;
	}
	if (/^(checkbox|radio)$/.test(input.type)) {
		return input.checked !== input.defaultChecked;
	}
	return !/^(hidden|password|submit|reset|button)$/.test(input.type) && "defaultValue" in input && input.value !== input.defaultValue;
};

const entered = (form) => [...form.querySelectorAll('[aria-invalid="true"], [data-unsent]'), ...[...form.elements].filter(isChanged)];

// A dialog is emptied a moment after it was closed.
const isGivenUp = (form) => form.closest("dialog:not([open])") !== null;

// isUnsent reports whether something would be lost, not counting the choice that leads away.
const isUnsent = (within, choice) => dialog !== null && [...within.querySelectorAll(guarded)].some((form) =>
	!isGivenUp(form) && !sent.has(form) && entered(form).some((element) => element !== choice));

// mayDiscard asks the person where something would be lost.
export const mayDiscard = (within, choice) => !isUnsent(within, choice) || confirm("Discard what you have entered?");

addEventListener("beforeunload", (event) => {
	if (!leaving && isUnsent(document)) {
		event.preventDefault(); // the browser asks
	}
});

document.addEventListener("click", (event) => {
	if (event.target.closest("[data-close]") && !event.target.closest("dialog")) {
		leaving = !(event.ctrlKey || event.metaKey || event.shiftKey); // into this window
	}
});

document.addEventListener("submit", (event) => event.defaultPrevented || sent.add(event.target));

document.addEventListener("htmx:beforeRequest", (event) => {
	const {elt, target, requestConfig: {triggeringEvent}} = event.detail;
	if (elt.matches("form")) {
		sent.add(elt);
	}
	const byPerson = triggeringEvent && triggeringEvent.isTrusted; // what the page asks for by itself asks nobody
	if (byPerson && !mayDiscard(target, triggeringEvent.target)) {
		event.preventDefault();
		for (const option of triggeringEvent.target.options || []) { // the choice that would have led away
			option.selected = option.defaultSelected;
		}
	}
});

// A form that a dialog asks about has been sent as long as that is open.
document.addEventListener("htmx:afterRequest", (event) => {
	const {elt, xhr} = event.detail;
	const asks = dialog && dialog.open && !dialog.contains(elt);
	if (!asks && !xhr.getResponseHeader("HX-Redirect")) {
		sent.delete(elt);
	}
});
