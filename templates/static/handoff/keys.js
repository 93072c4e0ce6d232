// Presses the button whose number is typed, while the group of buttons has the focus and nowhere else (WCAG 2.1.4).
// The group takes the focus when the page opens. Without this file the buttons are pressed as any other.
"use strict";

(() => {
  document.addEventListener("keydown", (event) => {
    const group = event.target.closest("[data-keys]");
    if (!group || event.ctrlKey || event.metaKey || event.altKey || event.repeat) {
      return;
    }
    const button = group.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (button) {
      event.preventDefault();
      button.click();
    }
  });

  // The browser looks for what to focus while the page is still hidden.
  document.addEventListener("alpine:initialized", () => {
    requestAnimationFrame(() => document.querySelector("[data-keys]")?.focus({ preventScroll: true }));
  });
})();
