// The control API, as a page calls it: an error is thrown with the sandbox's own words.

export async function get(path) {
  return answer(await fetch("/control" + path, { headers: { Accept: "application/json" } }));
}

export async function post(path, body) {
  return answer(await fetch("/control" + path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  }));
}

export async function del(path) {
  return answer(await fetch("/control" + path, { method: "DELETE" }));
}

async function answer(response) {
  const out = await response.json();
  if (!response.ok) throw new Error(out.error);
  return out;
}

// el makes an element. Texts are always texts: nothing here is ever read as HTML.
export function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else if (value === true) e.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) e.setAttribute(key, value);
  }
  e.append(...children.filter((c) => c !== null && c !== undefined && c !== ""));
  return e;
}
