// Ticked rows: the bar below the list appears, says how many there are and offers what fits somebody among them, and one box ticks all.
// Without script the bar is always there with all it has, and the server counts.
import {focusInstead} from "./focus.js";

const boxes = () => [...document.querySelectorAll('input[name="ids"][form="bulk"]:enabled')];

const boxOfAll = () => document.querySelector("[data-select-all]");

const users = (n) => `${n} ${n === 1 ? "user" : "users"}`;

const countTicked = () => {
	const bar = document.querySelector(".bulk-bar");
	if (!bar) {
		return;
	}
	const all = boxes();
	const ticked = all.filter((box) => box.checked);
	const n = ticked.length;
	const matching = bar.querySelector("#bulk-all"); // also those on other pages
	const meansAll = matching && matching.checked;
	bar.classList.toggle("open", n > 0 || meansAll);
	bar.querySelector(".bulk-count").textContent = meansAll ? `All ${matching.dataset.number} users that match are selected` : `${users(n)} selected`;
	for (const button of bar.querySelectorAll("[data-fits]")) {
		button.hidden = meansAll ? !("fitsAll" in button.dataset) : !ticked.some((box) => (box.dataset.status ?? "active") === button.dataset.fits);
	}
	for (const number of bar.querySelectorAll(".bulk-number")) {
		number.textContent = meansAll ? "" : n;
	}
	const head = boxOfAll();
	head.checked = n > 0 && n === all.length;
	head.indeterminate = n > 0 && n < all.length;
};

document.addEventListener("change", (event) => {
	if (event.target.matches("[data-select-all]")) {
		for (const box of boxes()) {
			box.checked = event.target.checked;
		}
	}
	if (event.target.matches('[data-select-all], [name="ids"], #bulk-all')) {
		countTicked();
	}
});

document.addEventListener("reset", (event) => {
	if (event.target.matches(".bulk-bar")) {
		setTimeout(() => { // after the boxes have changed
			countTicked();
			focusInstead(boxOfAll()); // the bar is gone
		});
	}
});

document.addEventListener("htmx:afterSettle", countTicked);
countTicked(); // a browser keeps ticks when it goes back
