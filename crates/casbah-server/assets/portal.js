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
