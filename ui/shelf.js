// The script of the library's list: clicks become events.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  // The panel's script takes this as the wish to go there, not only to have it shown.
  document.documentElement.dataset.hbJump = "top";
  trigger("show", { article: button.dataset.article });
});
