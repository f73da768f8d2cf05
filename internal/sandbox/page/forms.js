// Modals: the topmost one of the person is a dialog here. It is drawn anew only when the app has changed it, so that what
// is being typed stays.

import { el, post } from "./api.js";
import { blockOf, formState, renderBlocks } from "./blocks.js";

// startForms returns show(user, modals). attempt and press are app.js's.
export function startForms({ dialog, attempt, press }) {
  let drawn = "";

  function show(user, modals) {
    const view = modals.at(-1);
    if (!view) {
      drawn = "";
      if (dialog.open) dialog.close();
      return;
    }
    const key = user + view.id + view.hash;
    if (key === drawn) return;
    drawn = key;
    draw(user, view, {}, view.state?.values);
    if (!dialog.open) dialog.showModal();
  }

  function draw(user, view, errors, entered) {
    const act = (e, block, value) => press(e, value, { user, view_id: view.id, block_id: blockOf(e, block, view.blocks) });
    const close = () => attempt(() => post("/close", { user, view_id: view.id, all: false }));
    const form = el("form", { novalidate: true },
      el("h2", { id: "modal-title" }, view.title.text),
      ...renderBlocks(view.blocks, { act, state: entered, errors }),
      el("p", { class: "error", role: "alert" }),
      el("footer", {}, el("button", { type: "button", onclick: close }, view.close?.text ?? "Cancel"),
        view.submit ? el("button", { type: "submit", class: "primary" }, view.submit.text) : ""));
    form.addEventListener("submit", (event) => { event.preventDefault(); send(user, view, form); });
    dialog.oncancel = (event) => { event.preventDefault(); close(); };
    dialog.replaceChildren(form);
  }

  async function send(user, view, form) {
    const state = formState(form);
    const result = await attempt(() => post("/submit", { user, view_id: view.id, state }));
    if (!form.isConnected) return; // the app has closed or changed it
    if (result?.errors && Object.keys(result.errors).length > 0) {
      draw(user, view, result.errors, full(view, state));
      dialog.querySelector("[aria-invalid]")?.focus();
    } else if (!result || result.error) {
      form.querySelector("p.error:last-of-type").textContent = "We had some trouble connecting. Try again?";
    }
  }

  return { show };
}

// full writes entered values as Slack's own objects, which renderBlocks reads.
function full(view, state) {
  const values = {};
  for (const block of view.blocks.filter((b) => b.type === "input")) {
    const e = block.element;
    const value = state[block.block_id]?.[e.action_id];
    if (value === undefined) continue;
    const entered = Array.isArray(value)
      ? { selected_options: value.map((v) => ({ value: v })) }
      : { value, selected_option: value && { value }, selected_date: value, selected_time: value };
    values[block.block_id] = { [e.action_id]: entered };
  }
  return values;
}
