// Signs a person in where a command line sends its browser: az_login.mjs URL [USER_CODE].
//
// CASBAH_TEST holds {upn, password, done} as JSON. Ends when a page shows `done`.

import { launch } from "./browser.mjs";

const [, , address, userCode] = process.argv;
const person = JSON.parse(process.env.CASBAH_TEST);
const browser = await launch();
try {
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  const click = (name) => page.getByRole("button", { name, exact: true }).click();
  await page.goto(address);
  if (userCode) {
    await page.getByLabel("Code").fill(userCode);
    await click("Next");
  }
  await page.getByLabel("User name").fill(person.upn);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await click("Sign in");
  if (userCode) {
    await click("Next");
    await click("Continue");
  }
  await page.getByText(person.done).first().waitFor({ timeout: 60_000 });
} finally {
  await browser.close();
}
