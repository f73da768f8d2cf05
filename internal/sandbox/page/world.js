// The tenant, the calls and the switches: what stands beside Slack.

import { el, get, post } from "./api.js";
import { changes } from "./changes.js";

const most = 200; // rows that are shown of a long list

export function startWorld({ $, attempt, every, del }) {
  let tenant = null;

  // readTenant waits ten times as long as the last answer took: a tenant of 100,000 users is not asked for each second.
  async function readTenant() {
    if ($("tenant-box").open) {
      const began = performance.now();
      const before = tenant;
      tenant = await get("/tenant");
      drawTenant();
      drawPurges();
      if (before) await drawChanges(before);
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

  // drawChanges says what is otherwise than at the last look, with the calls that did it.
  let told = 0;
  async function drawChanges(before) {
    const lines = changes(before, tenant);
    if (lines.length === 0) return;
    const calls = await get("/calls");
    const since = calls.slice(told);
    told = calls.length;
    const wrote = since.filter(changesTenant).map((c) => `${c.method} ${readable(c.path)} ${c.status || "no answer"}`);
    const exchange = since.filter((c) => c.service === "exchange").length; // one address for all cmdlets, those that only read too
    if (exchange) wrote.push(`${exchange} ${exchange === 1 ? "call" : "calls"} to Exchange`);
    $("changes").prepend(el("li", {}, ...lines.map((l) => el("div", {}, l)), ...wrote.map((w) => el("div", { class: "quiet" }, w))));
    while ($("changes").children.length > 100) $("changes").lastElementChild.remove();
  }

  const changesTenant = (c) => c.service === "graph" && c.method !== "GET" && !c.path.endsWith("$batch");

  // drawPurges marks on the slider when deleted users are purged.
  let clock = null;
  const kept = 30 * 24 * 3600 * 1000;
  function purges() {
    if (!tenant || !clock) return [];
    return tenant.deleted_users.map((u) => ({ name: u.userPrincipalName.replace(/^[0-9a-f]{32}/, ""), days: (Date.parse(u.deletedDateTime) + kept - clock) / 86400000 }))
      .filter((p) => p.days > 0).sort((a, b) => a.days - b.days);
  }
  function drawPurges() {
    const list = purges();
    $("purges").replaceChildren(...list.slice(0, 30).map((p) => el("option", { value: Math.ceil(p.days) })));
    $("purge-hint").textContent = list.length ? `Next to be purged: ${list[0].name}, in ${list[0].days.toFixed(1)} days.` : "No deleted user is left to be purged.";
    $("to-purge").disabled = list.length === 0;
  }

  const switches = [
    { text: "Graph asks for a pause (429)", fault: { service: "graph", kind: "throttle", value: 3 } },
    { text: "Graph fails (503)", fault: { service: "graph", kind: "status", value: 503 } },
    { text: "Graph is slow (2 s)", fault: { service: "graph", kind: "slow", value: 2000 } },
    { text: "Exchange fails (503)", fault: { service: "exchange", kind: "status", value: 503 } },
    { text: "Slack fails (500)", fault: { service: "slack", kind: "status", value: 500 } },
    { text: "Slack breaks each socket behind a click", fault: { service: "slack", kind: "disconnect", match: "interactive" } },
  ];
  const lay = (f) => post("/faults", { match: "", times: 0, value: 0, ...f });
  $("switches").replaceChildren(...switches.map((s) => {
    s.box = el("input", { type: "checkbox", onchange: () => attempt(async () => {
      await del("/faults");
      for (const other of switches) if (other.box.checked) await lay(other.fault);
    }) });
    return el("label", { class: "check" }, s.box, s.text);
  }));

  let count = -1;
  async function readCalls() {
    if (!$("calls-box").open) return;
    const calls = await get("/calls");
    $("calls-count").textContent = `(${calls.length})`;
    if (calls.length === count) return;
    count = calls.length;
    const wanted = calls.filter((c) => (!$("service").value || c.service === $("service").value) && (!$("writes").checked || changesTenant(c) || changesSlack(c)));
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

  const changesSlack = (c) => c.service === "slack" && /chat\.|views\./.test(c.path);

  async function readBot() {
    const time = await get("/time");
    clock = Date.parse(time.now);
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
  const move = (by) => attempt(async () => { await post("/time", { advance: by }); await readBot(); drawPurges(); });
  $("advance").addEventListener("input", () => { $("advance-shown").textContent = $("advance").value === "1" ? "1 day" : `${$("advance").value} days`; });
  $("time").addEventListener("submit", (event) => {
    event.preventDefault();
    move(`${24 * Number($("advance").value)}h`);
  });
  for (const b of document.querySelectorAll("[data-advance]")) b.addEventListener("click", () => move(b.dataset.advance));
  $("to-purge").addEventListener("click", () => move(`${Math.ceil(purges()[0].days * 24 * 60) + 1}m`));
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
  $("clear-faults").addEventListener("click", () => attempt(async () => { await del("/faults"); for (const s of switches) s.box.checked = false; $("fault-said").textContent = "There are no faults now."; }));

  every(1000, readTenant);
  every(1000, readCalls);
  every(2000, readBot);
}
