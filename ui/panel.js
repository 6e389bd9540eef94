// The script of the panel: clicks become events, and what was asked for is brought into view.
const NARROW = "(max-width: 899px)";

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  const { action, turn, citation } = button.dataset;
  if (action === "back") {
    const all = document.querySelectorAll(".hb-turn");
    // Before the first question there is only the welcome.
    (all[all.length - 1] ?? document.querySelector("#hb-conversation")).scrollIntoView({ block: "start" });
    return;
  }
  document.documentElement.dataset.hbJump = "mark";
  trigger("show", { turn: Number(turn), citation: Number(citation) });
});

watch("value", () => {
  const wish = document.documentElement.dataset.hbJump;
  delete document.documentElement.dataset.hbJump;
  // While the panel is empty, the library stands in its place.
  const place = element.querySelector(".hb-panel") ? element : document.querySelector("#hb-library");
  const sheet = place.querySelector(".hb-sheet");
  const mark = element.querySelector("mark.hb-current");
  const narrow = window.matchMedia(NARROW).matches;
  if (sheet && place === element && !narrow) {
    const above = mark ? mark.getBoundingClientRect().top - sheet.getBoundingClientRect().top : 0;
    sheet.scrollTop = mark ? sheet.scrollTop + above - sheet.clientHeight / 3 : 0;
  }
  if (!wish) return;
  if (narrow) (mark || place).scrollIntoView({ block: mark ? "center" : "start" });
  // So that a screen reader and the Tab key go on from there.
  (wish === "mark" && mark ? mark : sheet)?.focus({ preventScroll: true });
});
