// People in a real browser: the first sign-in, an authenticator app, a passkey, and a
// partner's application that two tenants are asked to consent to.
//
// CASBAH_TEST holds {url, people: {admin, reader, other}, partner: {link, back}, screenshots?}
// as JSON; each of the people has upn and password. Prints what the last step is to use as JSON:
// the ids and the secret of an application that was set up by clicking alone. Fails on any
// error in the console, and on a page that axe or its width speaks against.

import { createHmac } from "node:crypto";

import { launch } from "./browser.mjs";
import { look } from "./look.mjs";

const test = JSON.parse(process.env.CASBAH_TEST);
const { admin, reader, other } = test.people;
const NEW = "a new Passw0rd for the browser";
const findings = [];

const browser = await launch();

async function open() {
  const context = await browser.newContext({ baseURL: test.url, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  // A refused sign-in is an error to the browser's console, and what a step is about.
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("Failed to load resource")) {
      findings.push(`${page.url()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => findings.push(`${page.url()}: ${error}`));
  await context.route(`${test.partner.back}**`, (route) => route.fulfill({ body: "the partner" }));
  return page;
}

function expect(what, is) {
  console.error(`${is ? "ok  " : "FAIL"} ${what}`);
  if (!is) findings.push(what);
}

const seen = (page, name) => look(page, name, (label, what) => {
  console.error(`FAIL ${label}: ${what}`);
  findings.push(`${label}: ${what}`);
}, test.screenshots);

async function typePassword(page, person) {
  await page.getByLabel("User name").fill(person.upn);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

// Signs in, with a new password for one that was given.
async function signIn(page, person, to = "/portal/") {
  await page.goto(to);
  await typePassword(page, person);
  if (await page.getByRole("heading", { name: "Choose a password" }).isVisible()) {
    await seen(page, "choose-a-password");
    await page.getByLabel("Present password").fill(person.password);
    await page.getByLabel("New password, at least").fill(NEW);
    await page.getByLabel("New password once more").fill(NEW);
    await page.getByRole("button", { name: "Change and sign in" }).click();
    person.password = NEW;
  }
}

async function signOut(page) {
  await page.goto("/portal/");
  await page.locator("details.menu summary").click();
  await page.getByRole("link", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "You are signed out" }).waitFor();
  await seen(page, "signed-out");
}

// The code of RFC 6238 that an app would show `later` seconds from now.
function totp(base32, later = 0) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...base32].map((one) => alphabet.indexOf(one).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor((Date.now() / 1000 + later) / 30)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1e6).padStart(6, "0");
}

// An administrator who has read nothing sets an application up by clicking alone.
const page = await open();
await page.goto("/portal/");
await seen(page, "sign-in");
await page.getByLabel("User name").fill(admin.upn);
await page.getByLabel("Password", { exact: true }).fill("a wrong one");
await page.getByRole("button", { name: "Sign in", exact: true }).click();
await seen(page, "sign-in-refused");
await signIn(page, admin);
await page.waitForURL("**/portal/");
const main = page.locator("main");
await page.getByRole("link", { name: "App registrations" }).first().click();
await main.getByRole("link", { name: "New registration" }).first().click();
await page.getByLabel("Name", { exact: true }).fill("Night export");
await page.getByRole("button", { name: "Register" }).click();
const value = async (label) => page.getByRole("button", { name: `Copy ${label}` }).getAttribute("data-copy");
const app = {
  client: await value("Application (client) ID"),
  tenant: await value("Directory (tenant) ID"),
};
await main.getByRole("link", { name: "API permissions" }).first().click();
await main.getByRole("link", { name: "Add a permission" }).first().click();
await page.getByRole("searchbox").fill("Microsoft Cloud App Security");
await page.getByRole("button", { name: "Search" }).click();
await page.getByRole("link", { name: "Microsoft Cloud App Security" }).click();
await page.getByLabel("investigation.read").check();
await page.getByRole("button", { name: "Add permissions" }).click();
await page.getByRole("link", { name: "Grant admin consent" }).click();
await page.getByRole("button", { name: "Grant admin consent" }).click();
await main.getByRole("link", { name: "Certificates & secrets" }).first().click();
await main.getByRole("link", { name: "Client secrets" }).first().click();
await page.getByLabel("Description").fill("nightly");
await page.getByRole("button", { name: "Add", exact: true }).click();
app.secret = await page.locator(".secret code").textContent();
expect("an application is set up by clicking alone", app.secret.length === 40);

// A partner's application, approved by a link: refused first, then accepted.
await page.goto(test.partner.link);
expect("the page names the permissions and the publisher",
  await page.getByText("investigation.read").isVisible() && await page.getByText("Northwind").first().isVisible());
await seen(page, "consent");
await page.getByRole("button", { name: "Cancel" }).click();
await page.waitForURL(`${test.partner.back}**`);
expect("a refusal is told to the partner", page.url().includes("error=access_denied"));
await page.goto(test.partner.link);
await page.getByRole("button", { name: "Accept" }).click();
await page.waitForURL(`${test.partner.back}**`);
expect("consent is told to the partner", page.url().includes("code=") && page.url().includes("admin_consent=True"));
await page.goto("/portal/enterprise_apps");
expect("the application is present", await main.getByRole("link", { name: "Partner SIEM" }).isVisible());

// Another tenant of the same server is asked by itself.
const elsewhere = await open();
await signIn(elsewhere, other, "/portal/enterprise_apps");
await elsewhere.waitForURL("**/enterprise_apps");
expect("one tenant's consent is not another's", !(await elsewhere.getByRole("link", { name: "Partner SIEM" }).isVisible()));
await elsewhere.goto(test.partner.link);
await seen(elsewhere, "consent-of-another-tenant");
await elsewhere.getByRole("button", { name: "Accept" }).click();
await elsewhere.waitForURL(`${test.partner.back}**`);
expect("the second tenant consents", elsewhere.url().includes("admin_consent=True"));

// A reader may not, and is told whom to ask.
const readers = await open();
await signIn(readers, reader);
await readers.goto(test.partner.again);
expect("a reader is told whom to ask",
  await readers.getByText("AADSTS90094").isVisible() && await readers.getByText(admin.upn).isVisible());
await seen(readers, "consent-refused");
await readers.getByRole("button", { name: "Return to the application" }).click();
await readers.waitForURL(`${test.partner.back}**`);
expect("the reader goes back without it", readers.url().includes("error=access_denied"));

// An authenticator app.
await readers.goto("/portal/security/authenticator");
await seen(readers, "authenticator");
const secret = await readers.locator("input[name=secret]").getAttribute("value");
await readers.getByRole("textbox", { name: "Code" }).fill(totp(secret));
await readers.getByRole("button", { name: "Verify and add" }).click();
await readers.getByText("The authenticator app was added").waitFor();
const codes = await readers.locator("ol code").allTextContents();
expect("recovery codes are shown", codes.length === 10 && codes.every((code) => /^[0-9A-Z]{5}-[0-9A-Z]{5}$/.test(code)));
await signOut(readers);
await readers.goto("/portal/");
await typePassword(readers, reader);
await seen(readers, "second-factor");
await readers.getByLabel("Code of your authenticator app").fill("000000");
await readers.getByRole("button", { name: "Verify" }).click();
expect("a wrong code is refused", await readers.getByRole("alert").first().isVisible());
await readers.getByLabel("Code of your authenticator app").fill(totp(secret, 30));
await readers.getByRole("button", { name: "Verify" }).click();
await readers.waitForURL("**/portal/");
expect("the code of the app signs in", true);
await signOut(readers);
await readers.goto("/portal/security");
await typePassword(readers, reader);
await readers.getByText("Use a recovery code").click();
await readers.getByLabel("Recovery code").fill(codes[0].toLowerCase());
await readers.getByRole("button", { name: "Use the code" }).click();
await readers.waitForURL("**/portal/security");
expect("a recovery code signs in, and one less is left", await readers.getByText("9 left").isVisible());

// A passkey, after the password and in place of it.
const devices = await page.context().newCDPSession(page);
await devices.send("WebAuthn.enable");
await devices.send("WebAuthn.addVirtualAuthenticator", {
  options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
});
await page.goto("/portal/security/passkey");
await page.getByLabel("Name").fill("Laptop");
await page.getByRole("button", { name: "Make a passkey" }).click();
await page.getByText("The passkey was added").waitFor();
await signOut(page);
await page.goto("/portal/");
await typePassword(page, admin);
await page.getByRole("button", { name: "Use a passkey" }).click();
await page.waitForURL("**/portal/");
expect("a passkey is the second factor", true);
await signOut(page);
await page.goto("/portal/security");
await page.getByRole("link", { name: "Sign in with a passkey" }).click();
await seen(page, "passkey");
await page.getByRole("button", { name: "Use a passkey" }).click();
await page.waitForURL("**/portal/security");
expect("a passkey is enough, and leads to the page that was wanted", await page.getByRole("rowheader", { name: "Laptop" }).isVisible());

// A device's code.
await page.goto("/common/oauth2/deviceauth");
await seen(page, "device-code");
await page.getByLabel("Code").fill(test.device.userCode);
await page.getByRole("button", { name: "Next" }).click();
await seen(page, "device-confirm");
await page.getByRole("button", { name: "Continue" }).click();
await page.getByText("You can close this page").first().waitFor();
await seen(page, "device-done");

// What is wrong with a link is said on a page of the server's own.
await page.goto(`${test.partner.link}&redirect_uri=https%3A%2F%2Fevil.example`);
expect("an address that is not registered leads nowhere", await page.getByText("AADSTS50011").first().isVisible());
await seen(page, "refused");

await browser.close();
console.log(JSON.stringify(app));
for (const finding of findings) console.error(`FAIL ${finding}`);
process.exit(findings.length ? 1 : 0);
