// Rows that can be added and taken away, as of the headers of a webhook. Without script some rows are empty, and one that is emptied
// goes when the form is saved.

const rowsOf = (list) => [...list.querySelectorAll(":scope > div")];

// label gives the fields of each row the number of the row.
const label = (list) => rowsOf(list).forEach((row, i) => {
	for (const element of row.querySelectorAll("[aria-label]")) {
		element.ariaLabel = element.ariaLabel.replace(/\d+$/, String(i + 1));
	}
});

const isEmpty = (row) => [...row.querySelectorAll("input")].every((input) => input.value === "");

// spare takes away the empty rows that stand there for browsers without script, all but one.
const spare = (list) => {
	const spares = rowsOf(list).filter(isEmpty).slice(1);
	if (!list.dataset.spared && spares.length > 0) {
		spares.forEach((row) => row.remove());
	}
	list.dataset.spared = "1";
};

const add = (list) => {
	const last = rowsOf(list).at(-1);
	const row = last.cloneNode(true);
	for (const input of row.querySelectorAll("input")) {
		input.value = "";
		input.defaultValue = "";
		input.placeholder = input.placeholder.replace(/^Stored: .*/, "Value");
	}
	last.after(row);
	label(list);
	row.querySelector("input").focus();
};

// remove empties the last row there is: another could not be added without one.
const remove = (list, row) => {
	const rest = rowsOf(list).filter((other) => other !== row);
	if (rest.length === 0) {
		add(list);
	} else {
		list.querySelector("[data-add-row]").focus();
	}
	row.remove();
	label(list);
	list.dataset.unsent = ""; // what is not there any more is a change, too
};

document.addEventListener("click", (event) => {
	const list = event.target.closest("[data-rows]");
	if (list && event.target.closest("[data-add-row]")) {
		add(list);
	} else if (list && event.target.closest("[data-remove-row]")) {
		remove(list, event.target.closest("[data-rows] > div"));
	}
});

const spareAll = () => document.querySelectorAll("[data-rows]").forEach(spare);

document.addEventListener("htmx:afterSettle", spareAll);
spareAll();
