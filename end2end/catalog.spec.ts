// The catalog: looked at, edited as a draft, compared and published; subscribers stay on what they bought.
import { buy, pay } from "./support/checkout";
import { ADMIN, expect, type Page, test, VIEWER } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";
import { inspect } from "./support/pictures";
import { staff } from "./support/staff";

test.beforeEach(() => test.setTimeout(180_000));

const EDIT = "/admin/catalog/edit";
const REVIEW = "/admin/catalog/review";

const file = (page: Page) => page.getByLabel("Catalog file");

async function propose(page: Page, change: (text: string) => string, leadsTo: string): Promise<void> {
  await open(page, EDIT);
  const text = await file(page).inputValue();
  await file(page).fill(change(text));
  await page.getByRole("button", { name: "Review the changes" }).click();
  await arrive(page, leadsTo);
}

/** The row of a plan's version. */
const version = (page: Page, plan: string, number: number) =>
  panel(page, "Plans").getByRole("row").filter({ has: page.getByRole("rowheader", { name: plan }) }).filter({ has: page.getByRole("cell", { name: new RegExp(`^${number} [A-Z]`) }) });

test("an edit is compared, published and on the price list; subscribers stay", async ({ pageOf, signUp }) => {
  const [buyer, { company }] = await signUp("Catalog Buyer", "/pricing");
  await buy(buyer, "Enterprise");
  await pay(buyer);
  const admin = await pageOf(ADMIN, { javaScriptEnabled: false });
  await open(admin, "/admin");
  await admin.getByRole("link", { name: "Catalog" }).click();
  await arrive(admin, "/admin/catalog");
  const counted = async () => Number((await version(admin, "Enterprise", 1).getByRole("cell").nth(1).innerText()).split(/\s/)[0]);
  await expect(version(admin, "Enterprise", 1)).toContainText("On sale");
  const subscribers = await counted();
  expect(subscribers, `${company} among them`).toBeGreaterThan(0);
  await expect(panel(admin, "Plans").getByRole("row", { name: /Atlas Sovereign/ })).toContainText("Only for Atlas Government Services");

  await admin.getByRole("link", { name: "Edit the catalog" }).click();
  await arrive(admin, EDIT);
  // What stands is what the text says: as it is, it changes nothing.
  expect(await file(admin).inputValue()).toMatch(/^currency = "USD"\n/);
  await propose(admin, (text) => text, REVIEW);
  await expect(admin.getByText("Nothing differs")).toBeVisible();
  await propose(admin, (text) => text.replace("amount = 4999 }", "amount = 5199 }"), REVIEW);
  const changes = panel(admin, "1 change");
  await expect(changes).toContainText("plan enterprise: version 2; version 1 archived");
  await expect(changes).toContainText("price a month: 4999.00 USD -> 5199.00 USD");
  await open(admin, "/admin/catalog");
  await admin.getByRole("link", { name: "Review the changes" }).click();
  await arrive(admin, REVIEW);
  await admin.getByRole("button", { name: "Publish these changes" }).click();
  await arrive(admin, "/admin/catalog?done=catalog_published");
  await expect(version(admin, "Enterprise", 2)).toContainText("On sale");
  await expect(version(admin, "Enterprise", 1)).toContainText("Not sold any more");
  expect(await counted()).toBe(subscribers);

  const visitor = await pageOf();
  await open(visitor, "/pricing");
  await expect(visitor.locator("#enterprise")).toContainText("$5,199");
  await expect(visitor.getByText("Atlas Sovereign")).toHaveCount(0);
  await open(buyer, "/overview");
  await expect(panel(buyer, "Next bill").getByRole("row", { name: /Enterprise, one month/ })).toContainText("$4,999.00");

  // Back to how it was, for whoever comes next: the draft of the other price is stale by then.
  await propose(admin, (text) => text.replace("amount = 5199 }", "amount = 4999 }"), REVIEW);
  const token = await admin.locator("input[name=token]").inputValue();
  await propose(admin, (text) => text.replace("amount = 4999 }", "amount = 4998 }"), REVIEW);
  await admin.locator("input[name=token]").evaluate((field, value) => field.setAttribute("value", value), token);
  await admin.getByRole("button", { name: "Publish these changes" }).click();
  await arrive(admin, `${REVIEW}?error=catalog_changed`);
  await expect(admin.getByRole("alert")).toContainText("Nothing was published");
  await propose(admin, (text) => text.replace("amount = 4998 }", "amount = 4999 }"), REVIEW);
  await admin.getByRole("button", { name: "Publish these changes" }).click();
  await arrive(admin, "/admin/catalog?done=catalog_published");
});

