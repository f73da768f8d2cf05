// Guided stories: each case of Mailback step by step. A step says who does what and what will be seen; the reader does it, or has it done.

import { el, get, post } from "./api.js";

const megan = "U0MEGANB01";
const patti = "U0PATTIF01";
const nestor = "U0NESTORW1";
const joni = "U0JONIS001";
const lee = "U0LEEG0001";

// What a step can do; where it is seen is place, by default Megan's direct messages, and the approval channel for all others. within is how long a step waits for the button or the form that it needs, in ms.
const within = 30000;
const type = (user, line, text) => ({ user, text: text ?? `types ${line}`, deed: async (told) => {
  const done = await post("/command", { user, channel: "", text: line });
  told.request = done.reply?.match(/R-\d+/)?.[0];
  return done;
} });
const press = (user, action, label) => ({ user, text: `presses “${label}”`, deed: async (told) => click(user, await button(user, action, told.request), action) });
const denied = (user, reason) => ({ user, text: `presses “Deny”, writes “${reason}” and submits the form`, deed: async (told) => { // one step: the form is over the page
  const done = await click(user, await button(user, "request.deny", told.request), "request.deny");
  return done.error ? done : submit(user, reason);
} });

const confirmed = press(megan, "request.confirm", "Confirm request");
const seenByThemselves = (step) => ({ ...step, place: "" });
const approved = (user) => press(user, "request.approve", "Restore mailbox");
const ask = (line) => type(megan, "/restore-mailbox " + line);

const stories = [
  { name: "A deleted user", end: "Megan reads that the mailbox is restored, with the proof. The user is live again, with her licence.",
    steps: [ask("christiec@contoso.com she comes back on Monday"), confirmed, approved(patti)] },
  { name: "A licence was removed", end: "The licence is there again, and with it the old mailbox.",
    steps: [ask("debrab@contoso.com her licence went to somebody else by mistake"), confirmed, approved(patti)] },
  { name: "A deleted shared mailbox", end: "It is back without a licence, and nobody can sign in to it.",
    steps: [ask("info@contoso.com customers still write to it"), confirmed, approved(patti)] },
  { name: "A mailbox without its user", end: "The contents lie in a folder of Lidia's mailbox. That took two approvers, since Lidia can read them now.",
    steps: [ask("brianj@contoso.com into:lidiah@contoso.com she took over his customers"), confirmed, approved(patti), approved(nestor)] },
  { name: "An inactive mailbox", end: "It was copied, and is still on hold as before.",
    steps: [ask("benw@contoso.com into:lidiah@contoso.com for the audit"), confirmed, approved(patti), approved(nestor)] },
  { name: "Deleted messages", end: "The messages are back where they were, each counted.",
    steps: [ask("items leeg@contoso.com type:message he emptied the wrong folder"), confirmed, approved(patti)] },
  { name: "Many at once", end: "Whoever was deleted in the last three days is back, but for those that the list leaves out. Files have the list and the results.",
    steps: [seenByThemselves(type(patti, "/restore-mailbox bulk after:3d a sync rule went wrong")),
      seenByThemselves(press(patti, "request.confirm", "Confirm request")), approved(nestor), approved(joni)] },
  { name: "A denial", end: "Megan reads who denied it and why. Nothing was changed.",
    steps: [ask("irvins@contoso.com just to have a look"), confirmed, denied(patti, "A look is not reason enough.")] },
  { name: "Somebody who may not", end: "Lee alone reads that he is no approver. The card stays as it is.",
    steps: [ask("adelev@contoso.com she is back"), confirmed, press(lee, "request.approve", "Restore mailbox")] },
];

// button finds the newest message of a person that has an element and, where the story knows its request, is of that: the card of one before
// may still have its buttons, since Slack takes an edit now and then.
async function button(user, action, request) {
  const until = Date.now() + within;
  for (;;) {
    const list = await get("/messages?user=" + encodeURIComponent(user));
    const found = list.reverse().find((m) => (!request || JSON.stringify(m.blocks).includes(`${request} ·`)) && m.blocks.some((b) => [b.accessory, ...(b.elements ?? [])].some((e) => e?.action_id === action)));
    if (found) return found;
    if (Date.now() > until) throw new Error("The button is not there yet. Has the step before been done?");
    await new Promise((done) => setTimeout(done, 300));
  }
}

const click = (user, m, action) => post("/click", { user, channel: m.channel, ts: m.ts, action_id: action });

async function submit(user, text) {
  const until = Date.now() + within;
  for (;;) {
    const view = (await get("/views?user=" + encodeURIComponent(user))).modals.at(-1);
    const input = view?.blocks.find((b) => b.type === "input");
    if (input) return post("/submit", { user, view_id: view.id, state: { [input.block_id]: { [input.element.action_id]: text } } });
    if (Date.now() > until) throw new Error("The form is not open yet. Has the step before been done?");
    await new Promise((done) => setTimeout(done, 300));
  }
}

export function startStories({ $, attempt, become, names }) {
  $("stories").replaceChildren(...stories.map((s) => el("button", { type: "button", "data-story": s.name, onclick: () => tell(s) }, s.name)));

  function tell(s) {
    const box = $("story");
    const told = {}; // the story's request, once it is known
    const items = s.steps.map((step, i) => {
      const item = el("li", {}, el("strong", {}, names.people.get(step.user) ?? step.user), ` ${step.text}. `,
        el("button", { type: "button", "data-step": i, onclick: (event) => perform(step, told, event.currentTarget) }, "Do it"));
      return item;
    });
    box.hidden = false;
    box.replaceChildren(el("h3", {}, s.name), el("ol", {}, ...items), el("p", { class: "hint" }, "In the end: " + s.end),
      el("button", { type: "button", onclick: () => { box.hidden = true; } }, "Close the story"));
    box.querySelector("[data-step]").focus();
  }

  async function perform(step, told, b) {
    b.disabled = true;
    await become(step.user, step.place ?? (step.user === megan ? "" : "C0APPROVALS"));
    const done = await attempt(() => step.deed(told));
    b.disabled = false;
    if (!done || done.error) return;
    b.textContent = "Done";
    b.closest("li").classList.add("done");
    b.closest("li").nextElementSibling?.querySelector("button").focus();
  }
}
