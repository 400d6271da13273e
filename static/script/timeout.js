// A dialog warns one minute before the session ends, and offers to stay; then the page leads to the sign-in. Without script the foot
// of the page says when that will be.
//
// The server alone knows the end: other tabs are activity too, and the limits may change.
import {here} from "./place.js";
import {leaveUnasked} from "./unsent.js";

const warning = 60; // seconds before the end
const longest = 12 * 3600; // seconds that one timer may wait
const spoken = [60, 30, 10]; // seconds left that are announced

const dialog = document.getElementById("timeout"); // signed-in pages only
const {stay, signin} = dialog ? dialog.dataset : {};
const ask = `${stay}?background`; // is no activity
const text = "You have not done anything here for a while. To keep your account safe, you will be signed out.";
const finalText = "You have been signed in for as long as your company allows, so you cannot stay. Save what you are doing, " +
	"then sign in again.";
const find = (selector) => dialog.querySelector(selector);

let end, final; // when the session ends, and whether it cannot be prolonged
let timer, asked = 0;
let said, opening = false, dismissed = false;

const now = () => Date.now() / 1000; // goes on while the computer sleeps

const seconds = (n) => `${n} ${n === 1 ? "second" : "seconds"}`;

const leave = () => {
	leaveUnasked();
	location.assign(`${signin}?next=${encodeURIComponent(here())}`);
};

const learn = (session) => {
	end = now() + session.seconds;
	final = session.final;
	tick();
};

const enquire = async (address) => {
	clearTimeout(timer);
	const asking = ++asked;
	let session;
	try {
		const answer = await fetch(address, {cache: "no-store"});
		session = await answer.json();
	} catch {
		session = null; // the server cannot be reached
	}
	if (asking !== asked) {
		return; // a later question knows better, whichever is answered first
	}
	if (session ? session.seconds <= 0 : now() >= end) {
		leave();
	} else if (session) {
		learn(session);
	} else {
		tick();
	}
};

const open = () => {
	said = Infinity;
	find("#timeout-text").textContent = final ? finalText : text;
	find("#timeout-stay").textContent = final ? "Close" : "Stay signed in";
	opening = true;
	dialog.showModal();
	opening = false;
};

const show = (left) => {
	if (!dialog.open && !dismissed) {
		open();
	}
	find(".countdown").textContent = `${seconds(left)} left`;
	const mark = spoken.findLast((limit) => left <= limit);
	if (mark < said) {
		said = mark;
		find('[role="status"]').textContent = `You will be signed out in ${seconds(left)}.`;
	}
};

const tick = () => {
	clearTimeout(timer);
	const left = Math.ceil(end - now());
	if (left > warning) {
		dismissed = false;
		dialog.close();
		timer = setTimeout(enquire, Math.min(left - warning, longest) * 1000, ask);
	} else if (left > 0) {
		show(left);
		timer = left === 30 || left === 10 ? setTimeout(enquire, 1000, ask) : setTimeout(tick, 1000); // another tab may have stayed
	} else {
		enquire(ask);
	}
};

const answer = (event) => {
	event.preventDefault();
	if (final) {
		dismissed = true;
		dialog.close();
	} else {
		enquire(stay);
	}
};

if (dialog) {
	// A field that loses the focus to the dialog may ask for its list again, which nobody wanted and which would be activity.
	document.addEventListener("htmx:beforeRequest", (event) => opening && event.preventDefault());
	document.addEventListener("visibilitychange", () => document.hidden || enquire(ask));
	find("#timeout-stay").addEventListener("click", answer);
	dialog.addEventListener("cancel", answer);
	learn({seconds: Number(dialog.dataset.seconds), final: "final" in dialog.dataset});
}

// A page that the browser has kept is not shown again: its session may have ended.
addEventListener("pageshow", (event) => event.persisted && location.reload());
