// The browser asks for a passkey; its answer is sent with the form that holds the question. Without script there are no passkeys:
// the page says so, and offers the other ways.

const unused = "The passkey was not used: it was cancelled or took too long. Try again when you are ready.";
const troubles = {
	InvalidStateError: "This device has a passkey for your account already.",
	NotAllowedError: unused,
	AbortError: unused,
};
const unusable = "Passkeys do not work in this browser or at this address. Try another browser, or go on without a passkey.";

const askBrowser = ({passkeyNew, passkeyUse}) => passkeyNew
	? navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(passkeyNew))})
	: navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(passkeyUse))});

const askPasskey = async (form) => {
	const trouble = form.querySelector("[data-passkey-trouble]");
	trouble.textContent = "";
	try {
		const answer = await askBrowser(form.dataset);
		form.elements.credential.value = JSON.stringify(answer.toJSON());
		form.requestSubmit();
	} catch (refusal) {
		trouble.textContent = troubles[refusal.name] || unusable;
	}
};

document.addEventListener("click", (event) => {
	const button = event.target.closest("[data-passkey]");
	if (button) {
		askPasskey(button.closest("form"));
	}
});
