// Where the focus goes when what had it goes away, or when a form comes back with errors. Without script every answer is a whole
// page, on which the browser begins at the top and the summary of the errors leads to the fields.

const content = () => document.getElementById("main");

const isShown = (element) => Boolean(element) && element.checkVisibility();

// focusFirstError reports whether there is an error.
export const focusFirstError = (within) => {
	const wrong = within.querySelector('[aria-invalid="true"]') || within.querySelector(".summary");
	if (wrong) {
		wrong.focus();
	}
	return wrong !== null;
};

// focusInstead gives the focus to what took the place of the element that had it, or to the content: not to the top of the page.
export const focusInstead = (element) => {
	const at = document.activeElement;
	if (at === document.body || !isShown(at)) {
		(isShown(element) ? element : content()).focus({preventScroll: true});
	}
};

// focusAgain gives the focus back to an element. Its list may have been drawn again meanwhile, so its id is what counts.
export const focusAgain = (element) => {
	const again = element && ((element.id && document.getElementById(element.id)) || element);
	(again && again.isConnected ? again : content()).focus();
};
