// Who may do what, and what happens at the edges of the main line: refused cards, foreign papers, other sites.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AUTHENTICATED_CARD, BANK, buy, DECLINED_CARD, HOSTED, pay, sendCard, SUCCESS } from "./support/checkout";
import { ADA, ADMIN, expect, signIn, test, VIEWER } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";

const APP = new URL("../app/src", import.meta.url).pathname;

test("a page of one's own asks for signing in and is shown then", async ({ page }) => {
  for (const path of ["/overview", "/plan", "/plan/add-on", "/plan/cancel", "/plan/pause", "/plan/resume", "/invoices", "/alerts", "/settings/keys", "/checkout/cancel", "/admin", "/admin/coupons", "/admin/alerts", "/admin/webhooks", "/admin/system"]) {
    await open(page, path);
    expect(page.url(), path).toContain(`/sign-in?next=${path}`);
  }
  await open(page, "/plan?interval=year");
  await arrive(page, /^\/sign-in\?next=/);
  await signIn(page, ADA);
  await arrive(page, "/plan?interval=year");
});

test("signing in leads to this site only", async ({ page }) => {
  for (const evil of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]) {
    await open(page, `/sign-in?next=${encodeURIComponent(evil)}`);
    await signIn(page, ADA);
    await arrive(page, "/overview");
    await page.context().clearCookies();
  }
});

test("a member sees no operator's page", async ({ guard, pageOf }) => {
  guard.foresee(403, /^\/admin/);
  const page = await pageOf(ADA);
  for (const path of ["/admin", "/admin/coupons", "/admin/coupons/cou_00000000000000000000000000000000", "/admin/alerts", "/admin/webhooks", "/admin/webhooks/we_00000000000000000000000000000000", "/admin/webhooks/deliveries/wd_00000000000000000000000000000000", "/admin/system", "/admin/mail", "/admin/system?verify=1"]) {
    const answer = await open(page, path);
    expect(answer.status(), path).toBe(403);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Your role does not allow this");
  }
  await page.getByRole("link", { name: "Go back to the start" }).click();
  await arrive(page, "/overview");
});

test("an operator who may only read does not move the clock", async ({ baseURL, pageOf }) => {
  const page = await pageOf(VIEWER);
  await open(page, "/admin/system");
  await expect(page.getByText("Your role may look at the clock but not move it.")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Plus one/ })).toHaveCount(0);
  const form = { by: "month" };
  const answer = await page.request.post("/fn/step-clock", { form, headers: { origin: baseURL ?? "" } });
  expect(answer.status()).toBe(403);
});

