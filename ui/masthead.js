// The page's language is known once the masthead is; a screen reader takes its voice from <html lang>.
const name = () => {
  const page = element.querySelector("[data-page]")?.dataset.page;
  if (page) document.documentElement.lang = page;
};
watch("value", name);
name();
