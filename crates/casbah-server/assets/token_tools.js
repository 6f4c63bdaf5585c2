// Takes a token apart in the page. It sends nothing anywhere, and it checks no signature.
"use strict";
{
  const LONGEST = 16 * 1024;
  const at = (id) => document.getElementById(id);
  const field = at("token");
  const permissions = at("permission-table");
  const shown = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

  // The words of the server's own table; those of one value stand before those of all.
  const meaning = (part, name, value) => {
    const text = typeof value !== "string" ? "" : name === "aud" ? value.replace(/\/+$/, "") : value;
    return [...document.querySelectorAll("#meanings tr[data-name]")].find(({ dataset }) =>
      dataset.part === part && dataset.name === name && (dataset.value ?? text) === text);
  };

  const span = (seconds) => {
    const all = Math.abs(seconds);
    const [size, unit] = all < 120 ? [1, "s"] : all < 7200 ? [60, "min"]
      : all < 172800 ? [3600, "h"] : [86400, "days"];
    return `${Math.floor(all / size)} ${unit}`;
  };
  const away = (seconds) => Math.floor(seconds - Date.now() / 1000);
  const isMoment = (value) => typeof value === "number" && Math.abs(value) < 8e12;
  const moment = (value) => {
    if (!isMoment(value)) {
      return "at a time that is not understood";
    }
    const left = away(value);
    return `${shown.format(new Date(value * 1000))}, ${left < 0 ? `${span(left)} ago` : `in ${span(left)}`}`;
  };

  const explain = (part, name, value) => {
    const row = meaning(part, name, value);
    if (!row) {
      return "";
    }
    const words = row.lastElementChild.textContent;
    return row.dataset.form === "moment" ? `${words.replace(/ …$/, "")} ${moment(value)}` : words;
  };

  const part = (text, name) => {
    if (!/^[A-Za-z0-9_-]+$/.test(text)) {
      throw new Error(`The ${name} is not in base64url.`);
    }
    let value;
    try {
      const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
      value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch {
      throw new Error(`The ${name} is not JSON.`);
    }
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      throw new Error(`The ${name} is not a JSON object.`);
    }
    return value;
  };

  const decode = (text) => {
    const token = text.trim().replace(/^Bearer\s+/i, "");
    if (token.length > LONGEST) {
      throw new Error("The text is too long for a token.");
    }
    const parts = token.split(".");
    if (parts.length !== 3) {
      throw new Error(`A token has three parts with dots between them; this text has ${parts.length}.`);
    }
    return { header: part(parts[0], "header"), claims: part(parts[1], "payload") };
  };

  const element = (name, text) => {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  };
  const member = (where, [name, value]) => {
    const row = document.createElement("tr");
    const head = element("th", name);
    head.scope = "row";
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const cells = [head, element("td", text), element("td", explain(where, name, value))];
    cells[1].dataset.label = "Value";
    cells[2].dataset.label = "Meaning";
    row.append(...cells);
    return row;
  };

  const life = (claims) => {
    const state = at("token-life");
    const [word, look] = !isMoment(claims.exp) ? ["It does not say when it ends", ""]
      : away(claims.exp) < 0 ? [`Expired ${span(away(claims.exp))} ago`, " bad"]
        : isMoment(claims.nbf) && away(claims.nbf) > 0 ? [`Good in ${span(away(claims.nbf))}`, " soon"]
          : [`Expires in ${span(away(claims.exp))}`, " good"];
    state.textContent = word;
    state.className = `state${look}`;
  };

  const allowed = (claims) => {
    const { audience, host } = permissions.dataset;
    const of = typeof claims.aud === "string" ? claims.aud : "";
    if (of.replace(/\/+$/, "") !== audience && !of.includes(host)) {
      return ["It is not for the API, and allows none of its actions.", []];
    }
    const granted = "scp" in claims ? claims.scp : claims.roles;
    const list = typeof granted === "string" ? granted.split(" ") : Array.isArray(granted) ? granted : [];
    const has = new Set(list.map((one) => String(one).toLowerCase()));
    const rows = [...permissions.querySelectorAll("tr[data-permissions]")]
      .filter((row) => row.dataset.permissions.split(" ").some((one) => has.has(one)))
      .map((row) => row.firstElementChild.textContent);
    const words = rows.length === 0
      ? "It allows no action: grant admin consent to permissions, then ask for a new token."
      : "scp" in claims ? "By its scopes, as far as a role of the person allows the same:" : "By its roles:";
    return [words, rows];
  };

  let claims = null;
  const show = () => {
    const complaint = at("token-error");
    claims = null;
    complaint.hidden = true;
    at("decoded").hidden = true;
    if (field.value.trim() === "") {
      return;
    }
    try {
      const token = decode(field.value);
      claims = token.claims;
      at("token-members").replaceChildren(
        ...Object.entries(token.header).map((one) => member("header", one)),
        ...Object.entries(claims).map((one) => member("claim", one)),
      );
      for (const head of at("token-members").parentElement.querySelectorAll("[aria-sort]")) {
        head.removeAttribute("aria-sort");
      }
      const [words, actions] = allowed(claims);
      at("token-allows").textContent = words;
      at("token-actions").replaceChildren(...actions.map((one) => element("li", one)));
      life(claims);
      at("decoded").hidden = false;
    } catch (error) {
      complaint.textContent = error.message;
      complaint.hidden = false;
    }
  };
  field.addEventListener("input", show);
  setInterval(() => claims && life(claims), 1000);
  show();
}
