// Block Kit as elements (docs.slack.dev/reference/block-kit). What this page does not know is shown as unknown, never left out.

import { el } from "./api.js";
import { names, richText, textObject } from "./mrkdwn.js";

let ids = 0;
const fresh = (name) => `${name}-${++ids}`;

// renderBlocks shows blocks. act(action, value) is called for buttons and menus; in a form (inputs: true) fields only keep
// their values, which formState collects. state is what was chosen before, as Slack's state.values.
export function renderBlocks(blocks, { act, state = {}, errors = {} }) {
  return blocks.map((b) => renderBlock(b, { act, state: state[b.block_id] ?? {}, error: errors[b.block_id] }));
}

// blockOf gives an element's block_id where several blocks have its action_id, as only then it is needed: Slack's own ids of blocks are
// others with each edit, and a message may be edited while it is being read.
export function blockOf(e, block, blocks) {
  const same = blocks.flatMap((b) => [b.accessory, b.element, ...(b.elements ?? [])]).filter((o) => o?.action_id === e.action_id);
  return same.length > 1 ? block.block_id : "";
}

function renderBlock(b, context) {
  const box = (kind, ...children) => el("div", { class: `block ${kind}`, "data-block": b.block_id }, ...children);
  switch (b.type) {
    case "header": return box("header", ...textObject(b.text));
    case "divider": return box("divider", el("hr"));
    case "section": return section(b, box, context);
    case "context": return box("context", ...b.elements.map((e) => (e.type === "image" ? image(e) : el("span", {}, ...textObject(e)))));
    case "actions": return box("actions", ...b.elements.map((e) => element(e, b, context)));
    case "image": return box("image", image(b));
    case "rich_text": return box("rich", ...richText(b));
    case "input": return input(b, box, context);
    default: return box("unknown", `A block of the unknown type “${b.type}”`);
  }
}

// image is shown by its alternative text: this page loads nothing from elsewhere.
const image = (e) => el("span", { class: "tag", role: "img", "aria-label": e.alt_text }, `picture: ${e.alt_text}`);

function section(b, box, context) {
  const words = el("div", { class: "words" }, ...textObject(b.text));
  if (b.fields) words.append(el("div", { class: "fields" }, ...b.fields.map((f) => el("div", {}, ...textObject(f)))));
  return box("section", words, b.accessory ? element(b.accessory, b, context) : null);
}

// element is an interactive element whose use is told at once.
function element(e, block, context) {
  if (e.type === "button" || e.type === "workflow_button") return button(e, block, context);
  if (e.type === "image") return image(e);
  const told = (value) => context.act(e, block, value);
  const { label, node } = field(e, context.state[e.action_id], told, caption(e, block));
  return label ? el("span", {}, label, node) : node;
}

const caption = (e, block) => e.placeholder?.text ?? block.text?.text?.replaceAll("*", "") ?? "Choose";

function button(e, block, context) {
  const style = { primary: "primary", danger: "danger" }[e.style];
  return el("button", {
    type: "button", class: style, "data-action": e.action_id, "aria-label": e.accessibility_label,
    onclick: () => context.act(e, block, ""),
  }, e.text.text);
}

function input(b, box, context) {
  const told = b.dispatch_action ? (value) => context.act(b.element, b, value) : null;
  const { label, node } = field(b.element, context.state[b.element.action_id], told, b.label.text + (b.optional ? " (optional)" : ""), !b.optional);
  const hint = b.hint ? el("p", { class: "hint" }, b.hint.text) : null;
  const error = context.error ? el("p", { class: "error", role: "alert" }, context.error) : null;
  if (context.error) node.setAttribute("aria-invalid", "true");
  return box("input", label, node, hint, error);
}

const option = (o, chosen) => el("option", { value: o.value, selected: chosen.includes(o.value) }, o.text.text);

function allOptions(e) {
  return e.options ?? (e.option_groups ?? []).flatMap((g) => g.options);
}

