// Every page as a picture; what no page may lack is checked on the way. Invoices that take some doing have a file of their own.
import { AUTHENTICATED_CARD, BANK, buy, DECLINED_CARD, HOSTED, pay, sendCard } from "./support/checkout";
import { ADA, ADMIN, expect, LIN, NORA, test, VIEWER } from "./support/fixtures";
import { arrive, open } from "./support/page";
import { inspect, inspectExplained, PICTURES } from "./support/pictures";

test.beforeEach(() => test.setTimeout(90_000));

const PUBLIC = {
  pricing: "/pricing",
  "pricing-yearly": "/pricing?interval=year&plan=professional",
  "sign-in": "/sign-in",
  "sign-in-refused": "/sign-in?error=wrong_credentials",
  "sign-up": "/sign-up",
  "sign-up-refused": "/sign-up?error=email_taken",
};

for (const [name, path] of Object.entries(PUBLIC)) {
  test(`${name} holds`, async ({ page }) => {
    await open(page, path);
    await inspect(page, name);
  });
}

const PORTAL = {
  overview: [ADA, "/overview"],
  "overview-past-due": [NORA, "/overview"],
  "overview-suspended": [LIN, "/overview"],
  "overview-trial": ["kai@pixelforge.example", "/overview"],
  "overview-scheduled": ["noah@northwind.example", "/overview"],
  "overview-paused": ["mira@mirastudio.example", "/overview"],
  "overview-unlimited": ["uma@atlas.example", "/overview"],
  plan: [ADA, "/plan"],
  "plan-suspended": [LIN, "/plan"],
  "plan-refused": [ADA, "/plan?error=quote_stale"],
  "plan-cancel": [ADA, "/plan/cancel"],
  "plan-pause": [ADA, "/plan/pause"],
  "plan-resume": ["mira@mirastudio.example", "/plan/resume"],
  invoices: [ADA, "/invoices"],
  "pricing-member": [ADA, "/pricing"],
  "checkout-cancel": [ADA, "/checkout/cancel"],
} as const;

for (const [name, [who, path]] of Object.entries(PORTAL)) {
  test(`${name} holds`, async ({ pageOf }) => {
    const page = await pageOf(who);
    await open(page, path);
    await inspect(page, name);
  });
}

/** Pages that a link leads to. */
const LED_TO = {
  "plan-upgrade": [ADA, "/plan", "Choose Professional"],
  "plan-downgrade": ["iris@helios.example", "/plan", "Choose Starter"],
  "plan-to-year": [ADA, "/plan?interval=year", "Choose Starter"],
} as const;

for (const [name, [who, path, link]] of Object.entries(LED_TO)) {
  test(`${name} holds`, async ({ pageOf }) => {
    const page = await pageOf(who);
    await open(page, path);
    await page.getByRole("link", { name: link }).click();
    await arrive(page, /^\/plan\/change/);
    await inspect(page, name);
  });
}

const INVOICES = { invoice: [ADA, /Renewal/], "invoice-open": [NORA, /Open/], "invoice-upgrade": ["iris@helios.example", /Upgrade/] } as const;

for (const [name, [who, row]] of Object.entries(INVOICES)) {
  test(`${name} holds`, async ({ pageOf }) => {
    const page = await pageOf(who);
    await open(page, "/invoices");
    await page.getByRole("row", { name: row }).last().getByRole("link").click();
    await arrive(page, /^\/invoices\/inv_/);
    await inspect(page, name);
  });
}

test("an invoice with its explanations open holds", async ({ pageOf }) => {
  const page = await pageOf("iris@helios.example");
  await open(page, "/invoices");
  await page.getByRole("row", { name: /Upgrade/ }).getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  await inspectExplained(page, "invoice-explained");
});

test("pages of somebody new hold", async ({ signUp }) => {
  const [page] = await signUp("Fresh Start");
  await inspect(page, "overview-new");
  await open(page, "/invoices");
  await inspect(page, "invoices-new");
});

test("hosted pages and the way back hold", async ({ signUp }) => {
  test.setTimeout(180_000);
  const [page] = await signUp("Many Pictures", "/pricing");
  await buy(page, "Starter");
  await inspect(page, "sandbox-checkout");
  const hosted = page.url();
  await page.getByRole("link", { name: "Use the card: Visa that pays" }).click();
  await arrive(page, /\?card=0$/);
  await inspect(page, "sandbox-checkout-filled");
  await sendCard(page, DECLINED_CARD);
  await arrive(page, /error=/);
  await inspect(page, "sandbox-checkout-declined");
  await sendCard(page, AUTHENTICATED_CARD);
  await arrive(page, BANK);
  await inspect(page, "sandbox-authenticate");
  const bank = page.url();
  await page.getByRole("button", { name: "Decline" }).click();
  await arrive(page, HOSTED);
  await open(page, bank);
  await inspect(page, "sandbox-authenticate-answered");
  await open(page, hosted);
  await pay(page);
  await inspect(page, "checkout-success");
  await open(page, hosted);
  await inspect(page, "sandbox-checkout-done");
  await open(page, "/plan?done=change_applied");
  await inspect(page, "plan-notice");
});

