// Runs in a tab when it connects, with OPTIONS: ids of elements of the page, and a key.
(() => {
  const byId = (id) => document.getElementById(id);
  const whenThere = (id, then, left = 100) => {
    const element = byId(id);
    if (element) then(element);
    else if (left > 0) setTimeout(() => whenThere(id, then, left - 1), 50);
  };
  const previous = window.codesignStudio;
  if (previous) previous.abort();
  const control = new AbortController();
  window.codesignStudio = control;
  // Elements that are for this script alone.
  const hidden = [OPTIONS.start, OPTIONS.restore, OPTIONS.drop, OPTIONS.light, OPTIONS.dark];
  const style = document.createElement("style");
  style.textContent = hidden.map((id) => `div:has(> [id="${id}"]) { display: none; }`).join("");
  document.head.append(style);

  const listen = (target, kind, then) =>
    target.addEventListener(kind, then, { signal: control.signal });

  // The theme of the browser, and its changes.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => whenThere(dark.matches ? OPTIONS.dark : OPTIONS.light, (b) => b.click());
  if (dark.matches) follow();
  listen(dark, "change", follow);

  // A file into the input of an upload button, as if it had been chosen there.
  const upload = (id, file) =>
    whenThere("file_upload_" + id, (input) => {
      const files = new DataTransfer();
      files.items.add(file);
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  listen(window, "dragover", (event) => event.preventDefault());
  listen(window, "drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer ? event.dataTransfer.files : [];
    if (file) upload(OPTIONS.drop, file);
  });

  // The design that this tab had before a reload.
  whenThere(OPTIONS.start, (start) => {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(OPTIONS.key));
    } catch (error) {
      kept = null;
    }
    if (kept) upload(OPTIONS.restore, new File([kept.text], kept.name + ".json"));
    else start.click();
  });
})();
