// Every page of the portal in a real browser: first a story told by its forms, then each
// page that a link leads to, light and dark, wide and narrow, with and without JavaScript.
//
// CASBAH_TEST holds {url, userPrincipalName, password, named, token, client, alert,
// screenshots?} as JSON, where named holds the ids of applications whose names would break a
// careless page, token is {value, appId, role} of an application, client {tenant, id, secret}
// of one that may read alerts, and alert {id, url, title} of the newest. CHROMIUM names the browser (/usr/bin/chromium). Fails on a page that is no
// page, on an error in the console, on a finding of axe that is serious, and on a page wider
// than its screen.

import { createPublicKey, verify } from "node:crypto";

import { launch } from "./browser.mjs";
import { judge, shot as picture } from "./look.mjs";

const test = JSON.parse(process.env.CASBAH_TEST);
const findings = [];
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

const browser = await launch();

function find(where, what) {
  findings.push(`${where}: ${what}`);
  console.log(`FAIL ${where}: ${what}`);
}

async function open(options, state) {
  const context = await browser.newContext({
    baseURL: test.url, ignoreHTTPSErrors: true, storageState: state, ...options,
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") find(page.url(), `console: ${message.text()}`);
  });
  page.on("pageerror", (error) => find(page.url(), `script: ${error}`));
  return page;
}

