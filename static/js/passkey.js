// Passkeys: the browser asks for finger, face or PIN; the answer goes out with the form it belongs to.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function prepared(options) {
  const key = { ...options.publicKey, challenge: bytes(options.publicKey.challenge) };
  if (key.user) key.extensions = { ...key.extensions, prf: {} }; // so that it can also lock what is prepared on a device (vault.js)
  if (key.user) key.user = { ...key.user, id: bytes(key.user.id) };
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    if (key[list]) key[list] = key[list].map((one) => ({ ...one, id: bytes(one.id) }));
  }
  return { publicKey: key };
}

function written(credential) {
  const { response } = credential;
  const parts = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) parts[part] = text(response[part]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return JSON.stringify({
    type: credential.type, id: credential.id, rawId: text(credential.rawId), response: parts,
    authenticatorAttachment: credential.authenticatorAttachment, clientExtensionResults: credential.getClientExtensionResults(),
  });
}

async function asked(form) {
  if (!form.dataset.passkeyUrl) return JSON.parse(document.getElementById("js_data").textContent);
  const answer = await fetch(form.dataset.passkeyUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no options");
  return answer.json();
}

async function start(form) {
  const said = form.querySelector("[data-passkey-said]");
  said.textContent = "";
  try {
    const data = await asked(form);
    const creating = form.dataset.passkey === "create";
    const options = prepared(creating ? data.creation_options : data.request_options);
    const alone = form.querySelector("[data-passkey-alone]");
    if (creating && alone) {
      options.publicKey.authenticatorSelection = {
        ...options.publicKey.authenticatorSelection,
        residentKey: alone.checked ? "required" : "discouraged",
        requireResidentKey: alone.checked,
        ...(alone.checked ? { userVerification: "required" } : {}),
      };
    }
    const credential = await navigator.credentials[creating ? "create" : "get"](options);
    form.elements.credential.value = written(credential);
    form.submit();
  } catch (problem) {
    said.className = "notice notice--wait";
    said.textContent = problem.name === "InvalidStateError"
      ? "This device has a passkey here already."
      : "That did not work, or you stopped it. You can try again, or take another way.";
  }
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  const button = form.querySelector("[data-passkey-start]");
  if (!window.PublicKeyCredential) continue;
  button.hidden = false;
  button.addEventListener("click", () => start(form));
  form.addEventListener("submit", (event) => { event.preventDefault(); start(form); });
}