// field makes the control of an element with its label. Its current value is known to formState by data attributes.
function field(e, entered, told, text, required = false) {
  const id = fresh("field");
  const data = { "data-action": e.action_id, "data-type": e.type };
  const change = told ? { onchange: (event) => told(valueOf(event.currentTarget)) } : {};
  const label = el("label", { for: id }, text);
  const is = (key, initial) => entered?.[key] ?? e[initial] ?? null;
  const plain = (type, key, initial, more = {}) => ({ label, node: el("input", { id, type, value: is(key, initial), required, ...data, ...change, ...more }) });
  switch (e.type) {
    case "plain_text_input":
      if (e.multiline) return { label, node: el("textarea", { id, rows: 4, required, maxlength: e.max_length, ...data, ...change }, is("value", "initial_value") ?? "") };
      return plain("text", "value", "initial_value", { maxlength: e.max_length, placeholder: e.placeholder?.text });
    case "email_text_input": return plain("email", "value", "initial_value");
    case "url_text_input": return plain("url", "value", "initial_value");
    case "number_input": return plain("number", "value", "initial_value", { min: e.min_value, max: e.max_value, step: e.is_decimal_allowed ? "any" : 1 });
    case "datepicker": return plain("date", "selected_date", "initial_date");
    case "timepicker": return plain("time", "selected_time", "initial_time");
    case "static_select": case "external_select": case "overflow": case "users_select": case "channels_select": case "conversations_select":
      return { label, node: menu(e, id, [chosenOne(e, entered)], data, change) };
    case "multi_static_select": case "multi_users_select": case "multi_channels_select": case "multi_conversations_select":
      return { label, node: menu(e, id, chosenMany(e, entered), { ...data, multiple: true }, change) };
    case "checkboxes": case "radio_buttons":
      return { label: null, node: choices(e, text, entered, data, told) };
    default:
      return { label: null, node: el("span", { class: "tag", ...data }, `unknown element ${e.type}`) };
  }
}

const chosenOne = (e, entered) => {
  const it = entered ? entered.selected_option ?? entered.selected_user ?? entered.selected_channel ?? entered.selected_conversation
    : e.initial_option ?? e.initial_user ?? e.initial_channel ?? e.initial_conversation;
  return it?.value ?? it ?? "";
};

const chosenMany = (e, entered) => {
  const list = entered ? entered.selected_options ?? entered.selected_users ?? entered.selected_channels ?? entered.selected_conversations
    : e.initial_options ?? e.initial_users ?? e.initial_channels ?? e.initial_conversations;
  return (list ?? []).map((o) => o.value ?? o);
};

function menu(e, id, chosen, data, change) {
  const known = e.type.includes("users") ? names.people : e.type.includes("channel") || e.type.includes("conversation") ? names.channels : null;
  const options = known ? [...known].map(([value, text]) => ({ value, text: { text } })) : allOptions(e);
  const first = data.multiple ? [] : [el("option", { value: "" }, e.placeholder?.text ?? (e.type === "overflow" ? "More…" : "Choose…"))];
  const groups = (e.option_groups ?? []).map((g) => el("optgroup", { label: g.label.text }, ...g.options.map((o) => option(o, chosen))));
  return el("select", { id, ...data, ...change }, ...first, ...(e.option_groups ? groups : options.map((o) => option(o, chosen))));
}

function choices(e, legend, entered, data, told) {
  const many = e.type === "checkboxes";
  const chosen = many ? chosenMany(e, entered) : [chosenOne(e, entered)];
  const name = fresh("choice");
  const box = el("fieldset", data, el("legend", { class: told ? "unseen" : null }, legend), ...allOptions(e).map((o) => el("label", { class: "check" },
    el("input", { type: many ? "checkbox" : "radio", name, value: o.value, checked: chosen.includes(o.value) }), el("span", {}, ...textObject(o.text)))));
  if (told) box.addEventListener("change", () => told(valueOf(box)));
  return box;
}

// valueOf is what was entered in a control, as /control/click takes it: several values are a comma list.
function valueOf(node) {
  if (node.tagName === "FIELDSET") return [...node.querySelectorAll("input:checked")].map((i) => i.value).join(",");
  if (node.multiple) return [...node.selectedOptions].map((o) => o.value).join(",");
  return node.value;
}

// formState collects what was entered below root, as Slack's view.state.values in the short form that /control/submit takes.
export function formState(root) {
  const state = {};
  for (const block of root.querySelectorAll(".block.input")) {
    const node = block.querySelector("[data-action]");
    if (!node || node.classList.contains("tag")) continue;
    const value = valueOf(node);
    const many = node.multiple || node.dataset.type === "checkboxes";
    state[block.dataset.block] = { [node.dataset.action]: many ? value.split(",").filter(Boolean) : value || null };
  }
  return state;
}
