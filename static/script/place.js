// Where the person is: lists change their address without the page being loaded, and what leads back or exports the list follows.
// Without script every list has an address from the start, and these links with it.

// here returns the address of the page. That of a page that answers a form leads nowhere.
export const here = () => document.documentElement.dataset.back || location.pathname + location.search;

document.addEventListener("click", (event) => {
	const link = event.target.closest("[data-list-query]"); // the export
	if (link) {
		link.search = location.search;
	}
});

document.addEventListener("submit", (event) => {
	if (event.target.closest("#tenant-menu")) {
		event.target.elements.next.value = here();
	}
});
