// The script of the conversation: clicks become events, and the newest question stays in view.
const NARROW = "(max-width: 899px)";
let turns = 0;
let following = true;

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  const { action, turn, citation, question } = button.dataset;
  if (action === "example") {
    trigger("example", { question });
  } else {
    // The panel's script takes this as the wish to go there, not only to have it shown.
    document.documentElement.dataset.hbJump = "mark";
    trigger("show", { turn: Number(turn), citation: Number(citation) });
  }
});

// Whoever scrolls while an answer grows is reading; do not pull the page away.
for (const gesture of ["wheel", "touchmove"]) {
  element.addEventListener(gesture, () => (following = false), { passive: true });
}

watch("value", () => {
  const chat = element.querySelector(".hb-chat");
  const all = chat ? chat.querySelectorAll(".hb-turn") : [];
  const isNew = all.length > turns;
  following = following || isNew;
  const isCleared = turns > 0 && !all.length;
  turns = all.length;
  // What is left of the page is shorter, and its end is in view: the library's.
  if (isCleared && window.matchMedia(NARROW).matches) element.scrollIntoView({ block: "start" });
  if (!all.length || !following) return;
  const last = all[all.length - 1];
  if (!window.matchMedia(NARROW).matches) chat.scrollTop = last.offsetTop - 8;
  else if (isNew) last.scrollIntoView({ block: "start" });
});
