// A list of boxes that folds away says which are ticked. Without script it says what was ticked when the page was loaded.

document.addEventListener("change", (event) => {
	const list = event.target.closest("details[data-none]");
	if (list) {
		const chosen = [...list.querySelectorAll("input:checked")].map((box) => box.labels[0].textContent);
		list.querySelector(".dropdown-value").textContent = chosen.join(", ") || list.dataset.none;
	}
});