async function signIn(page, to) {
  await page.goto(to);
  await page.getByLabel("User name").fill(test.userPrincipalName);
  await page.getByLabel("Password").fill(test.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

// Waits until the page says that a form has done its work.
const done = (page, text) => page.locator("main").getByRole("status").filter({ hasText: text }).waitFor();

// A person sets an application up by the forms alone.
async function story(page, name) {
  const main = page.locator("main");
  const tab = (title) => main.getByRole("link", { name: title }).first().click();
  await page.goto("/portal/apps");
  await main.getByRole("link", { name: "New registration" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("any organizational directory").check();
  await page.getByLabel("Redirect URI", { exact: true }).fill("https://siem.example/auth");
  await page.getByRole("button", { name: "Register" }).click();
  await done(page, "was registered");
  const own = new URL(page.url()).pathname;

  await tab("Authentication");
  await page.getByLabel("Public client/native").check();
  await page.getByLabel("Redirect URI", { exact: true }).fill("http://localhost");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await done(page, "redirect URI was added");

  await tab("Certificates & secrets");
  await tab("GitHub Actions");
  await page.getByLabel("Organization").fill("contoso");
  await page.getByLabel("Repository").fill("siem");
  await page.getByLabel("branch or tag name").fill("main");
  await page.getByLabel("Name", { exact: true }).fill("main");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await done(page, "federated credential was added");

  await tab("Client secrets");
  await page.getByLabel("Description").fill("nightly export");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  const value = await page.locator(".secret code").textContent();
  if (value.length !== 40) find("client secret", `the value is ${value}`);
  await shot(page, "new-secret");
  await page.goto(page.url().replace("/secrets", "/credentials?tab=secrets"));
  if ((await page.content()).includes(value)) find("client secret", "is shown twice");

  await tab("API permissions");
  await main.getByRole("link", { name: "Add a permission" }).first().click();
  await page.getByRole("searchbox").fill("defender for cloud apps");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name: "Microsoft Cloud App Security" }).click();
  await page.getByLabel("investigation.read").check();
  await page.getByLabel("discovery.manage").check();
  await page.getByRole("button", { name: "Add permissions" }).click();
  await done(page, "permissions were added");
  await shot(page, "permissions-missing");
  await page.getByRole("link", { name: "Grant admin consent" }).click();
  await page.getByRole("button", { name: "Grant admin consent" }).click();
  await done(page, "consent was granted");
  const granted = await page.getByText("✓ Granted for").count();
  if (granted !== 2) find("admin consent", `${granted} permissions are granted`);
  return own;
}

// The administrator says what members may do, and what the organisation is called.
async function tenant(page) {
  await page.goto("/portal/tenant");
  for (const may of ["Yes", "No"]) {
    await page.getByRole("group", { name: "Users can register applications?" }).getByLabel(may).check();
    await page.getByRole("button", { name: "Save" }).click();
    await done(page, "changes were saved");
    if (!await page.getByLabel(may, { exact: true }).isChecked()) find("tenant", `does not keep ${may}`);
  }
  const name = page.getByLabel("New display name");
  const before = await name.inputValue();
  for (const called of [`${before} & Sons`, before]) {
    await name.fill(called);
    await page.getByRole("button", { name: "Rename" }).click();
    await done(page, "display name was changed");
    if (!(await page.title()).includes(called)) find("tenant", `is not called ${called}`);
  }
}

// A provider is added, tested, changed and deleted, or kept.
async function provider(page, name, isKept) {
  const main = page.locator("main");
  await page.goto("/portal/identity-providers");
  await main.getByRole("link", { name: "Add a provider" }).click();
  await page.getByLabel("Display name").fill(name);
  await page.getByLabel("Issuer").fill("https://localhost:1/realms/main");
  await page.getByLabel("Client ID").fill(name);
  await page.getByLabel("Client secret").fill("not to be shown");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await done(page, "provider was added");
  if ((await page.content()).includes("not to be shown")) find("provider", "shows the secret");
  await page.getByRole("button", { name: "Test" }).click();
  await main.getByRole("alert").filter({ hasText: "Nobody can sign in" }).waitFor();
  await shot(page, "provider-tested");
  await page.getByLabel("upn").check();
  await page.getByRole("button", { name: "Save" }).click();
  await done(page, "changes were saved");
  if (!await page.getByLabel("upn").isChecked()) find("provider", "does not keep the claim");
  if (isKept) return;
  await page.getByRole("link", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await done(page, "provider was deleted");
}

// A legacy API token is made, works, and is revoked.
async function apiToken(page, name) {
  const main = page.locator("main");
  await page.goto("/portal/api-tokens");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Generate" }).click();
  const token = await page.locator(".secret code").textContent();
  await shot(page, "new-api-token");
  const status = async () => (await page.request.get("/api/v1/alerts/?limit=1",
    { headers: { Authorization: `Token ${token}` } })).status();
  if (await status() !== 200) find("API tokens", "a new one does not work");
  await page.goto("/portal/api-tokens");
  await main.getByRole("row", { name }).getByText("Active").waitFor();
  await main.getByRole("link", { name: `Revoke ${name}` }).click();
  await page.getByRole("button", { name: "Revoke" }).click();
  await done(page, "token was revoked");
  if (await status() !== 401) find("API tokens", "a revoked one works");
}

// Something is said of the newest activity, and stands on its page.
async function feedback(page, verdict) {
  const main = page.locator("main");
  await page.goto("/portal/activities");
  await main.getByLabel("Country").fill("de");
  await main.getByRole("button", { name: "Apply filters" }).click();
  const countries = await main.locator("td[data-label=Country]").allTextContents();
  if (countries.length === 0 || countries.some((one) => one !== "DE")) find("activities", `are of ${countries}`);
  if (!page.url().includes("country=de")) find("activities", `are filtered at ${page.url()}`);
  await main.getByRole("link", { name: "Clear" }).click();
  await main.locator("tbody th a").first().click();
  await page.getByLabel("Your verdict").fill(verdict);
  await page.getByLabel("Remark").fill("A test of ours.\nNothing else.");
  await page.getByLabel("I may be asked about it").check();
  await page.getByLabel("E-mail address for questions").fill("soc@contoso.example");
  await page.getByRole("button", { name: "Give feedback" }).click();
  await done(page, "feedback was kept");
  const row = page.locator("#feedback").getByRole("row").nth(1);
  const said = await row.innerText();
  for (const expected of [verdict, "Nothing else.", "soc@contoso.example", test.userPrincipalName]) {
    if (!said.includes(expected)) find("feedback", `does not say "${expected}": ${said}`);
  }
}

// An alert is read, closed and opened again, and its page says so.
async function handle(page, comment) {
  const main = page.locator("main");
  await page.goto("/portal/alerts");
  await main.locator("tbody th a").first().click();
  await main.getByRole("heading", { name: test.alert.title, level: 1 }).waitFor();
  const own = new URL(page.url()).pathname;
  if (own !== `/portal/alerts/${test.alert.id}`) find("alerts", `the newest is ${own}`);
  const marked = async (how) => {
    await main.getByRole("button", { name: `Mark as ${how}`, exact: true }).click();
    await done(page, `marked as ${how}.`);
  };
  if (await main.getByRole("button", { name: "Mark as unread" }).count()) await marked("unread");
  await marked("read");
  await marked("unread");
  await main.getByLabel("Benign").first().check();
  await main.getByLabel("Reason, if benign").selectOption("Triggered by a test");
  await main.getByLabel("Comment").fill(comment);
  await main.getByRole("button", { name: "Close alert" }).click();
  await done(page, "alert was closed");
  const latest = page.locator("#history").getByRole("row").nth(1);
  const told = async (...all) => {
    const said = await latest.innerText();
    for (const expected of all) {
      if (!said.includes(expected)) find("history", `does not say "${expected}": ${said}`);
    }
  };
  await told("Closed: benign", "Triggered by a test", comment, test.userPrincipalName);
  await shot(page, "alert-closed");
  await page.goto("/portal/alerts");
  if (await main.locator(`a[href="${own}"]`).count()) find("alerts", "a closed one is open");
  await page.goto("/portal/alerts?standing=closed");
  await main.locator(`a[href="${own}"]`).click();
  await main.getByLabel("Comment").fill("look again");
  await main.getByRole("button", { name: "Reopen alert" }).click();
  await done(page, "alert was opened again");
  await told("Open", "look again");
}

// The address that a record names leads to the page of its alert, also through sign-in.
async function addressOfRecord() {
  const page = await open({});
  await signIn(page, test.alert.url);
  await page.waitForURL(`**/portal/alerts/${test.alert.id}`);
  await page.getByRole("heading", { name: test.alert.title, level: 1 }).waitFor();
  for (const other of ["/", "/#/alerts/x", "/#//evil.example", "/#/alerts/../../../evil"]) {
    await page.goto("about:blank");
    await page.goto(other);
    await page.waitForURL("**/portal/");
  }
  await page.goto("about:blank");
  await page.goto(test.alert.url);
  await page.waitForURL(`**/portal/alerts/${test.alert.id}`);
  await page.context().close();
}

// A token of the test's client, taken apart, and whether a published key verifies it.
async function token(page) {
  const { tenant, id, secret } = test.client;
  const answer = await page.request.post(`/${tenant}/oauth2/v2.0/token`, { form: {
    grant_type: "client_credentials", client_id: id, client_secret: secret,
    scope: "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default" } });
  const text = (await answer.json()).access_token;
  return { text, kid: JSON.parse(Buffer.from(text.split(".")[0], "base64url")).kid };
}

async function keySet(page) {
  return (await (await page.request.get("/common/discovery/v2.0/keys")).json()).keys;
}

async function isGood(page, { text, kid }) {
  const key = (await keySet(page)).find((one) => one.kid === kid);
  if (!key) return false;
  const [head, body, signature] = text.split(".");
  const isSigned = verify("sha256", Buffer.from(`${head}.${body}`),
    { key: createPublicKey({ key, format: "jwk" }), dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"));
  const answer = await page.request.get("/api/v1/alerts/?limit=1", { headers: { Authorization: `Bearer ${text}` } });
  return isSigned && answer.status() === 200;
}

// The next key comes beside the present one, whose tokens count on; a new one in place of
// all others signs at once.
async function keys(page) {
  const rotate = async (when, algorithm, button) => {
    await page.goto("/portal/keys");
    await page.getByLabel(when).check();
    await page.getByLabel(algorithm).check();
    await page.getByRole("button", { name: "Rotate" }).click();
    await page.getByRole("button", { name: button }).click();
  };
  const first = await token(page);
  if (!await isGood(page, first)) find("keys", "a token is not good");
  await rotate(/^In two days/, "ES256", "Make the next key");
  await done(page, "signs in two days");
  await shot(page, "keys-next");
  const set = await keySet(page);
  if (set.length !== 2 || !set.some((key) => key.kty === "EC")) find("keys", `are ${JSON.stringify(set)}`);
  if (!await isGood(page, first)) find("keys", "the next one ends a token");
  if (!await isGood(page, await token(page))) find("keys", "a token beside the next one is not good");
  await rotate(/^Now/, "RS256", "Replace now");
  await done(page, "The new key signs");
  const last = await token(page);
  if (last.kid === first.kid || !await isGood(page, last)) find("keys", "the new key does not sign");
  if (await isGood(page, first)) find("keys", "a compromised one is good");
}

const shot = (page, name) => picture(page, test.screenshots, name);

// What the keyboard reaches, and what the script adds.
async function enhancements(page, address) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(address);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const focused = await page.evaluate(() => document.activeElement.id);
  if (focused !== "main") find("keyboard", `the skip link leads to "${focused}"`);
  const menu = page.locator("details.menu");
  await menu.locator("summary").press("Enter");
  if (!await menu.getByText("Sign out").isVisible()) find("keyboard", "does not open the menu");
  await page.keyboard.press("Escape");
  if (await menu.getByText("Sign out").isVisible()) find("keyboard", "does not close the menu");
  await page.getByRole("button", { name: "Copy Application (client) ID" }).press("Enter");
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  if (copied.replace(ID, "ID") !== "ID") find("copy button", `copies "${copied}"`);
  const time = await page.locator("time").first().textContent();
  if (time.includes("UTC")) find("times", `are shown as ${time}`);
}

// A token is pasted into the decoder, which explains it and sends nothing anywhere.
async function decoder(page, label) {
  const requests = [];
  await page.goto("/portal/tokens", { waitUntil: "networkidle" });
  page.on("request", (request) => requests.push(request.url()));
  const { value, appId, role } = test.token;
  const field = page.getByLabel("Token", { exact: true });
  const paste = async (text) => {
    await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
    await field.fill("");
    await field.press("ControlOrMeta+V");
  };
  const decoded = page.locator("#decoded");
  const complaint = page.locator("#token-error");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  for (const text of [value, `Bearer ${value}\n`]) {
    await paste(text);
    await decoded.waitFor();
    const said = await decoded.innerText();
    for (const expected of [appId, role, "application permissions that were consented to",
      "Expires in", "By its roles:", "list and fetch alerts"]) {
      if (!said.includes(expected)) find(label, `the decoder does not say "${expected}": ${said}`);
    }
    if (await complaint.isVisible()) find(label, "a good token is complained about");
  }
  const names = page.locator("#token-members th");
  const nameHead = page.locator("#decoded table").getByRole("button", { name: "Name" });
  for (const order of ["ascending", "descending"]) {
    await nameHead.click();
    const found = await names.allInnerTexts();
    const expected = found.toSorted((one, other) => one.localeCompare(other));
    if (order === "descending") expected.reverse();
    if (found.join() !== expected.join()) find(label, `${order} the members are ${found}`);
  }
  await judge(page, label, find);
  await shot(page, `decoded-${label.replace(/\W+/g, "-")}`);
  const [header, payload] = value.split(".");
  for (const [text, expected] of [
    ["eyJ", "A token has three parts with dots between them; this text has 1."],
    [`${header}.${payload}`, "this text has 2."],
    [`${header}.${payload.slice(0, -2)}.x`, "The payload is not JSON."],
    [`*${value}`, "The header is not in base64url."],
    ["x".repeat(20000), "The text is too long for a token."],
    [`${header}.W10.x`, "The payload is not a JSON object."],
  ]) {
    await paste(text);
    await complaint.waitFor();
    const said = await complaint.innerText();
    if (!said.includes(expected)) find(label, `a broken token is told as "${said}", not "${expected}"`);
    if (await decoded.isVisible()) find(label, "a broken token is explained");
  }
  await page.waitForTimeout(200);
  if (requests.length !== 0) find(label, `while decoding the page asks for ${requests}`);
}

// What a link leads to, whichever object it is about.
const kind = (address) => address.split("#")[0].replace(ID, "ID")
  .replace(/\d+_ID|\b[0-9a-f]{24}\b/g, "ID")
  .replace(/[?&](\w+_)?(after|done|q|sort|page|lang)=[^&]*/g, "");

const fileName = (address) =>
  kind(address).replace(/^\/portal\/?/, "").replace(/[^a-z_]+/gi, "-") || "overview";

// The same, but that filters of a list make no other.
const unfiltered = (address) => kind(address).replace(/^(\/portal\/(activities|alerts))\?.*/, "$1");

// The addresses of all pages, by following links, one of each kind: of `first` if it is one.
async function crawl(page, first) {
  const seen = new Map(["/portal/", first].map((address) => [unfiltered(address), address]));
  for (const [, address] of seen) {
    const answer = await page.goto(address);
    if (answer.status() !== 200) find(address, `answers ${answer.status()}`);
    const links = await page.locator("a[href^='/portal']").evaluateAll(
      (all) => all.map((link) => link.getAttribute("href")));
    for (const link of links) {
      if (!seen.has(unfiltered(link))) seen.set(unfiltered(link), link);
    }
  }
  return [...seen.values()];
}

async function check(page, address, label) {
  const answer = await page.goto(address);
  if (answer.status() !== 200) find(label, `answers ${answer.status()}`);
  await judge(page, label, find);
}

// Pages in all the ways in which they are looked at, those of `named` in light colours.
async function checkAll(addresses, named, prefix) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1440, 390]) {
      const page = await open({ colorScheme, viewport: { width, height: 900 } }, state);
      for (const address of addresses) {
        await check(page, address, `${address} ${colorScheme} ${width}`);
        await shot(page, `${prefix}${fileName(address)}-${colorScheme}-${width}`);
      }
      for (const [name, address] of colorScheme === "light" ? named : []) {
        await check(page, address, `${address} (${name}) ${colorScheme} ${width}`);
        await shot(page, `${name}-${fileName(address)}-${colorScheme}-${width}`);
      }
      await decoder(page, `decoder ${colorScheme} ${width}`);
      await page.context().close();
    }
  }
}