test("a file that is wrong says where, and the page is one to look at", async ({ guard, pageOf }) => {
  guard.foresee(403, /^\/admin\/catalog\//);
  const admin = await pageOf(ADMIN);
  await open(admin, "/admin/catalog");
  await inspect(admin, "admin-catalog");
  await open(admin, REVIEW);
  await inspect(admin, "admin-catalog-no-draft");
  await open(admin, EDIT);
  await inspect(admin, "admin-catalog-edit");
  await propose(admin, (text) => text.replace("amount = 199 }", "amount = -199 }"), EDIT);
  const wrong = admin.getByLabel("What is wrong");
  await expect(wrong).toContainText(/Line \d+: plan\.starter\.prices\[0\]\.amount must not be negative/);
  await expect(wrong.locator("mark")).toContainText("amount = -199");
  await expect(file(admin)).toHaveAttribute("aria-invalid", "true");
  await inspect(admin, "admin-catalog-wrong");
  await propose(
    admin,
    (text) => text.replace("amount = -199 }", "amount = 219 }").replace('"Concierge"', '"Concierge, day and night"').replace("[add_on.extra_chain]", "[add_on.extra_chains]").replace("[add_on.extra_chain.charge]", "[add_on.extra_chains.charge]"),
    REVIEW,
  );
  await inspect(admin, "admin-catalog-review");
  await open(admin, "/admin/catalog");
  await expect(admin.getByText("You have a draft that is not published.")).toBeVisible();
  await inspect(admin, "admin-catalog-draft");
  await open(admin, EDIT);
  await admin.getByRole("button", { name: "Discard the draft" }).click();
  await arrive(admin, "/admin/catalog?done=catalog_discarded");

  const viewer = await pageOf(VIEWER);
  await open(viewer, "/admin/catalog");
  await expect(viewer.getByText("Your role may look at the catalog but not edit it.")).toBeVisible();
  await expect(viewer.getByRole("link", { name: "Edit the catalog" })).toHaveCount(0);
  await inspect(viewer, "admin-catalog-viewer");
  await open(viewer, EDIT);
  await expect(viewer.getByRole("heading", { level: 1 })).toHaveText("Your role does not allow this");
});

test("staff agrees on a price, which the next bill has", async ({ signUp }) => {
  const [page] = await signUp("Fair Price", "/pricing");
  await buy(page, "Starter");
  await pay(page);
  await open(page, "/overview");
  const customer = await page.locator("code", { hasText: /^cus_/ }).innerText();
  const price = (...args: string[]) => staff("customer", "price", "--customer", customer, ...args);
  expect(price("--percent-off", "10", "--reason", "A promise")).toMatch(
    /^cus_\w+: 199\.00 USD -> 179\.10 USD from \d{4}-\d{2}-\d{2} \(list price 199\.00 USD\)$/,
  );
  await open(page, "/plan");
  await expect(page.locator("#starter")).toContainText(/From \w+ \d+, \d{4}: \$179\.10, agreed price\./);
  await inspect(page, "plan-price-to-come");
  await open(page, "/overview");
  await expect(panel(page, "Next bill").getByRole("row", { name: /Starter, one month, agreed price/ })).toContainText("$179.10");
  expect(price("--list")).toContain(": 199.00 USD -> 199.00 USD from ");
  await open(page, "/overview");
  await expect(panel(page, "Next bill").getByRole("row", { name: /Starter, one month/ })).toContainText("$199.00");
});

test("an own plan and an agreed price are seen by whom they are for", async ({ pageOf }) => {
  const uma = await pageOf("uma@atlas.example");
  await open(uma, "/plan");
  const own = uma.locator("#atlas");
  await expect(own).toContainText("Made for you");
  await expect(own).toContainText("$24,999");
  await expect(own).toContainText("Current plan");
  await inspect(uma, "plan-own");
  const sam = await pageOf("sam@cedar.example");
  await open(sam, "/plan");
  await expect(sam.locator("#atlas")).toHaveCount(0);
  await expect(sam.locator("#starter")).toContainText("$169.15");
  await expect(sam.locator("#starter")).toContainText("Agreed price; the list price is $199.00.");
  await expect(sam.locator("#starter")).toContainText("Current plan");
  await inspect(sam, "plan-agreed-price");
  await open(sam, "/overview");
  await expect(panel(sam, "Next bill").getByRole("row", { name: /Starter, one month, agreed price/ })).toContainText("$169.15");
});
