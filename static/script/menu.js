// Menus are popovers, which the browser opens and closes, with the focus. The script adds the arrow keys, and fetches the menus of
// rows when they open. Without script the links in menus lead to pages, and the dots at the end of a row to the page of the person.

// buttonOf returns the button of the menu that an element is in: when the menu is closed, that is where the person was.
export const buttonOf = (element) => {
	const menu = element.closest("[popover]");
	return menu && document.querySelector(`[popovertarget="${menu.id}"]`);
};

// menuFor replaces a link by a button with an empty menu. It keeps the id, by which the focus finds back when the list is drawn again.
const menuFor = (link) => {
	const menu = document.createElement("div");
	menu.className = "popover menu";
	menu.id = link.id.replace("actions", "menu");
	menu.popover = "auto";
	const button = document.createElement("button");
	button.type = "button";
	button.id = link.id;
	button.ariaLabel = link.ariaLabel;
	button.ariaHasPopup = "true";
	button.setAttribute("popovertarget", menu.id);
	button.dataset.menu = `${link.getAttribute("href")}/menu`;
	button.dataset.hxSync = "this:drop"; // other rows do not wait for this one
	const focused = link === document.activeElement;
	link.replaceWith(button, menu);
	if (focused) {
		button.focus({preventScroll: true});
	}
};

const menusForRows = () => document.querySelectorAll(".users .more > a").forEach(menuFor);

document.addEventListener("htmx:afterSettle", menusForRows);
menusForRows();

// A menu that has not been fetched opens when it has come, so that whoever goes into it finds the entries.
document.addEventListener("beforetoggle", async (event) => {
	const menu = event.target;
	const button = event.newState === "open" && buttonOf(menu);
	if (button && button.dataset.menu && menu.childElementCount === 0) {
		event.preventDefault();
		await htmx.ajax("GET", button.dataset.menu, {source: button, target: menu, swap: "innerHTML"}).catch(() => {}); // the toast says it
		if (menu.childElementCount > 0) {
			button.click();
		}
	}
}, true);

const entriesOf = (menu) => [...menu.querySelectorAll("a, button:enabled")];

// openInto opens a menu and gives the focus to its first entry.
const openInto = (menu, button) => {
	menu.addEventListener("toggle", () => menu.matches(":popover-open") && entriesOf(menu)[0].focus(), {once: true});
	button.click();
};

// targets say which entry a key leads to, from the place of the one that has the focus, or from -1. After the last comes the first.
const targets = {ArrowDown: (at) => at + 1, ArrowUp: (at) => Math.max(at, 0) - 1, Home: () => 0, End: () => -1};

document.addEventListener("keydown", (event) => {
	const target = targets[event.key];
	const button = event.target.closest("[popovertarget]");
	const menu = button ? document.getElementById(button.getAttribute("popovertarget")) : event.target.closest(".menu");
	if (!target || !menu || !menu.matches(".menu") || event.target.matches("input, select")) {
		return;
	}
	const entries = entriesOf(menu);
	if (menu.matches(":popover-open")) {
		entries.at(target(entries.indexOf(document.activeElement)) % entries.length).focus(); // which scrolls the menu
	} else if (event.key === "ArrowDown") {
		openInto(menu, button);
	} else {
		return;
	}
	event.preventDefault(); // the page would scroll
});

document.addEventListener("htmx:afterRequest", (event) => {
	const menu = event.detail.elt.closest("[popover]");
	if (menu && !event.detail.successful) {
		menu.hidePopover(); // it would cover what is said
	}
});