test("another customer's invoice is not there", async ({ guard, pageOf, signUp }) => {
  const ada = await pageOf(ADA);
  await open(ada, "/invoices");
  const href = await ada.getByRole("table").locator("a[href^='/invoices/inv_']").first().getAttribute("href");
  guard.foresee(404, /^\/invoices\//);
  const [stranger] = await signUp("Curious Strangers");
  for (const address of [href ?? "", "/invoices/inv_00000000000000000000000000000000", "/invoices/%00", "/invoices/1"]) {
    const answer = await open(stranger, address);
    expect(answer.status(), address).toBe(404);
    await expect(stranger.getByRole("heading", { level: 1 })).toHaveText("There is nothing here");
  }
});

test("a declined card says why in plain words, and another one pays", async ({ signUp }) => {
  const [page] = await signUp("Second Try", "/pricing");
  await buy(page, "Starter");
  await sendCard(page, DECLINED_CARD);
  await arrive(page, /^\/sandbox\/checkout\/.*error=/);
  await expect(page.getByText("The bank declined without a reason. Ask it, or use another card.")).toBeVisible();
  await sendCard(page, "4111 1111 1111 1111");
  await arrive(page, /error=unknown_test_card/);
  await expect(page.getByText("This is not one of the test cards")).toBeVisible();
  await pay(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Payment received");
  await open(page, "/overview");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Starter, $199 per month");
});

test("the bank asks for approval: declined nothing happens, approved it is paid", async ({ signUp }) => {
  const [page] = await signUp("Careful Bank", "/pricing");
  await buy(page, "Starter");
  await sendCard(page, AUTHENTICATED_CARD);
  await arrive(page, BANK);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Your bank asks: approve this payment?");
  await expect(page.locator("dl")).toContainText("$214.92");
  await page.getByRole("button", { name: "Decline" }).click();
  await arrive(page, HOSTED);
  await expect(page.getByText("The payment was not approved with the bank.")).toBeVisible();

  await sendCard(page, AUTHENTICATED_CARD);
  await arrive(page, BANK);
  await page.getByRole("button", { name: "Approve" }).click();
  await arrive(page, SUCCESS);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Payment received");
});

test("an upgrade waits for the bank's approval, and is dropped without it", async ({ signUp }) => {
  test.setTimeout(60_000);
  const [page] = await signUp("Asked Again", "/pricing");
  await buy(page, "Starter");
  await sendCard(page, AUTHENTICATED_CARD);
  await arrive(page, BANK);
  await page.getByRole("button", { name: "Approve" }).click();
  await arrive(page, SUCCESS);

  const upgrade = async () => {
    await page.getByRole("link", { name: "Choose Professional" }).click();
    await arrive(page, /^\/plan\/change/);
    await page.getByRole("button", { name: /^Confirm and pay/ }).click();
    await arrive(page, BANK);
  };
  const waits = page.getByText("The upgrade to Professional waits for its payment");
  await open(page, "/plan");
  await upgrade();
  await page.getByRole("button", { name: "Decline" }).click();
  await arrive(page, /^\/invoices\//);
  await expect(page.getByText("The payment was not approved with the bank.")).toBeVisible();
  await open(page, "/plan");
  await expect(page.locator("#starter")).toContainText("Current plan");
  await expect(waits).toHaveCount(0);

  await upgrade();
  await open(page, "/plan");
  await expect(waits).toBeVisible();
  await expect(page.locator("#starter")).toContainText("Current plan");
  await page.getByRole("button", { name: "Pay now" }).click();
  await arrive(page, BANK);
  await page.getByRole("button", { name: "Approve" }).click();
  await arrive(page, /^\/invoices\//);
  await expect(page.getByText("Paid", { exact: true }).first()).toBeVisible();
  await open(page, "/plan");
  await expect(page.locator("#professional")).toContainText("Current plan");
  await expect(waits).toHaveCount(0);
});

test("a trial begins without a card", async ({ signUp }) => {
  const [page] = await signUp("Just Looking", "/pricing");
  await page.getByRole("button", { name: "Start 14-day trial of Professional" }).click();
  await arrive(page, HOSTED);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Save a test card");
  await page.getByRole("link", { name: "Leave without paying" }).click();
  await arrive(page, /^\/checkout\/cancel/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Nothing was charged");
  await page.getByRole("link", { name: "To the overview" }).click();
  await arrive(page, "/overview");
  await expect(page.getByText("14 days of trial left")).toBeVisible();
  await expect(page.getByText(/^Add a card before .* or the plan pauses\./)).toBeVisible();
  await expect(panel(page, "Next bill")).toContainText("Nothing will be billed");

  await page.getByRole("button", { name: "Add card" }).first().click();
  await arrive(page, HOSTED);
  await pay(page);
  await open(page, "/overview");
  await expect(page.getByText(/^On .* your card is charged \$1,078\.92 and the plan goes on\./)).toBeVisible();
});

test("signing out ends the session, not only the cookie", async ({ browser, guard, page }) => {
  await open(page, "/sign-in");
  await signIn(page, ADA);
  const copied = await page.context().storageState();
  await page.getByRole("button", { name: "Sign out" }).click();
  await arrive(page, "/sign-in?done=signed_out");
  const thief = await browser.newContext({ storageState: copied });
  await guard.watch(thief);
  const stolen = await thief.newPage();
  await open(stolen, "/overview");
  expect(stolen.url()).toContain("/sign-in?next=/overview");
  await thief.close();
});

/** Every server function, from the source: none can be forgotten. */
function endpoints(): string[] {
  const files = readdirSync(APP, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".rs"));
  const texts = files.map((file) => readFileSync(join(APP, file), "utf8"));
  return texts.flatMap((text) => [...text.matchAll(/#\[server\([^)]*endpoint = "([^"]+)"/g)].map((found) => found[1]));
}

test("no other site changes anything here", async ({ baseURL, pageOf }) => {
  const all = endpoints();
  expect(all).toEqual(expect.arrayContaining(["sign-in", "start-checkout", "confirm-change", "cancel", "step-clock"]));
  const elsewhere = ["https://evil.example", "null", `${baseURL}.evil.example`, (baseURL ?? "").replace("http:", "https:")];
  for (const who of [ADA, ADMIN]) {
    const { request } = await pageOf(who);
    for (const endpoint of all) {
      for (const origin of elsewhere) {
        const headers = { origin, referer: `${baseURL}/plan` };
        const answer = await request.post(`/fn/${endpoint}`, { headers, form: { by: "month", theme: "dark" } });
        expect(answer.status(), `${endpoint} from ${origin}`).toBe(403);
      }
      const unnamed = await request.post(`/fn/${endpoint}`, { form: {} });
      expect(unnamed.status(), `${endpoint} from nowhere`).toBe(403);
    }
  }
  const page = await pageOf(ADA);
  await open(page, "/plan");
  await expect(page.locator("#starter")).toContainText("Current plan");
  await expect(page.getByText(/ ends on /)).toHaveCount(0);
});
