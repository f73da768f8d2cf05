// The tenant, the calls and the switches: what stands beside Slack.

import { el, get, post } from "./api.js";

const most = 200; // rows that are shown of a long list

export function startWorld({ $, attempt, every, del }) {
  let tenant = null;

  // readTenant waits ten times as long as the last answer took: a tenant of 100,000 users is not asked for each second.
  async function readTenant() {
    if ($("tenant-box").open) {
      const began = performance.now();
      tenant = await get("/tenant");
      drawTenant();
      await new Promise((done) => setTimeout(done, 10 * (performance.now() - began)));
    }
  }

  let drawn = "";
  function drawTenant() {
    const find = $("find").value.trim().toLowerCase();
    const has = (o) => !find || JSON.stringify(Object.values(o)).toLowerCase().includes(find);
    const part = new Map(tenant.skus.map((s) => [s.skuId, s.skuPartNumber]));
    const licences = (u) => u.assignedLicenses.map((l) => part.get(l.skuId) ?? l.skuId).join(", ") || "none";
    const name = (u) => u.userPrincipalName.replace(/^[0-9a-f]{32}/, "");
    const tables = [
      table("Deleted users", ["User", "Deleted", "Licences"], tenant.deleted_users.filter(has).map((u) => [name(u), day(u.deletedDateTime), licences(u)])),
      table("Users", ["User", "Sign-in", "Licences"], tenant.users.filter(has).map((u) => [name(u), u.accountEnabled ? "allowed" : "blocked", licences(u)])),
      table("Mailboxes", ["Address", "Type", "State", "Items"], tenant.mailboxes.filter(has).map((m) => [
        m.PrimarySmtpAddress, m.RecipientTypeDetails, m.WhenSoftDeleted ? `soft-deleted ${day(m.WhenSoftDeleted)}` : m.IsInactiveMailbox ? "inactive" : "live", m.ItemCount,
      ])),
      table("Subscriptions", ["Part number", "Seats", "Used"], tenant.skus.filter(has).map((s) => [s.skuPartNumber, s.prepaidUnits.enabled, s.consumedUnits])),
    ];
    const key = JSON.stringify(tables);
    if (key === drawn) return;
    drawn = key;
    $("tenant").replaceChildren(...tables.map(draw));
  }

  const table = (title, head, rows) => ({ title: `${title} (${rows.length})`, head, rows: rows.slice(0, most), cut: rows.length > most });

  const draw = (t) => el("table", {}, el("caption", {}, t.title), el("thead", {}, el("tr", {}, ...t.head.map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", {}, ...t.rows.map((r) => el("tr", {}, ...r.map((c) => el("td", {}, String(c))))),
      t.cut ? el("tr", {}, el("td", { colspan: t.head.length }, `… the first ${most}; use Find for the others`)) : ""));

  const day = (s) => (s ? s.slice(0, 10) : "");

  let count = -1;
  async function readCalls() {
    if (!$("calls-box").open) return;
    const calls = await get("/calls");
    $("calls-count").textContent = `(${calls.length})`;
    if (calls.length === count) return;
    count = calls.length;
    const wanted = calls.filter((c) => (!$("service").value || c.service === $("service").value) && (!$("writes").checked || changes(c)));
    $("calls").replaceChildren(draw(table("Newest first", ["At", "Service", "Call", "Status"], wanted.reverse().map((c) => [c.at.slice(11, 19), c.service, `${c.method} ${readable(c.path)}`, c.status || "no answer"]))));
  }

  // readable takes percent signs out where they stand for characters.
  function readable(path) {
    try {
      return decodeURIComponent(path);
    } catch {
      return path;
    }
  }

  const changes = (c) => c.method !== "GET" && c.service !== "login" && !c.path.endsWith("$batch") && (c.service === "graph" || /chat\.|views\./.test(c.path));

  async function readBot() {
    const time = await get("/time");
    $("now").textContent = `It is ${time.now.slice(0, 16).replace("T", " ")} UTC here${time.ahead === "0s" ? "" : `, ${time.ahead} ahead`}.`;
    try {
      const bot = await get("/bot");
      $("bot").textContent = bot.running ? `The bot is running (process ${bot.pid}) and is ${bot.ready ? "" : "not "}ready.` : "The bot is not running.";
    } catch (e) {
      $("bot").textContent = e.message;
    }
  }

  $("find").addEventListener("input", () => tenant && drawTenant());
  $("refresh").addEventListener("click", () => attempt(async () => { tenant = await get("/tenant"); drawTenant(); }));
  for (const id of ["service", "writes"]) $(id).addEventListener("change", () => { count = -1; });
  for (const b of document.querySelectorAll("[data-signal]")) {
    b.addEventListener("click", () => attempt(async () => { await post("/bot", { signal: b.dataset.signal }); await readBot(); }));
  }
  $("time").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => { await post("/time", { advance: $("advance").value.trim() }); await readBot(); });
  });
  $("fault").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await post("/faults", {
        service: $("fault-service").value, kind: $("fault-kind").value, match: $("fault-match").value.trim(),
        times: Number($("fault-times").value), value: Number($("fault-value").value),
      });
      $("fault-said").textContent = "It is laid on the desk.";
    });
  });
  $("clear-faults").addEventListener("click", () => attempt(async () => { await del("/faults"); $("fault-said").textContent = "There are no faults now."; }));

  every(1000, readTenant);
  every(1000, readCalls);
  every(2000, readBot);
}
