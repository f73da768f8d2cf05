// What has changed in the tenant from one look to the next, in words.

const upn = (u) => u.userPrincipalName.replace(/^[0-9a-f]{32}/, "");

function facts(tenant) {
  const part = new Map(tenant.skus.map((s) => [s.skuId, s.skuPartNumber]));
  const all = new Map();
  const user = (u, state) => all.set("user " + u.id, { name: upn(u), facts: {
    account: state, "sign-in": u.accountEnabled ? "allowed" : "blocked",
    licences: u.assignedLicenses.map((l) => part.get(l.skuId) ?? l.skuId).sort().join(", ") || "none", "sign-in name": upn(u),
  } });
  tenant.users.forEach((u) => user(u, "live"));
  tenant.deleted_users.forEach((u) => user(u, "deleted"));
  tenant.mailboxes.forEach((m) => all.set("mailbox " + m.ExchangeGuid, { name: "mailbox " + m.PrimarySmtpAddress, facts: {
    state: m.WhenSoftDeleted ? "soft-deleted" : m.IsInactiveMailbox ? "inactive" : "live", items: m.ItemCount, "recoverable items": m.RecoverableItems ?? 0,
    folders: (m.RestoredFolders ?? []).length,
  } }));
  tenant.skus.forEach((s) => all.set("sku " + s.skuId, { name: s.skuPartNumber, facts: { "seats used": s.consumedUnits, seats: s.prepaidUnits.enabled } }));
  return all;
}

// changes gives a line for each thing that is otherwise now.
export function changes(before, now) {
  const was = facts(before);
  const is = facts(now);
  const lines = [];
  for (const [key, thing] of is) {
    const old = was.get(key);
    if (!old) { lines.push(`${thing.name}: new`); continue; }
    const differs = Object.entries(thing.facts).filter(([what, value]) => old.facts[what] !== value);
    if (differs.length) lines.push(`${thing.name}: ` + differs.map(([what, value]) => `${what} ${old.facts[what]} → ${value}`).join("; "));
  }
  for (const [key, thing] of was) if (!is.has(key)) lines.push(`${thing.name}: gone`);
  return lines;
}
