// The page of the sandbox: Slack as one person sees it, beside the tenant, the calls and the switches.

import { del, el, get, post } from "./api.js";
import { blockOf, renderBlocks } from "./blocks.js";
import { startForms } from "./forms.js";
import { mrkdwn, names, personName, channelName } from "./mrkdwn.js";
import { startStories } from "./stories.js";
import { startWorld } from "./world.js";

const $ = (id) => document.getElementById(id);
const state = { user: "", place: "", shown: new Map(), homeHash: "", look: "" };
const homeTab = "home";

// say shows what went wrong, or nothing.
function say(text) {
  $("status").textContent = text ?? "";
}

// attempt runs what a person did, shows its failure, and looks at once what has changed.
let attempts = 0;
async function attempt(deed) {
  attempts++;
  document.querySelector("main").setAttribute("aria-busy", "true");
  try {
    const result = await deed();
    say(result?.error ? `Slack shows: ${result.error}` : "");
    await look();
    return result;
  } catch (e) {
    say(e.message);
    return null;
  } finally {
    if (--attempts === 0) document.querySelector("main").removeAttribute("aria-busy");
  }
}

async function meet() {
  const [people, channels, groups] = await Promise.all([get("/people"), get("/channels"), get("/usergroups")]);
  names.people = new Map(people.map((p) => [p.id, p.name]));
  names.channels = new Map(channels.map((c) => [c.id, c.name]));
  names.groups = new Map(groups.map((g) => [g.id, g.handle]));
  const able = people.filter((p) => p.role !== "bot");
  $("people").replaceChildren(...able.map((p) => el("button", {
    type: "button", role: "radio", "data-person": p.id, onclick: () => become(p.id), onkeydown: (event) => walk(event),
  }, el("span", {}, p.name), " ", el("span", { class: "quiet" }, p.role))));
  become(able[0].id);
}

// become changes who sits before the page.
function become(user, place = "") {
  state.user = user;
  state.place = place;
  for (const b of $("people").children) {
    const me = b.dataset.person === user;
    b.setAttribute("aria-checked", String(me));
    if (me) b.scrollIntoView({ block: "nearest", inline: "nearest" });
    b.tabIndex = me ? 0 : -1;
  }
  return attempt(() => null);
}

// walk moves among the people with the arrow keys, as in any radio group.
function walk(event) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...$("people").children];
  const next = all[(all.indexOf(event.currentTarget) + step + all.length) % all.length];
  next.focus();
  become(next.dataset.person);
}

const isDM = (id) => id.startsWith("D");
const placeName = (id) => (isDM(id) ? "Messages with Mailback" : `#${channelName(id)}`);

// showPlaces offers the places where the person has messages, the direct messages first.
function showPlaces(messages) {
  const dm = "D" + state.user.slice(1);
  const count = new Map([[dm, 0]]);
  for (const m of messages) count.set(m.channel, (count.get(m.channel) ?? 0) + 1);
  if (!count.has(state.place) && state.place !== homeTab) state.place = dm;
  const box = $("places");
  const old = new Map([...box.children].map((b) => [b.dataset.place, b]));
  arrange(box, [...count.keys(), homeTab].map((id) => {
    const b = old.get(id) ?? el("button", { type: "button", "data-place": id, onclick: () => go(id) });
    const label = id === homeTab ? "Home" : `${placeName(id)} (${count.get(id)})`;
    if (b.textContent !== label) b.textContent = label;
    b.setAttribute("aria-pressed", String(id === state.place));
    return b;
  }));
  if (box.dataset.place !== state.place) box.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  box.dataset.place = state.place;
  $("where").textContent = state.place === homeTab || isDM(state.place) ? "" : `in ${placeName(state.place)}`;
}

function go(place) {
  state.place = place;
  attempt(() => (place === homeTab ? post("/home", { user: state.user }) : null));
}

// arrange has a box hold just these nodes in this order, and moves only what is not in its place: what is being clicked or has the focus stays.
function arrange(box, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...box.children]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, i) => { if (box.children[i] !== node) box.insertBefore(node, box.children[i] ?? null); });
}

// showMessages replaces only what has changed, so that the focus stays where it is.
function showMessages(messages) {
  const box = $("messages");
  box.hidden = state.place === homeTab;
  const here = threaded(messages.filter((m) => m.channel === state.place));
  const wanted = new Map(here.map((m) => [m.channel + m.ts, m]));
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  let changed = false;
  for (const key of state.shown.keys()) {
    if (!wanted.has(key)) state.shown.delete(key);
  }
  for (const [key, m] of wanted) {
    const text = JSON.stringify(m);
    const entry = state.shown.get(key);
    if (entry?.text === text) continue;
    const node = message(m);
    replaceKeepingFocus(entry?.node, node);
    state.shown.set(key, { text, node });
    changed = true;
  }
  const nodes = [...wanted.keys()].map((key) => state.shown.get(key).node);
  arrange(box, nodes.length ? nodes : [el("p", {}, "No messages here yet.")]);
  if (changed && atEnd) box.scrollTop = box.scrollHeight;
  lookAt();
}

function replaceKeepingFocus(old, node) {
  if (!old) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.dataset.action : "";
  old.replaceWith(node);
  if (focused) (node.querySelector(`[data-action="${CSS.escape(focused)}"]`) ?? $("messages")).focus();
}

