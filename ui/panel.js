// The script of the panel: clicks become events, and the marked quote is brought into view.
const NARROW = "(max-width: 899px)";

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  const { action, turn, citation, article } = button.dataset;
  if (action === "back") {
    const all = document.querySelectorAll(".hb-turn");
    all[all.length - 1]?.scrollIntoView({ block: "start" });
    return;
  }
  document.documentElement.dataset.hbJump = citation === undefined ? "top" : "mark";
  trigger("show", citation === undefined ? { article } : { turn: Number(turn), citation: Number(citation) });
});

watch("value", () => {
  const wish = document.documentElement.dataset.hbJump;
  delete document.documentElement.dataset.hbJump;
  const sheet = element.querySelector(".hb-sheet");
  const mark = element.querySelector("mark.hb-current");
  const narrow = window.matchMedia(NARROW).matches;
  if (sheet && !narrow) {
    const above = mark ? mark.getBoundingClientRect().top - sheet.getBoundingClientRect().top : 0;
    sheet.scrollTop = mark ? sheet.scrollTop + above - sheet.clientHeight / 3 : 0;
  }
  if (!wish) return;
  if (narrow) (mark || element).scrollIntoView({ block: mark ? "center" : "start" });
  // So that a screen reader and the Tab key go on from the quote.
  if (mark && wish === "mark") mark.focus({ preventScroll: true });
});
