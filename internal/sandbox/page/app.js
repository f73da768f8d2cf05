// The page of the sandbox: Slack as one person sees it, beside the tenant, the calls and the switches.

import { del, el, get, post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { startForms } from "./forms.js";
import { mrkdwn, names, personName, channelName } from "./mrkdwn.js";
import { startWorld } from "./world.js";

const $ = (id) => document.getElementById(id);
const state = { user: "", place: "", shown: new Map(), homeHash: "" };
const homeTab = "home";

// say shows what went wrong, or nothing.
function say(text) {
  $("status").textContent = text ?? "";
}

// attempt runs what a person did, shows its failure, and looks at once what has changed.
async function attempt(deed) {
  try {
    const result = await deed();
    say(result?.error ? `Slack shows: ${result.error}` : "");
    await look();
    return result;
  } catch (e) {
    say(e.message);
    return null;
  }
}

async function meet() {
  const [people, channels] = await Promise.all([get("/people"), get("/channels")]);
  names.people = new Map(people.map((p) => [p.id, p.name]));
  names.channels = new Map(channels.map((c) => [c.id, c.name]));
  const able = people.filter((p) => p.role !== "bot");
  $("person").replaceChildren(...able.map((p) => el("option", { value: p.id }, `${p.name} (${p.role})`)));
  state.user = able[0].id;
}

const isDM = (id) => id.startsWith("D");
const placeName = (id) => (isDM(id) ? "Messages with Mailback" : `#${channelName(id)}`);

// showPlaces offers the places where the person has messages, the direct messages first.
function showPlaces(messages) {
  const dm = "D" + state.user.slice(1);
  const count = new Map([[dm, 0]]);
  for (const m of messages) count.set(m.channel, (count.get(m.channel) ?? 0) + 1);
  if (!count.has(state.place) && state.place !== homeTab) state.place = dm;
  const list = [...count.keys(), homeTab];
  const key = JSON.stringify([list, [...count.values()], state.place]);
  if ($("places").dataset.key === key) return;
  const focused = document.activeElement?.dataset?.place;
  $("places").dataset.key = key;
  $("places").replaceChildren(...list.map((id) => el("button", {
    type: "button", "data-place": id, "aria-pressed": String(id === state.place),
    onclick: () => { state.place = id; attempt(() => (id === homeTab ? post("/home", { user: state.user }) : null)); },
  }, id === homeTab ? "Home" : `${placeName(id)} (${count.get(id)})`)));
  if (focused) $("places").querySelector(`[data-place="${focused}"]`)?.focus();
  $("where").textContent = state.place === homeTab || isDM(state.place) ? "" : `in ${placeName(state.place)}`;
}

// showMessages replaces only what has changed, so that the focus stays where it is.
function showMessages(messages) {
  const box = $("messages");
  box.hidden = state.place === homeTab;
  const here = threaded(messages.filter((m) => m.channel === state.place));
  const wanted = new Map(here.map((m) => [m.channel + m.ts, m]));
  for (const [key, old] of state.shown) {
    if (!wanted.has(key)) { old.node.remove(); state.shown.delete(key); }
  }
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  let changed = false;
  let before = null;
  for (const [key, m] of wanted) {
    const text = JSON.stringify(m);
    let entry = state.shown.get(key);
    if (entry?.text !== text) {
      const node = message(m);
      replaceKeepingFocus(entry?.node, node);
      entry = { text, node };
      state.shown.set(key, entry);
      changed = true;
    }
    const next = before ? before.nextElementSibling : box.firstElementChild;
    if (next !== entry.node) box.insertBefore(entry.node, next);
    before = entry.node;
  }
  box.querySelector(":scope > p")?.remove();
  if (wanted.size === 0) box.append(el("p", {}, "No messages here yet."));
  if (changed && atEnd) box.scrollTop = box.scrollHeight;
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
  const act = (e, block, value) => press(e, value, { user: state.user, channel: m.channel, ts: m.ts, block_id: block.block_id });
  return el("article", { class: `message${reply ? " reply" : ""}${m.ephemeral ? " ephemeral" : ""}` },
    el("header", {}, el("strong", {}, personName(m.author)), " ", el("time", { datetime: at.toISOString(), title: at.toLocaleString() }, at.toLocaleTimeString()),
      m.edited ? " (edited)" : "", m.ephemeral ? el("span", { class: "tag" }, "only you can see this") : "", reply ? " in the thread" : ""),
    ...(m.blocks.length ? renderBlocks(m.blocks, { act }) : [el("div", { class: "block" }, ...mrkdwn(m.text))]),
    ...(m.files ?? []).map((f) => el("details", { class: "block" }, el("summary", {}, f.name), el("pre", {}, f.text))));
}

// press asks first where the element has a confirmation dialog, then clicks.
async function press(e, value, where) {
  if (e.confirm && !(await confirmed(e.confirm))) return;
  if (e.url) window.open(e.url, "_blank", "noopener");
  await attempt(() => post("/click", { ...where, action_id: e.action_id, value }));
}

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
  const act = (e, block, value) => press(e, value, { user: state.user, view_id: home.id, block_id: block.block_id });
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

$("person").addEventListener("change", (event) => {
  state.user = event.target.value;
  state.place = "";
  attempt(() => null);
});

$("typing").addEventListener("submit", async (event) => {
  event.preventDefault();
  const channel = state.place === homeTab || isDM(state.place) ? "" : state.place;
  $("reply").textContent = "";
  const result = await attempt(() => post("/command", { user: state.user, channel, text: $("line").value }));
  if (result && !result.error) $("line").value = "/restore-mailbox ";
});

$("shortcut").addEventListener("click", () => attempt(() => post("/shortcut", { user: state.user, callback_id: "restore_mailbox" })));
$("open-home").addEventListener("click", () => {
  state.place = homeTab;
  attempt(() => post("/home", { user: state.user }));
});

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
startWorld({ $, attempt, every, del });
every(1000, look);