const first = await open({ viewport: { width: 1440, height: 900 } });
await signIn(first, "/portal/");
await first.waitForURL("**/portal/");
const state = await first.context().storageState();
await checkAll(["/portal/identity-providers"], [], "empty-");
const own = await story(first, "SIEM agent");
const plain = await open({ viewport: { width: 390, height: 844 }, javaScriptEnabled: false }, state);
await story(plain, "SIEM agent without a script");
await tenant(first);
await tenant(plain);
await apiToken(first, "SOAR");
await apiToken(plain, "SOAR without a script");
await provider(first, "Contoso ID", true);
await provider(plain, "Contoso ID without a script", false);
await keys(first);
await addressOfRecord();
for (const [page, how] of [[first, "with a script"], [plain, "without a script"]]) {
  await feedback(page, `harmless, ${how}`);
  await handle(page, `seen ${how}`);
}

await enhancements(first, own);
for (const language of ["curl", "PowerShell", "Python", "C#", "Rust", "Node.js"]) {
  await first.goto(own);
  await first.getByRole("link", { name: "Use it from code" }).click();
  await first.getByRole("navigation", { name: "Language" }).getByRole("link", { name: language, exact: true }).click();
  await first.getByRole("button", { name: "Copy the code" }).click();
  const copied = await first.evaluate(() => navigator.clipboard.readText());
  const shown = await first.locator("pre code").textContent();
  if (copied !== shown || copied.match(ID)?.length < 2) find(`code in ${language}`, `copies "${copied}"`);
}
const addresses = [
  ...await crawl(first, own),
  "/portal/keys/rotate?algorithm=ES256&when=soon",
  "/portal/keys/rotate?algorithm=RS256&when=now",
  `/portal/activities?alert=${test.alert.id}&days=all&sort=date`,
  "/portal/activities?text=nowhere&since=2026-01-01T00:00",
  "/portal/alerts?standing=closed&severity=0",
];
const ofOne = addresses.filter((address) => address.startsWith(own) && address.match(ID).length === 1);
const ofNamed = Object.entries(test.named).flatMap(
  ([name, id]) => ofOne.map((address) => [name, address.replace(ID, id)]));
console.log(`${addresses.length} pages`);
await checkAll(addresses, ofNamed, "");
for (const address of addresses) {
  const answer = await plain.goto(address);
  if (answer.status() !== 200) find(`${address} without a script`, `answers ${answer.status()}`);
}
await plain.goto("/portal/apps");
if (await plain.getByRole("navigation", { name: "Main" }).isVisible()) find("menu", "is open at first");
await plain.getByText("Menu", { exact: false }).first().click();
await plain.getByRole("link", { name: "Enterprise applications" }).click();
await plain.waitForURL("**/enterprise_apps");

await browser.close();
console.log(findings.length ? `${findings.length} findings` : "no findings");
process.exit(findings.length ? 1 : 0);