test("pages of add-ons hold", async ({ signUp }) => {
  test.setTimeout(180_000);
  const [page] = await signUp("More Of It", "/pricing");
  await buy(page, "Starter");
  await pay(page);
  const add = async (name: string, quantity: string) => {
    await open(page, "/plan");
    await page.getByLabel(`How many of ${name}`).fill(quantity);
    await page.getByRole("button", { name: `Preview ${name}` }).click();
    await arrive(page, /^\/plan\/add-on/);
  };
  await add("Extra chain", "2");
  await inspect(page, "add-on-more");
  await page.getByRole("button", { name: /^Confirm and pay/ }).click();
  await arrive(page, "/plan?done=add_on_applied");
  await add("Extra chain", "0");
  await inspect(page, "add-on-fewer");
  await page.getByRole("button", { name: "Schedule the change" }).click();
  await arrive(page, "/plan?done=add_on_scheduled");
  await inspect(page, "plan-with-add-on");
  await open(page, "/plan");
  await page.getByRole("link", { name: "Choose Enterprise" }).click();
  await arrive(page, /^\/plan\/change/);
  await expect(page.getByText("Extra chain is not sold with it.")).toBeVisible();
  await inspect(page, "plan-not-with-add-on");
});

test("pages of a purchase that is not finished hold", async ({ signUp }) => {
  const [page] = await signUp("Half Way", "/pricing");
  await buy(page, "Starter");
  const session = page.url().split("/").pop();
  await open(page, `/checkout/success?session_id=${session}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Not finished yet");
  await inspect(page, "checkout-open");
  await open(page, "/overview");
  await inspect(page, "overview-incomplete");
});

test("a page to save a card holds", async ({ pageOf }) => {
  const page = await pageOf("kai@pixelforge.example");
  await open(page, "/overview");
  await page.getByRole("button", { name: "Replace" }).click();
  await arrive(page, HOSTED);
  await inspect(page, "sandbox-card");
});

const ADMIN_PAGES = {
  admin: [ADMIN, "/admin"],
  "admin-system": [ADMIN, "/admin/system"],
  "admin-system-books": [ADMIN, "/admin/system?verify=1"],
  "admin-system-viewer": [VIEWER, "/admin/system"],
  "admin-mail": [ADMIN, "/admin/mail"],
} as const;

for (const [name, [who, path]] of Object.entries(ADMIN_PAGES)) {
  test(`${name} holds`, async ({ pageOf }) => {
    const page = await pageOf(who);
    await open(page, path);
    await inspect(page, name);
  });
}

test("pages that refuse hold", async ({ guard, page, pageOf }) => {
  guard.foresee(404, /^\/(nowhere|invoices\/inv_0|checkout\/success|sandbox\/)/);
  guard.foresee(403, /^\/admin/);
  await open(page, "/nowhere");
  await inspect(page, "not-found", 404);
  await open(page, "/sandbox/checkout/cs_0");
  await inspect(page, "sandbox-not-found", 404);
  const ada = await pageOf(ADA);
  await open(ada, "/checkout/success?session_id=cs_0");
  await inspect(ada, "checkout-not-found", 404);
  await open(ada, "/admin");
  await inspect(ada, "admin-forbidden", 403);
});

test("the theme follows the system until one is chosen", async ({ pageOf }) => {
  const page = await pageOf(undefined, { colorScheme: "dark" });
  await open(page, "/pricing");
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await background();
  const html = page.locator("html");
  await page.getByRole("button", { name: "Light" }).click();
  await expect(html).toHaveAttribute("data-theme", "cosmos");
  await expect.poll(background).not.toBe(dark);
  await expect.poll(async () => (await page.context().cookies()).find(({ name }) => name === "theme")?.value).toBe("light");
  await page.reload();
  await expect(html).toHaveAttribute("data-theme", "cosmos");
  await open(page, "/sign-in");
  await page.getByRole("button", { name: "As the system" }).click();
  await expect(html).not.toHaveAttribute("data-theme");
  await expect.poll(background).toBe(dark);
});

test("the overview is pictured as the read-me shows it", async ({ baseURL, pageOf }) => {
  const page = await pageOf(ADA);
  await page.context().addCookies([{ name: "theme", value: "light", url: baseURL }]);
  await open(page, "/overview");
  await page.screenshot({ path: `${PICTURES}/readme.png` });
});
