// In a custom set nothing of a resource can be allowed without View of it: the other boxes of the row wait for that. Without script
// all can be ticked, and the server says what is missing.

const followView = (matrix) => {
	for (const row of matrix.querySelectorAll("tbody tr")) {
		const view = row.querySelector('[value$=".view"]');
		for (const box of row.querySelectorAll('[name="permissions"]:not([value$=".view"])')) {
			box.disabled = !view || !view.checked;
		}
	}
};

const followAll = () => document.querySelectorAll("[data-matrix]").forEach(followView);

document.addEventListener("change", (event) => {
	const matrix = event.target.closest("[data-matrix]");
	if (matrix) {
		followView(matrix);
	}
});

document.addEventListener("htmx:afterSettle", followAll);
followAll();
