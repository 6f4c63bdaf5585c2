// Makes the portal's pages more convenient; every page does its work without it.
"use strict";

// Times in the viewer's own zone; the exact one stays in the hint.
const zoned = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) {
    time.textContent = zoned.format(at);
  }
}

// Buttons that copy a text. Browsers offer the clipboard to secure pages only.
if (navigator.clipboard) {
  const told = document.createElement("p");
  told.className = "unseen";
  told.setAttribute("role", "status");
  document.body.append(told);
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = told.textContent = "Copied";
      } catch {
        button.textContent = told.textContent = "Press Ctrl+C";
        getSelection().selectAllChildren(button.previousElementSibling);
      }
      setTimeout(() => {
        button.textContent = label;
        told.textContent = "";
      }, 2000);
    });
  }
}

// Tables that stay in the page are sorted in it, by buttons in place of their heads.
const byText = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" }).compare;
for (const table of document.querySelectorAll("table[data-sorted-here]")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.ariaSort === "ascending";
      const text = (row) => row.cells[column].textContent;
      const rows = [...table.tBodies[0].rows];
      rows.sort((one, other) => (down ? -1 : 1) * byText(text(one), text(other)));
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      table.tBodies[0].append(...rows);
    });
  });
}

// An open menu closes when something else is chosen, or by the Escape key.
const menu = document.querySelector("details.menu");
if (menu) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
