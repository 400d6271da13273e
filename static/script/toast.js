// Results appear in a corner, pass by themselves and can be dismissed; the script reports there what went wrong, too. Without
// script the result of an action stands at the top of the page until another page is loaded.
import {focusInstead} from "./focus.js";

const lasts = 8000; // milliseconds

export const toasts = document.getElementById("toasts");

let report = null; // what the script itself reports
let dismissed = ""; // what it reported, until a request succeeds

const textOf = (message) => message.querySelector("p").textContent;

// toastsInSight is where messages appear: in a dialog while one is open, because everything outside is inert then.
export const toastsInSight = () => document.querySelector("#dialog[open] .sheet-toasts") || toasts;

// toast reports a text. One that comes again and again by itself is not shown once more after somebody has dismissed it.
export const toast = (text, again) => {
	if (report && report.isConnected && textOf(report) === text || again && dismissed === text) {
		return; // said already
	}
	if (report) {
		report.remove();
	}
	report = document.getElementById("report").content.firstElementChild.cloneNode(true);
	report.querySelector("p").textContent = text;
	toastsInSight().append(report); // beside what the server has said
};

document.addEventListener("htmx:afterRequest", (event) => {
	if (event.detail.successful) {
		dismissed = "";
		if (report && !report.matches(":focus-within")) {
			report.remove(); // it is over
		}
	}
});

document.addEventListener("click", (event) => {
	const button = event.target.closest("[data-dismiss]");
	if (button) {
		const message = button.closest(".toast");
		if (message === report) {
			dismissed = textOf(report);
		}
		message.remove();
		focusInstead();
	}
});

const passes = (message) => {
	let timer;
	const wait = () => {
		clearTimeout(timer);
		timer = setTimeout(() => message.matches(":hover, :focus-within") || message.remove(), lasts);
	};
	message.addEventListener("mouseleave", wait); // whoever reads it has all the time
	message.addEventListener("focusout", wait);
	wait();
};

// Screen readers announce what appears in a live region, not what was there from the start.
const fromStart = [...toasts.children];
toasts.replaceChildren();
setTimeout(() => toasts.append(...fromStart), 100);
fromStart.filter((message) => "passes" in message.dataset).forEach(passes);
