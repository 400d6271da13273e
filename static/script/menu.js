// Menus are popovers, which the browser opens and closes. The script lets their links open dialogs. Without script the links lead
// to pages.

// buttonOf returns the button of the menu that an element is in: when the menu is closed, that is where the person was.
export const buttonOf = (element) => {
	const menu = element.closest("[popover]");
	return menu && document.querySelector(`[popovertarget="${menu.id}"]`);
};

// Hundreds of links to dialogs in the menus of a list cost a phone a noticeable time: htmx learns of each when its menu opens.
document.addEventListener("beforetoggle", (event) => {
	for (const link of event.target.querySelectorAll("a[data-dialog]")) {
		link.dataset.hxGet = link.getAttribute("href");
		delete link.dataset.dialog;
		htmx.process(link);
	}
}, true);

document.addEventListener("htmx:afterRequest", (event) => {
	const menu = event.detail.elt.closest("[popover]");
	if (menu && !event.detail.successful) {
		menu.hidePopover(); // it would cover what is said
	}
});
