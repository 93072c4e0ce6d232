// Opens the dialog that belongs to a link and closes it again; the browser's own <dialog> traps focus and obeys Esc.
// Without this file each link leads to a page with the same form. (And it names one field that would have no name.)
"use strict";

(() => {
  const opened = (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    return dialog instanceof HTMLDialogElement ? dialog : null;
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-dialog]").forEach((opener) => {
      opener.setAttribute("role", "button");
      opener.setAttribute("aria-haspopup", "dialog");
    });
  });

  document.addEventListener("click", (event) => {
    const dialog = opened(event);
    if (dialog && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      dialog.showModal();
    } else if (event.target.closest("[data-close]")) {
      event.target.closest("dialog").close();
    }
  });

  // A link becomes a button above, and buttons also obey the space bar.
  document.addEventListener("keydown", (event) => {
    const dialog = event.key === " " ? opened(event) : null;
    if (dialog) {
      event.preventDefault();
      dialog.showModal();
    }
  });

  // The browser looks for the first field while the page is still hidden.
  document.addEventListener("alpine:initialized", () => {
    requestAnimationFrame(() => document.querySelector("form.ho-form [autofocus]:not(dialog *)")?.focus());
  });

  // Pressed twice, an act would be refused the second time although it was taken.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches(".ho-form")) {
      return;
    }
    if (form.dataset.sent) {
      event.preventDefault();
    }
    form.dataset.sent = "yes";
  });
  // The search field of Django's autocomplete has no name while nothing is chosen; it gets the one of its label. The
  // field is built some time after the page, and anew when a row is added.
  const nameSearchFields = () => {
    document.querySelectorAll(".select2-selection__rendered:not([title])").forEach((shown) => {
      const key = shown.id.replace(/^select2-|-container$/g, "");
      const label = document.querySelector(`label[for="${CSS.escape(key)}"]`);
      if (label) {
        label.id = `${key}_label`;
        shown.title = label.textContent.trim();
        shown.closest(".select2-selection").setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
      }
    });
  };
  document.addEventListener("DOMContentLoaded", () => {
    if (document.querySelector("select.admin-autocomplete")) {
      new MutationObserver(nameSearchFields).observe(document.body, { childList: true, subtree: true });
    }
  });

  window.addEventListener("pageshow", () => {
    document.querySelectorAll(".ho-form").forEach((form) => delete form.dataset.sent);
  });
})();
