// Copy puts a link or a code into the clipboard. Without script, or over http, where browsers allow no access to the clipboard,
// there is no such button: the text stands in a field from which it can be copied.

if (navigator.clipboard) {
	document.documentElement.classList.add("can-copy"); // https and localhost only
}

const copy = async (button) => {
	const field = document.querySelector(button.dataset.copy);
	const status = button.parentElement.querySelector('[role="status"]');
	field.select();
	try {
		await navigator.clipboard.writeText(field.value);
		status.textContent = "Copied";
	} catch {
		status.textContent = "Press Ctrl+C or ⌘C to copy";
	}
};

document.addEventListener("click", (event) => {
	const button = event.target.closest("[data-copy]");
	if (button) {
		copy(button);
	}
});