// threaded puts replies behind the message they belong to.
function threaded(messages) {
  const isReply = (m) => m.thread_ts && m.thread_ts !== m.ts;
  return messages.filter((m) => !isReply(m) || !messages.some((p) => p.ts === m.thread_ts))
    .flatMap((m) => [m, ...messages.filter((r) => isReply(r) && r.thread_ts === m.ts)]);
}

function message(m) {
  const at = new Date(Number(m.ts) * 1000);
  const reply = m.thread_ts && m.thread_ts !== m.ts;
  const act = (e, block, value) => press(e, value, { user: state.user, channel: m.channel, ts: m.ts, block_id: blockOf(e, block, m.blocks) });
  return el("article", { class: `message${reply ? " reply" : ""}${m.ephemeral ? " ephemeral" : ""}` },
    el("header", {}, el("strong", {}, personName(m.author)), " ", el("time", { datetime: at.toISOString(), title: at.toLocaleString() }, at.toLocaleTimeString()),
      m.edited ? " (edited)" : "", m.ephemeral ? el("span", { class: "tag" }, "only you can see this") : "", reply ? " in the thread" : ""),
    ...(m.blocks.length ? renderBlocks(m.blocks, { act }) : [el("div", { class: "block" }, ...mrkdwn(m.text))]),
    ...(m.files ?? []).map((f) => el("details", { class: "block" }, el("summary", {}, f.name), el("pre", {}, f.text))));
}

// press asks first where the element has a confirmation dialog, then clicks.
async function press(e, value, where) {
  if (e.confirm && !(await confirmed(e.confirm))) return;
  if (e.url && !follow(e.url)) window.open(e.url, "_blank", "noopener");
  await attempt(() => post("/click", { ...where, action_id: e.action_id, value }));
}

// follow goes to the message that a permalink of Slack's names; false for any other address.
function follow(url) {
  const [, channel, digits] = new URL(url).pathname.match(/^\/archives\/([A-Z0-9]+)\/p(\d{16})$/) ?? [];
  if (!channel) return false;
  state.place = channel;
  state.look = `${channel}${digits.slice(0, 10)}.${digits.slice(10)}`;
  return true;
}

// lookAt shows the message that was followed to, and puts the focus there.
function lookAt() {
  const node = state.shown.get(state.look)?.node;
  if (!node) return;
  state.look = "";
  node.tabIndex = -1;
  node.focus();
  node.scrollIntoView({ block: "nearest" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (link && follow(link.href)) {
    event.preventDefault();
    attempt(() => null);
  }
});

function confirmed(c) {
  return new Promise((resolve) => {
    const box = $("confirm");
    const close = (answer) => { box.close(); resolve(answer); };
    box.oncancel = () => resolve(false);
    box.replaceChildren(el("h2", { id: "confirm-title" }, c.title.text),
      el("p", {}, ...(c.text.type === "mrkdwn" ? mrkdwn(c.text.text) : [c.text.text])),
      el("footer", {}, el("button", { type: "button", onclick: () => close(false) }, c.deny.text),
        el("button", { type: "button", class: c.style === "danger" ? "danger" : "primary", onclick: () => close(true) }, c.confirm.text)));
    box.showModal();
  });
}

function showHome(home) {
  $("home").hidden = state.place !== homeTab;
  const hash = home ? home.hash + state.user : state.user;
  if (state.homeHash === hash) return;
  state.homeHash = hash;
  const act = (e, block, value) => press(e, value, { user: state.user, view_id: home.id, block_id: blockOf(e, block, home.blocks) });
  $("home").replaceChildren(...(home ? renderBlocks(home.blocks, { act, state: home.state?.values }) : [el("p", { class: "hint" }, "The app has published no Home tab for this person.")]));
}

// look shows everything as it is now for the person who is chosen.
async function look() {
  const user = state.user;
  const q = "?user=" + encodeURIComponent(user);
  const [messages, views] = await Promise.all([get("/messages" + q), get("/views" + q)]);
  if (user !== state.user) return;
  showPlaces(messages);
  showMessages(messages);
  showHome(views.home);
  forms.show(user, views.modals);
}

const forms = startForms({ dialog: $("modal"), attempt, press });

$("typing").addEventListener("submit", async (event) => {
  event.preventDefault();
  const channel = state.place === homeTab || isDM(state.place) ? "" : state.place;
  const result = await attempt(() => post("/command", { user: state.user, channel, text: $("line").value }));
  if (result && !result.error) $("line").value = "/restore-mailbox ";
});

$("shortcut").addEventListener("click", () => attempt(() => post("/shortcut", { user: state.user, callback_id: "restore_mailbox" })));
$("open-home").addEventListener("click", () => go(homeTab));

// every repeats a look, waiting for the last one; a sandbox that is gone is told once it is.
async function every(ms, f) {
  for (;;) {
    try {
      await f();
      if ($("status").dataset.gone) { say(""); delete $("status").dataset.gone; }
    } catch (e) {
      $("status").dataset.gone = "yes";
      say(e instanceof TypeError ? "The sandbox does not answer." : e.message);
    }
    await new Promise((done) => setTimeout(done, ms));
  }
}

await meet();
startStories({ $, attempt, become, names });
startWorld({ $, attempt, every, del });
every(1000, look);
