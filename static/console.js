// What the pages cannot do in HTML alone: dialogs, toasts, Copy. Without this script every link and form still works.
(() => {
	"use strict";

	const root = document.documentElement;
	const dialog = document.getElementById("dialog"); // signed-in pages only
	const toasts = document.getElementById("toasts");
	const announcer = document.getElementById("announcer");

	if (navigator.clipboard) {
		root.classList.add("can-copy"); // https and localhost only
	}

	// The element that led to the dialog. Its list may be drawn again meanwhile, so its id is what counts.
	let opener = null;

	const openerOf = (element) => {
		const menu = element.closest("[popover]"); // closed by then: its button is where the person was
		return (menu && document.querySelector(`[popovertarget="${menu.id}"]`)) || element;
	};

	const focusOpener = () => {
		const again = opener && ((opener.id && document.getElementById(opener.id)) || opener);
		(again && again.isConnected ? again : document.getElementById("main")).focus();
		opener = null;
	};

	const focusFirstError = (within) => {
		const wrong = within.querySelector('[aria-invalid="true"]') || within.querySelector(".summary");
		if (wrong) {
			wrong.focus();
		}
		return wrong !== null;
	};

	// What has the focus may go away. Then the focus goes to what took its place, or to the content, not to the top of the page.
	const focusInstead = (element) => {
		const at = document.activeElement;
		if (at === document.body || !at.checkVisibility()) {
			(element && element.checkVisibility() ? element : document.getElementById("main")).focus({preventScroll: true});
		}
	};

	let report = null; // what the script itself reports
	let dismissed = ""; // what it reported, until a request succeeds

	const textOf = (message) => message.querySelector("p").textContent;

	// What the page asks for by itself, again and again, has no answer that somebody waits for.
	const asksAgain = (element) => element.matches('[data-hx-trigger^="every"]');

	const toast = (text, from) => {
		if (report && report.isConnected && textOf(report) === text || asksAgain(from) && dismissed === text) {
			return; // said already
		}
		if (report) {
			report.remove();
		}
		report = document.getElementById("report").content.firstElementChild.cloneNode(true);
		report.querySelector("p").textContent = text;
		(sheetToasts() || toasts).append(report); // beside what the server has said
	};

	// While a dialog is open everything outside is inert, so messages appear in it.
	const sheetToasts = () => dialog && dialog.open && dialog.querySelector(".sheet-toasts");

	// Hundreds of links to dialogs in the menus of a list cost a phone a noticeable time: htmx learns of each when its menu opens.
	document.addEventListener("beforetoggle", (event) => {
		for (const link of event.target.querySelectorAll("a[data-dialog]")) {
			link.dataset.hxGet = link.getAttribute("href");
			delete link.dataset.dialog;
			htmx.process(link);
		}
	}, true);

	document.addEventListener("htmx:beforeRequest", (event) => {
		if (event.detail.target === dialog && !dialog.open) {
			opener = openerOf(event.detail.elt);
		}
	});

	let swapsFocus = false;

	document.addEventListener("htmx:beforeSwap", (event) => {
		const detail = event.detail;
		swapsFocus = detail.target.contains(document.activeElement);
		const stale = detail.xhr.status === 409 && detail.xhr.getResponseHeader("HX-Retarget") !== "#toasts"; // the form again, as it was sent
		if (detail.isError && asksAgain(detail.elt)) {
			toast("That did not work. Try again, or reload the page.", detail.elt); // not in the words of the server, which change
		} else if (detail.xhr.status === 422 || stale) {
			detail.shouldSwap = true;
			detail.isError = false;
		} else if (detail.isError && detail.xhr.getResponseHeader("HX-Retarget")) {
			detail.shouldSwap = true;
			detail.isError = false; // the server has found words for it
			detail.swapOverride = "innerHTML";
			if (detail.target === toasts) {
				detail.target = sheetToasts() || toasts;
			}
		} else if (detail.isError) {
			toast("That did not work. Try again, or reload the page.", detail.elt);
		}
	});

	document.addEventListener("htmx:sendError", (event) => toast("The server cannot be reached. Check your connection, then try again.", event.detail.elt));

	document.addEventListener("htmx:afterRequest", (event) => {
		const menu = event.detail.elt.closest("[popover]");
		if (event.detail.successful) {
			dismissed = "";
			if (report && !report.matches(":focus-within")) {
				report.remove(); // it is over
			}
		} else if (menu) {
			menu.hidePopover(); // it would cover what is said
		}
	});

	document.addEventListener("htmx:afterSwap", (event) => {
		if (dialog && event.detail.target === dialog && !dialog.open) {
			dialog.showModal();
		}
	});

	document.addEventListener("htmx:afterSettle", (event) => {
		const target = event.detail.target;
		if (target.id === "group" && dialog.open) {
			dialog.close(); // what it asked about was refused, and is shown in the page
		}
		if (target.matches(".sheet-host") && !focusFirstError(target)) {
			const first = target.querySelector("[autofocus]");
			if (first) {
				first.focus();
			}
		}
		if (swapsFocus) {
			focusInstead(target.querySelector("#dialog-title"));
		}
		const drawn = target.id && document.getElementById(target.id); // in place of the target
		if (drawn && drawn.dataset.announce) {
			announce(drawn, event.timeStamp);
		}
	});

	// Somebody who listens is not told at every step how far long work is.
	let announced = -Infinity;

	const announce = (list, now) => {
		const working = list.matches('[data-hx-trigger^="every"]'); // it asks again by itself
		if (!working || now - announced >= 5000) { // milliseconds
			announcer.textContent = list.dataset.announce;
			announced = now;
		}
	};

	// What has been entered and not sent is not lost by a stray click. A form that was refused, or drawn again for another
	// reason, holds what was entered as if it had been there from the start. A password may be there because the browser knows it.
	const sent = new WeakSet();
	let leaving = false;

	const changed = (input) => {
		if (input.options) {
			const first = [...input.options].find((option) => option.defaultSelected) || input.options[0];
			return first !== undefined && !first.selected;
		}
		return /^(checkbox|radio)$/.test(input.type) ? input.checked !== input.defaultChecked
			: !/^(hidden|password|submit|reset|button)$/.test(input.type) && "defaultValue" in input && input.value !== input.defaultValue;
	};

	const entered = (form) => [...form.querySelectorAll('[aria-invalid="true"], [data-unsent]'), ...[...form.elements].filter(changed)];

	const unsent = (within, choice) => dialog !== null && [...within.querySelectorAll('form[method="post"], form.sheet, .permissions-form')].some((form) =>
		!sent.has(form) && entered(form).some((element) => element !== choice));

	const mayDiscard = (within, choice) => !unsent(within, choice) || confirm("Discard what you have entered?");

	addEventListener("beforeunload", (event) => {
		if (!leaving && unsent(document)) {
			event.preventDefault(); // the browser asks
		}
	});

	document.addEventListener("submit", (event) => event.defaultPrevented || sent.add(event.target));

	document.addEventListener("htmx:beforeRequest", (event) => {
		const {elt, target} = event.detail;
		if (elt.matches("form")) {
			sent.add(elt);
		}
		const {triggeringEvent} = event.detail.requestConfig;
		if (triggeringEvent && triggeringEvent.isTrusted && !mayDiscard(target, triggeringEvent.target)) { // what the page asks for by itself asks nobody
			event.preventDefault();
			for (const option of triggeringEvent.target.options || []) { // the choice that would have led away
				option.selected = option.defaultSelected;
			}
		}
	});

	// What may take long says so where its result will stand.
	document.addEventListener("htmx:beforeRequest", (event) => {
		const {elt, target} = event.detail;
		if (elt.dataset.busy) {
			target.textContent = elt.dataset.busy;
		}
	});

	document.addEventListener("htmx:afterRequest", (event) => {
		const {elt, requestConfig: {target}} = event.detail;
		if (elt.dataset.busy && target.textContent === elt.dataset.busy) {
			target.textContent = ""; // there is no result
		}
	});

	// A form that a dialog asks about has been sent as long as that is open.
	document.addEventListener("htmx:afterRequest", (event) => {
		const {elt, xhr} = event.detail;
		const asks = dialog && dialog.open && !dialog.contains(elt);
		if (!asks && !xhr.getResponseHeader("HX-Redirect")) {
			sent.delete(elt);
		}
	});

	// Nor is a secret that is shown this once. The page behind it may not know yet what the secret is for: it has the address
	// where it does.
	const shownOnce = () => dialog.querySelector("[data-once]");

	const mayClose = () => shownOnce() ? confirm("Close this? It is not shown again.") : mayDiscard(dialog);

	if (dialog) {
		dialog.addEventListener("cancel", (event) => {
			if (event.target === dialog && !mayClose()) {
				event.preventDefault();
			}
		});

		dialog.addEventListener("close", () => {
			if (!dialog.open) { // it may have been opened again meanwhile
				const once = shownOnce();
				dialog.replaceChildren(); // a signup link does not stay in the page
				sent.delete(opener);
				focusOpener();
				if (once && once.dataset.once) {
					location.assign(once.dataset.once);
				}
			}
		});
	}

	document.addEventListener("click", (event) => {
		const at = (selector) => event.target.closest(selector);
		if (at("[data-close]") && at("dialog")) {
			event.preventDefault();
			if (at("a") || mayClose()) { // Cancel says what it does, the cross may be hit by chance
				dialog.close();
			}
		} else if (at("[data-close]")) {
			leaving = !(event.ctrlKey || event.metaKey || event.shiftKey); // into this window
		} else if (at("[data-dismiss]")) {
			if (at(".toast") === report) {
				dismissed = textOf(report);
			}
			at(".toast").remove();
			focusInstead();
		} else if (at("[data-copy]")) {
			copy(at("[data-copy]"));
		} else if (at("[data-passkey]")) {
			askPasskey(at("form"));
		}
	});

	// The browser asks for a passkey; its answer is sent with the form that holds the question.
	const askPasskey = async (form) => {
		const {passkeyNew, passkeyUse} = form.dataset;
		const trouble = form.querySelector("[data-passkey-trouble]");
		trouble.textContent = "";
		try {
			const answer = passkeyNew
				? await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(passkeyNew))})
				: await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(passkeyUse))});
			form.elements.credential.value = JSON.stringify(answer.toJSON());
			form.requestSubmit();
		} catch (refusal) {
			if (refusal.name === "InvalidStateError") {
				trouble.textContent = "This device has a passkey for your account already.";
			} else if (refusal.name === "NotAllowedError" || refusal.name === "AbortError") {
				trouble.textContent = "The passkey was not used: it was cancelled or took too long. Try again when you are ready.";
			} else {
				trouble.textContent = "Passkeys do not work in this browser or at this address. Try another browser, or go on without a passkey.";
			}
		}
	};

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

	// Ticked rows: the bar below the list appears and says how many there are.
	const ticked = () => [...document.querySelectorAll('input[name="ids"][form="bulk"]:checked')];

	const countTicked = () => {
		const bar = document.querySelector(".bulk-bar");
		if (!bar) {
			return;
		}
		const all = bar.querySelector("#bulk-all");
		const n = ticked().length;
		const chosen = all && all.checked;
		bar.classList.toggle("open", n > 0 || chosen);
		bar.querySelector(".bulk-count").textContent = chosen ? "All users that match are selected" : `${n} ${n === 1 ? "user" : "users"} selected`;
		for (const number of bar.querySelectorAll(".bulk-number")) {
			number.textContent = chosen ? "" : n;
		}
		const head = document.querySelector("[data-select-all]");
		const boxes = document.querySelectorAll('input[name="ids"][form="bulk"]').length;
		head.checked = n > 0 && n === boxes;
		head.indeterminate = n > 0 && n < boxes;
	};

	document.addEventListener("change", (event) => {
		if (event.target.matches("[data-select-all]")) {
			for (const box of document.querySelectorAll('input[name="ids"][form="bulk"]')) {
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
				focusInstead(document.querySelector("[data-select-all]")); // the bar is gone
			});
		}
	});

	document.addEventListener("htmx:afterSettle", countTicked);
	countTicked(); // a browser keeps ticks when it goes back

	// In a custom set nothing of a resource can be allowed without View of it.
	const followView = (matrix) => {
		for (const row of matrix.querySelectorAll("tbody tr")) {
			const view = row.querySelector('[value$=".view"]');
			for (const box of row.querySelectorAll('[name="permissions"]:not([value$=".view"])')) {
				box.disabled = !view || !view.checked;
			}
		}
	};

	document.addEventListener("change", (event) => {
		const matrix = event.target.closest("[data-matrix]");
		if (matrix) {
			followView(matrix);
		}
	});
	document.addEventListener("htmx:afterSettle", () => document.querySelectorAll("[data-matrix]").forEach(followView));
	document.querySelectorAll("[data-matrix]").forEach(followView);

	// A list of boxes that folds away says which are ticked.
	document.addEventListener("change", (event) => {
		const list = event.target.closest("details[data-none]");
		if (list) {
			const chosen = [...list.querySelectorAll("input:checked")].map((box) => box.labels[0].textContent);
			list.querySelector(".dropdown-value").textContent = chosen.join(", ") || list.dataset.none;
		}
	});

	// The export is of the list as it stands, which changes without the page being loaded.
	document.addEventListener("click", (event) => {
		const link = event.target.closest("[data-list-query]");
		if (link) {
			link.search = location.search;
		}
	});

	// Where the person is: lists change their address without the page being loaded. That of a page that answers a form leads nowhere.
	const here = () => root.dataset.back || location.pathname + location.search;

	document.addEventListener("submit", (event) => {
		if (event.target.closest("#tenant-menu")) {
			event.target.elements.next.value = here();
		}
	});

	// The end of the session. The server alone knows it: other tabs are activity too, and the limits may change.
	const timeout = document.getElementById("timeout"); // signed-in pages only
	if (timeout) {
		const {ask, stay, signin, text, finalText} = timeout.dataset;
		const warning = 60; // seconds before the end
		const longest = 12 * 3600; // seconds that one timer may wait
		const spoken = [60, 30, 10]; // seconds left that are announced
		const button = timeout.querySelector("#timeout-stay");
		const now = () => Date.now() / 1000; // goes on while the computer sleeps
		let end, final, timer, said, asked = 0, opening = false, dismissed = false;

		const leave = () => {
			leaving = true;
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
			try {
				const answer = await fetch(address, {cache: "no-store"});
				const session = await answer.json();
				if (asking !== asked) {
					return; // a later question knows better, whichever is answered first
				}
				if (session.seconds <= 0) {
					leave();
				} else {
					learn(session);
				}
			} catch { // the server cannot be reached
				if (asking !== asked) {
					return;
				}
				if (now() >= end) {
					leave();
				} else {
					tick();
				}
			}
		};

		const show = (left) => {
			if (!timeout.open && !dismissed) {
				said = Infinity;
				timeout.querySelector("#timeout-text").textContent = final ? finalText : text;
				button.textContent = final ? "Close" : "Stay signed in";
				opening = true;
				timeout.showModal();
				opening = false;
			}
			timeout.querySelector(".countdown").textContent = `${left} ${left === 1 ? "second" : "seconds"} left`;
			const mark = spoken.findLast((seconds) => left <= seconds);
			if (mark < said) {
				said = mark;
				timeout.querySelector('[role="status"]').textContent = `You will be signed out in ${left} ${left === 1 ? "second" : "seconds"}.`;
			}
		};

		const tick = () => {
			clearTimeout(timer);
			const left = Math.ceil(end - now());
			if (left > warning) {
				dismissed = false;
				timeout.close();
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
				timeout.close();
			} else {
				enquire(stay);
			}
		};
		// A field that loses the focus to the dialog may ask for its list again, which nobody wanted and which would be activity.
		document.addEventListener("htmx:beforeRequest", (event) => opening && event.preventDefault());
		button.addEventListener("click", answer);
		timeout.addEventListener("cancel", answer);
		document.addEventListener("visibilitychange", () => document.hidden || enquire(ask));
		learn({seconds: Number(timeout.dataset.seconds), final: "final" in timeout.dataset});
	}

	// A page that the browser has kept is not shown again: its session may have ended.
	addEventListener("pageshow", (event) => event.persisted && location.reload());

	// Screen readers announce what appears in a live region, not what was there from the start.
	const flash = [...toasts.children];
	toasts.replaceChildren();
	setTimeout(() => toasts.append(...flash), 100);
	for (const box of flash.filter((box) => "passes" in box.dataset)) {
		let timer;
		const wait = () => {
			clearTimeout(timer);
			timer = setTimeout(() => box.matches(":hover, :focus-within") || box.remove(), 8000);
		};
		box.addEventListener("mouseleave", wait); // whoever reads it has all the time
		box.addEventListener("focusout", wait);
		wait();
	}

	focusFirstError(document);
})();
