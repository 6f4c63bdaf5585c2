// Asks the browser for a passkey, or to make one, and sends its answer with the form.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const problem = form.querySelector("[role=alert]");
  form.addEventListener("submit", async (event) => {
    const answer = form.elements.passkey;
    if (answer.value) {
      return;
    }
    event.preventDefault();
    problem.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const credential =
        form.dataset.passkey === "create"
          ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      answer.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch (error) {
      problem.textContent =
        error.name === "NotAllowedError"
          ? "The passkey was not used: it took too long, or was cancelled."
          : "This browser cannot use the passkey: " + error.message;
      problem.hidden = false;
    }
  });
}
