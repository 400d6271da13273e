// A form that an answer draws again holds what was sent. What has been entered since, while the answer was on its way, is put into it.
// Without script the page is left as soon as the form is sent.
import {guarded} from "./unsent.js";

const awaited = new Map(); // request to what has been entered since it was sent, and where its form leads

const leadsTo = (input) => input.form && input.form.getAttribute("action"); // a field named action would hide the property

const note = ({target}) => {
	if (target.form && target.form.matches(guarded)) {
		awaited.forEach((entered) => entered.set(target, leadsTo(target)));
	}
};

document.addEventListener("input", note, true); // before what it leads to is sent
document.addEventListener("change", note, true);

const carry = (from, to) => {
	if (from.type === "file") {
		to.files = from.files;
	} else if (from.type === "checkbox" || from.type === "radio") {
		to.checked = from.checked;
	} else if (!from.options || [...to.options].some((option) => option.value === from.value)) {
		to.value = from.value;
	}
};

// A choice that was found before, and ticked, stands below what is found now.
const keepChoice = (box) => {
	const choice = box.checked && box.closest(".choice");
	const list = choice && document.getElementById(choice.parentElement.id);
	if (list) {
		list.append(choice);
	}
};

document.addEventListener("htmx:beforeSend", ({detail: {xhr}}) => awaited.set(xhr, new Map()));

document.addEventListener("htmx:afterSwap", ({detail: {xhr}}) => {
	for (const [from, action] of awaited.get(xhr) || []) {
		const to = document.getElementById(from.id);
		if (from.isConnected) {
			continue; // it was not in what has been drawn again
		} else if (!to) {
			keepChoice(from);
		} else if (to.type === from.type && leadsTo(to) === action) { // not a field of another form that is called the same
			carry(from, to);
		}
	}
});

document.addEventListener("htmx:afterRequest", ({detail: {xhr}}) => awaited.delete(xhr));
