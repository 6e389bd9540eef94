// What the page shows, for the server to compare with the library. An error here ends the event before it is sent.
async () => {
  if (document.hidden) throw new Error("nobody is looking");
  // Gradio gives an event that does not reach the server up for lost, and reloads the page as soon as it can: the
  // conversation would be gone. So whether the server is there is tried first.
  const { root, api_prefix } = window.gradio_config;
  const answer = await fetch(`${root}${api_prefix}/app_id`, { signal: AbortSignal.timeout(2000) });
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
  return {
    revision: Number(document.querySelector(".hb-shelf")?.dataset.revision ?? -2),
    article: document.querySelector(".hb-panel")?.dataset.article ?? "",
  };
}
