// Slack's mrkdwn and rich text as elements (docs.slack.dev/messaging/formatting-message-text).

import { el } from "./api.js";

// names tells what ids are shown as; app.js fills it.
export const names = { people: new Map(), channels: new Map(), groups: new Map() };

export const personName = (id) => names.people.get(id) ?? id;
export const channelName = (id) => names.channels.get(id) ?? id;
const groupName = (id) => names.groups.get(id) ?? id;

const unescape = (s) => s.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

// Code first, then tokens, then emphasis that stands between other characters than letters and digits.
const parts = /```([\s\S]+?)```|`([^`\n]+)`|<([^<>]+)>|(?<![\p{L}\p{N}])([*_~])(?=\S)([^\n]*?\S)\4(?![\p{L}\p{N}])/gu;
const marks = { "*": "strong", _: "em", "~": "s" };

// mrkdwn returns the nodes of a text.
export function mrkdwn(text) {
  const out = [];
  let at = 0;
  for (const m of text.matchAll(parts)) {
    if (m.index > at) out.push(unescape(text.slice(at, m.index)));
    if (m[1] ?? m[2]) out.push(el("code", {}, unescape(m[1] ?? m[2])));
    else if (m[3]) out.push(token(m[3]));
    else out.push(el(marks[m[4]], {}, ...mrkdwn(m[5])));
    at = m.index + m[0].length;
  }
  if (at < text.length) out.push(unescape(text.slice(at)));
  return out;
}

function token(t) {
  const bar = t.indexOf("|");
  const target = bar < 0 ? t : t.slice(0, bar);
  const label = bar < 0 ? "" : t.slice(bar + 1);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("@")) return el("span", { class: "mention" }, "@" + personName(target.slice(1)));
  if (target.startsWith("#")) return el("span", { class: "mention" }, "#" + (label || channelName(target.slice(1))));
  if (target.startsWith("!subteam^")) return el("span", { class: "mention" }, "@" + groupName(target.slice("!subteam^".length)));
  if (target.startsWith("!")) return el("span", { class: "mention" }, unescape(label) || "@" + target.slice(1));
  return link(unescape(target), unescape(label));
}

export function link(target, label) {
  const shown = label || target.replace(/^mailto:/, "");
  if (!/^(https?|mailto):/i.test(target)) return document.createTextNode(shown);
  return el("a", { href: target, rel: "noopener noreferrer", target: "_blank" }, shown);
}

// date is <!date^seconds^format^link|fallback> in the reader's own zone, as Slack shows it.
function date(target, fallback) {
  const [, seconds, format = ""] = target.split("^");
  const at = new Date(Number(seconds) * 1000);
  if (Number.isNaN(at.getTime())) return document.createTextNode(fallback);
  const day = (style) => at.toLocaleDateString(undefined, style);
  const forms = {
    date_num: () => at.toISOString().slice(0, 10), date: () => day({ day: "numeric", month: "long", year: "numeric" }),
    date_short: () => day({ day: "numeric", month: "short", year: "numeric" }),
    date_long: () => day({ weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    time: () => at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" }), time_secs: () => at.toLocaleTimeString(),
    ago: () => ago(at),
  };
  const text = format.replace(/\{(\w+)\}/g, (whole, name) => (forms[name.replace("_pretty", "")] ?? (() => whole))());
  return el("time", { datetime: at.toISOString(), title: fallback }, text || fallback);
}

function ago(at) {
  const minutes = Math.round((at - Date.now()) / 60000);
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  if (Math.abs(minutes) < 90) return format.format(minutes, "minute");
  return Math.abs(minutes) < 2880 ? format.format(Math.round(minutes / 60), "hour") : format.format(Math.round(minutes / 1440), "day");
}

// textObject returns the nodes of a text object.
export function textObject(t) {
  if (!t) return [];
  return t.type === "mrkdwn" ? mrkdwn(t.text) : [t.text];
}

// richText returns a rich_text block.
export function richText(block) {
  const styled = (e) => {
    let node = leaf(e);
    for (const [name, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]]) {
      if (e.style?.[name]) node = el(tag, {}, node);
    }
    return node;
  };
  const leaf = (e) => {
    switch (e.type) {
      case "text": return document.createTextNode(e.text);
      case "link": return link(e.url, e.text);
      case "user": return el("span", { class: "mention" }, "@" + personName(e.user_id));
      case "channel": return el("span", { class: "mention" }, "#" + channelName(e.channel_id));
      case "usergroup": return el("span", { class: "mention" }, "@" + groupName(e.usergroup_id));
      case "broadcast": return el("span", { class: "mention" }, "@" + e.range);
      case "emoji": return document.createTextNode(e.unicode ? String.fromCodePoint(...e.unicode.split("-").map((x) => parseInt(x, 16))) : `:${e.name}:`);
      case "date": return date(`!date^${e.timestamp}^${e.format}`, e.fallback ?? "");
      default: return el("span", { class: "tag" }, `unknown element ${e.type}`);
    }
  };
  const part = (e) => {
    const inside = () => e.elements.map(styled);
    switch (e.type) {
      case "rich_text_section": return el("div", {}, ...inside());
      case "rich_text_list": return el(e.style === "ordered" ? "ol" : "ul", {}, ...e.elements.map((item) => el("li", {}, part(item))));
      case "rich_text_quote": return el("blockquote", {}, ...inside());
      case "rich_text_preformatted": return el("pre", {}, ...inside());
      default: return el("span", { class: "tag" }, `unknown part ${e.type}`);
    }
  };
  return block.elements.map(part);
}
