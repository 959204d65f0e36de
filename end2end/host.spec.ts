// What a host platform's users and developers see: a link that signs in, the way back, and the page about the API.
import { expect, newCustomer, test } from "./support/fixtures";
import { make } from "./support/host";
import { accessible, fits, structure } from "./support/inspect";
import { inspect } from "./support/pictures";

test("a link of the host signs in once, where the host says, and every page shows the way back", async ({ page, guard }) => {
  const { company, email } = newCustomer("Link Labs");
  const customer = await make("/v1/customers", { name: company, email });
  const link = await make("/v1/portal_sessions", {
    customer: customer.id,
    return_url: "https://host.example/settings",
    flow: "invoices",
  });
  await page.goto(link.url);
  await expect(page).toHaveURL(/\/invoices$/);
  const back = page.getByRole("link", { name: "Back to host.example" });
  await expect(back).toHaveAttribute("href", "https://host.example/settings");
  await inspect(page, "portal-by-link");
  // Who has no plan yet is led to the plans.
  await page.getByRole("link", { name: "Plan", exact: true }).click();
  await expect(page).toHaveURL(/\/pricing$/);
  await expect(back).toBeVisible();

  guard.foresee(410, /^\/portal\//);
  await page.goto(link.url);
  await expect(page.locator("main")).toContainText("used before, or is older than five minutes");
  await structure(page);
});

test("the page about the API can be read by everybody", async ({ page }) => {
  await page.goto("/v1/docs");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("CosmosBuilder Billing: API");
  await page.getByRole("link", { name: "Subscriptions", exact: true }).click();
  await expect(page.getByText("POST /v1/subscriptions/{id}/preview_change")).toBeVisible();
  await structure(page);
  await accessible(page, "the page about the API");
  await fits(page, "the page about the API");
  await page.setViewportSize({ width: 390, height: 844 });
  await fits(page, "the page about the API on a phone");
});
