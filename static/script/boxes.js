// Boxes that others depend on. In a custom set nothing of a resource can be allowed without View of it, so the other boxes of the row
// wait for that; a list of boxes that folds away says which are ticked. Without script all boxes can be ticked: the server says what
// is missing, and the next page what was ticked.

const followView = (matrix) => {
	for (const row of matrix.querySelectorAll("tbody tr")) {
		const view = row.querySelector('[value$=".view"]');
		for (const box of row.querySelectorAll('[name="permissions"]:not([value$=".view"])')) {
			box.disabled = !view || !view.checked;
		}
	}
};

const followAll = () => document.querySelectorAll("[data-matrix]").forEach(followView);

const nameTicked = (list) => {
	const ticked = [...list.querySelectorAll("input:checked")].map((box) => box.labels[0].textContent);
	list.querySelector(".dropdown-value").textContent = ticked.join(", ") || list.dataset.none;
};

document.addEventListener("change", (event) => {
	const matrix = event.target.closest("[data-matrix]");
	const list = event.target.closest("details[data-none]");
	if (matrix) {
		followView(matrix);
	}
	if (list) {
		nameTicked(list);
	}
});

// A list that is unfolded lies over what follows: it folds away when the person goes elsewhere.
const foldOthers = (at) => {
	for (const list of document.querySelectorAll("details.dropdown[open]")) {
		list.open = list.contains(at);
	}
};

document.addEventListener("click", (event) => foldOthers(event.target));
document.addEventListener("focusin", (event) => foldOthers(event.target));
document.addEventListener("keydown", (event) => {
	const list = event.key === "Escape" && event.target.closest("details.dropdown[open]");
	if (list) {
		list.open = false;
		list.querySelector("summary").focus();
	}
});

document.addEventListener("htmx:afterSettle", followAll);
followAll();
